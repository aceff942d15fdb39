"""The output `attachment`, which attached stacks read, and the checks that they fit the base."""

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
_CACHE_URL: Final = "cache_url"
_INGRESS_PORT: Final = "ingress_port"
_NAMESPACE: Final = "namespace_"
_PEER_PORTS: Final = "peer_ports"
_DYNAMIC_PEER_PORTS: Final = "dynamic_peer_ports"
_CAPACITY: Final = "capacity"
_DYNAMIC_PORTS: Final = "dynamic_ports"


def attachment_of(settings: Settings, base: Platform, image: AppImage) -> pulumi.Output[Any]:
    """Return what a stack needs that attaches to this one."""
    return pulumi.Output.from_input(
        {
            **_shared(settings),
            **_of_a_sidecar(settings),
            **base.attachable(),
            **_between_services(settings, base.namespaces),
            **_beside_fargate(settings, base),
            _CACHE_URL: image.cache_url,
        }
    )


def _of_a_sidecar(settings: Settings) -> dict[str, object]:
    """Return the port on which a sidecar takes the requests, if one does."""
    port = settings.main.ingress[1]
    return {} if port == settings.main.container_port else {_INGRESS_PORT: port}


def _between_services(settings: Settings, namespaces: Namespaces) -> dict[str, object]:
    """Return where services find each other, if any do."""
    every = {f"{_NAMESPACE}{field.name}": getattr(namespaces, field.name) for field in fields(namespaces)}
    own = {key: value for key, value in every.items() if value is not None}
    ports = {
        _PEER_PORTS: list(settings.peer_ports),
        _DYNAMIC_PEER_PORTS: settings.has_dynamic_peer_ports,
    }
    return {**own, **ports} if own else {}


def _beside_fargate(settings: Settings, base: Platform) -> dict[str, object]:
    """Return the capacity beside Fargate, if there is any."""
    if not settings.cluster.capacity:
        return {}
    capacity = {
        name: {
            "type": one.type,
            "architecture": one.architecture,
            # Machines outside AWS have none.
            **({"provider": base.provider_names[name]} if name in base.provider_names else {}),
        }
        for name, one in settings.cluster.capacity.items()
    }
    return {_CAPACITY: capacity, _DYNAMIC_PORTS: settings.has_dynamic_ports}


class Base:
    """What another stack says of itself."""

    def __init__(self, name: str, settings: Settings, *, stack_prefix: str, parent: pulumi.Resource) -> None:
        """Read the output of a stack.

        Args:
            name: of the stack, alone or in full.
            settings: those of the stack that attaches.
            stack_prefix: `<organization>/<project>` of a stack that is named alone.
            parent: the component that reads it.
        """
        reference = pulumi.StackReference(
            "base",
            stack_name=name if "/" in name else f"{stack_prefix}/{name}",
            opts=pulumi.ResourceOptions(parent=parent),
        )
        self._said: pulumi.Output[Mapping[str, Any]] = reference.get_output(OUTPUT).apply(
            lambda found: _checked(found, settings, name)
        )
        self._settings = settings
        self._has_zone = settings.load_balancer.domain is not None

    def attachable(self) -> dict[str, Any]:
        """Return what the two stacks share, by the names of :class:`Attachable`."""
        shared = {field.name: self._of(field.name) for field in fields(Attachable)}
        return shared if self._has_zone else {**shared, "zone_id": None}

    def namespaces(self) -> Namespaces:
        """Return where the services of both stacks find each other."""
        settings = self._settings
        return Namespaces(
            connect_arn=self._of(f"{_NAMESPACE}connect_arn") if settings.connects else None,
            dns_id=self._of(f"{_NAMESPACE}dns_id") if settings.has_names else None,
            dns_name=self._of(f"{_NAMESPACE}dns_name") if settings.has_names else None,
        )

    def provider_names(self) -> dict[str, pulumi.Output[str]]:
        """Return how ECS calls the other stack's capacity providers, of those that this one may use."""
        return {
            name: self._of(_CAPACITY).apply(lambda capacity, name=name: capacity[name]["provider"])
            for name, one in self._settings.cluster.capacity.items()
            if one.type != "external"
        }

    def cache_url(self) -> pulumi.Output[str | None]:
        """Return where the other stack keeps its build cache; None if it builds nothing."""
        return self._said.apply(lambda said: said.get(_CACHE_URL))

    def _of(self, key: str) -> pulumi.Output[Any]:
        return self._said.apply(lambda said: said[key])


def _shared(settings: Settings) -> dict[str, object]:
    """Return what both stacks have to say alike, by the names of the output."""
    return {
        "region": settings.provider.region,
        "container_port": settings.main.container_port,
        "domain": settings.load_balancer.domain,
    }


def _checked(found: object, settings: Settings, base: str) -> Mapping[str, Any]:
    """Return what a base says, if a stack can attach to it.

    Raises:
        pulumi.RunError: it cannot, and why.
    """
    if not isinstance(found, dict):
        raise pulumi.RunError(
            f"attach-to = {base}: that stack has no output `{OUTPUT}`; it is not up yet, was deployed by an "
            "older version of this program, or attaches to another stack itself: run `pulumi up` there first"
        )
    said = cast("dict[str, Any]", found)
    faults: list[str] = []
    for name, own in _shared(settings).items():
        theirs = said.get(name)
        if own != theirs:
            key = "aws:region" if name == "region" else name.replace("_", "-")
            shown = f"{theirs:g}" if isinstance(theirs, float) else theirs or "none"
            faults.append(f"{key} = {own}: {shown}, as {base} has it")
    own_port, their_port = settings.main.ingress[1], said.get(_INGRESS_PORT, said.get("container_port"))
    if not faults and own_port != their_port:
        faults.append(
            f"ingress-container = {settings.main.ingress_container or 'none'}: one that takes the requests "
            f"on port {their_port:g}, by which the load balancer of {base} reaches tasks, not on {own_port}"
        )
    if settings.load_balancer.domain is not None and said.get("zone_id") is None:
        faults.append(f"domain = {settings.load_balancer.domain}: a stack whose base makes DNS records")
    faults += _without_namespaces(said, settings, base)
    faults += _without_capacity(said, settings, base)
    if faults:
        lines = "".join(f"\n  - {fault}" for fault in faults)
        raise pulumi.RunError(f"This stack cannot attach to {base}:{lines}")
    return said


def _without_namespaces(said: Mapping[str, Any], settings: Settings, base: str) -> Iterator[str]:
    """Yield what an attached stack's services want of each other that the base does not have."""
    wanted = {"connect": (settings.connects, "connect_arn"), "discovery": (settings.has_names, "dns_id")}
    for key, (wants, has) in wanted.items():
        if wants and f"{_NAMESPACE}{has}" not in said:
            yield f"{key}.enabled = true: false, for no service of {base} has `{key}`, and so no namespace"
    for port in settings.peer_ports:
        if port not in said.get(_PEER_PORTS, [port]):
            yield f"container-port = {port}: one by which services of {base} reach each other"
    if settings.has_dynamic_peer_ports and not said.get(_DYNAMIC_PEER_PORTS, True):
        yield f"network-mode = bridge: awsvpc, as services of {base} have that reach each other"


def _without_capacity(said: Mapping[str, Any], settings: Settings, base: str) -> Iterator[str]:
    """Yield what an attached stack says of capacity that the base does not have, or has otherwise."""
    theirs: Mapping[str, Mapping[str, str]] = said.get(_CAPACITY, {})
    for name, own in settings.cluster.capacity.items():
        if name not in theirs:
            yield f"capacity.{name} = {own.type}: none, for {base} has no such capacity"
            continue
        for key, value in (("type", own.type), ("architecture", own.architecture)):
            if value != theirs[name][key]:
                yield f"capacity.{name}.{key} = {value}: {theirs[name][key]}, as {base} has it"
    if settings.has_dynamic_ports and not said.get(_DYNAMIC_PORTS):
        yield f"network-mode = bridge: another one, for {base} lets no such ports through"
