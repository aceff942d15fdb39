"""The output `attachment` of a base stack, and the checks of a stack that attaches to it."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final, cast

import pulumi

from infra.network.discovery import Namespaces
from infra.service.platform import Attachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.image.app_image import AppImage
    from infra.service.platform import Platform
    from infra.settings import Settings

OUTPUT: Final = "attachment"
# Keys of the output in addition to the fields of Attachable.
_CACHE_URL: Final = "cache_url"
_INGRESS_PORT: Final = "ingress_port"
_NAMESPACE: Final = "namespace_"
_PEER_PORTS: Final = "peer_ports"
_DYNAMIC_PEER_PORTS: Final = "dynamic_peer_ports"
_CAPACITY: Final = "capacity"
_DYNAMIC_PORTS: Final = "dynamic_ports"
_DEFAULTS: Final[Mapping[str, Any]] = {"idle_timeout_seconds": 60, "https": True}
"""Values of keys that are missing in outputs of older versions of this program."""


def attachment_output(settings: Settings, platform: Platform, image: AppImage) -> pulumi.Output[Any]:
    """Return the output that a stack reads to attach to this one."""
    output: dict[str, Any] = {
        **_equal_settings(settings),
        **platform.attachable(),
        _CACHE_URL: image.cache_url,
    }
    ingress_port = settings.main.ingress[1]
    if ingress_port != settings.main.container_port:
        output[_INGRESS_PORT] = ingress_port
    namespaces = {
        f"{_NAMESPACE}{field.name}": value
        for field in fields(platform.namespaces)
        if (value := getattr(platform.namespaces, field.name)) is not None
    }
    if namespaces:
        output |= namespaces
        output[_PEER_PORTS] = list(settings.peer_ports)
        output[_DYNAMIC_PEER_PORTS] = settings.has_dynamic_peer_ports
    if settings.cluster.capacity:
        output[_DYNAMIC_PORTS] = settings.has_dynamic_ports
        output[_CAPACITY] = {
            name: {"type": capacity.type, "architecture": capacity.architecture}
            for name, capacity in settings.cluster.capacity.items()
        }
        for name, provider in platform.provider_names.items():
            output[_CAPACITY][name]["provider"] = provider
    return pulumi.Output.from_input(output)


class BaseStack:
    """The stack that another one attaches to, read from its outputs."""

    def __init__(self, name: str, settings: Settings, *, stack_prefix: str, parent: pulumi.Resource) -> None:
        """Read the output `attachment` of a stack.

        Args:
            name: of the base stack, with or without organization and project.
            settings: of the stack that attaches.
            stack_prefix: `<organization>/<project>`, for a name without them.
            parent: the component that reads the output.
        """
        reference = pulumi.StackReference(
            "base",
            stack_name=name if "/" in name else f"{stack_prefix}/{name}",
            opts=pulumi.ResourceOptions(parent=parent),
        )
        self._attachment: pulumi.Output[Mapping[str, Any]] = reference.get_output(OUTPUT).apply(
            lambda output: _checked(output, settings, name)
        )
        self._settings = settings

    def attachable(self) -> dict[str, Any]:
        """Return the values that both stacks share, by the fields of :class:`Attachable`."""
        shared: dict[str, Any] = {field.name: self._get(field.name) for field in fields(Attachable)}
        return shared if self._settings.load_balancer.domain is not None else {**shared, "zone_id": None}

    def namespaces(self) -> Namespaces:
        """Return the namespaces in which the services of both stacks find each other."""
        settings = self._settings
        return Namespaces(
            connect_arn=self._get(f"{_NAMESPACE}connect_arn") if settings.connects else None,
            dns_id=self._get(f"{_NAMESPACE}dns_id") if settings.has_names else None,
            dns_name=self._get(f"{_NAMESPACE}dns_name") if settings.has_names else None,
        )

    def provider_names(self) -> dict[str, pulumi.Output[str]]:
        """Return the base stack's capacity providers, by the names in the settings."""
        return {
            name: self._get(_CAPACITY).apply(lambda capacity, name=name: capacity[name]["provider"])
            for name, capacity in self._settings.cluster.capacity.items()
            if capacity.type != "external"
        }

    def cache_url(self) -> pulumi.Output[str | None]:
        """Return the base stack's build cache; None if it builds no image."""
        return self._attachment.apply(lambda attachment: attachment.get(_CACHE_URL))

    def _get(self, key: str) -> pulumi.Output[Any]:
        return self._attachment.apply(lambda attachment: attachment[key])


def _equal_settings(settings: Settings) -> dict[str, object]:
    """Return the settings that must be equal in both stacks, by their keys in the output."""
    return {
        "region": settings.provider.region,
        "container_port": settings.main.container_port,
        "domain": settings.load_balancer.domain,
    }


def _checked(output: object, settings: Settings, base: str) -> Mapping[str, Any]:
    """Return the attachment of a base stack, if a stack with these settings can attach to it.

    Raises:
        pulumi.RunError: lists why it cannot.
    """
    if not isinstance(output, dict):
        raise pulumi.RunError(
            f"attach-to = {base}: that stack has no output `{OUTPUT}`; it is not up yet, was deployed by an "
            "older version of this program, or attaches to another stack itself: run `pulumi up` there first"
        )
    attachment = cast("dict[str, Any]", output)
    if errors := [*_conflicts(attachment, settings, base)]:
        lines = "".join(f"\n  - {error}" for error in errors)
        raise pulumi.RunError(f"This stack cannot attach to {base}:{lines}")
    return {**_DEFAULTS, **attachment}


def _conflicts(attachment: Mapping[str, Any], settings: Settings, base: str) -> Iterator[str]:
    """Yield the settings that do not fit the base stack, with the values that would."""
    all_equal = True
    for name, value in _equal_settings(settings).items():
        base_value = attachment.get(name)
        if value != base_value:
            all_equal = False
            key = "aws:region" if name == "region" else name.replace("_", "-")
            shown = f"{base_value:g}" if isinstance(base_value, float) else base_value or "none"
            yield f"{key} = {value}: {shown}, as {base} has it"
    port = settings.main.ingress[1]
    base_port = attachment.get(_INGRESS_PORT, attachment.get("container_port"))
    if all_equal and port != base_port:
        yield (
            f"ingress-container = {settings.main.ingress_container or 'none'}: one that accepts requests on "
            f"port {base_port:g}, by which the load balancer of {base} reaches tasks, not on {port}"
        )
    if settings.load_balancer.domain is not None and attachment.get("zone_id") is None:
        yield f"domain = {settings.load_balancer.domain}: a stack whose base makes DNS records"
    yield from _namespace_conflicts(attachment, settings, base)
    yield from _capacity_conflicts(attachment, settings, base)


def _namespace_conflicts(attachment: Mapping[str, Any], settings: Settings, base: str) -> Iterator[str]:
    for key, is_used, output in (
        ("connect", settings.connects, f"{_NAMESPACE}connect_arn"),
        ("discovery", settings.has_names, f"{_NAMESPACE}dns_id"),
    ):
        if is_used and output not in attachment:
            yield f"{key}.enabled = true: false, for no service of {base} has `{key}`, and so no namespace"
    for port in settings.peer_ports:
        if port not in attachment.get(_PEER_PORTS, [port]):
            yield f"container-port = {port}: one by which services of {base} reach each other"
    if settings.has_dynamic_peer_ports and not attachment.get(_DYNAMIC_PEER_PORTS, True):
        yield f"network-mode = bridge: awsvpc, as services of {base} have that reach each other"


def _capacity_conflicts(attachment: Mapping[str, Any], settings: Settings, base: str) -> Iterator[str]:
    base_capacity: Mapping[str, Mapping[str, str]] = attachment.get(_CAPACITY, {})
    for name, capacity in settings.cluster.capacity.items():
        if name not in base_capacity:
            yield f"capacity.{name} = {capacity.type}: none, for {base} has no such capacity"
            continue
        for key, value in (("type", capacity.type), ("architecture", capacity.architecture)):
            if value != base_capacity[name][key]:
                yield f"capacity.{name}.{key} = {value}: {base_capacity[name][key]}, as {base} has it"
    if settings.has_dynamic_ports and not attachment.get(_DYNAMIC_PORTS):
        yield f"network-mode = bridge: another one, for {base} opens no dynamic ports"
