"""Services in addition to the main one: the keys of an entry, and the service that inherits the rest."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar, cast

from pydantic import ValidationError, ValidationInfo

from infra.settings.faults import Fault, FaultsError, check, unknown_keys
from infra.settings.image import ImageSettings
from infra.settings.model import Model
from infra.settings.names import priority_of, priority_of_paths
from infra.settings.schema import faults_in
from infra.settings.service import ServiceSettings
from infra.settings.traffic import KEYS_OF_AN_EXPOSURE

KEYS_NOT_INHERITED: Final = (
    *("name", "exposure", "command", "entrypoint", "paths", "aliases", "redirect-hosts", "priority"),
    *("listener-port", "listener-protocol"),
    *("schedules", "connect", "discovery"),
)
"""Keys that a service never inherits from the main one."""
_OF_CAPACITY: Final = ("network-mode", "placement-strategies", "placement-constraints", "gpus")
"""Keys that a service with its own capacity does not inherit either."""
KEYS_OF_ENVIRONMENT: Final = ("environment", "environment-files", "public-variables", "secrets")
"""Keys that a service with `inherit-environment: false` does not inherit either."""
_OF_APP_PATH: Final = ("dockerfile", "build-target", "build-args")
"""Keys of the image that a service with its own `app-path` does not inherit."""
_WITHOUT_SHIFTS: Final = {"strategy": "rolling", "two-target-groups": False, "hooks": ()}


def _keys(model: type[Model]) -> list[str]:
    return [str(field.alias) for field in model.model_fields.values() if not field.exclude]


M = TypeVar("M", bound=Model)

SOURCE_KEYS: Final = tuple(key for key in _keys(ImageSettings) if key not in ("image", "image-from"))
"""Keys by which a service builds its own image."""
KEYS_OF_A_SERVICE: Final = (
    *(key for key in _keys(ServiceSettings) if key not in ("name", "log-retention-days")),
    *("inherit-environment", "image", "priority", *SOURCE_KEYS),
)


def inherit(
    model: type[M], base: Model | None, *layers: Mapping[str, Any], without: Collection[str] = ()
) -> tuple[M | None, list[Fault]]:
    """Return a model with the keys that another one sets, or None and its faults.

    Objects are merged name by name, however deep. A name with null is not inherited.

    Args:
        model: type of the new model.
        base: model to inherit from; keys that it does not set have their defaults. None if it is invalid:
            then rules between keys are not checked, because they may fail only for that reason.
        layers: values over it by the keys of a stack file, each over the one before.
        without: keys that are not inherited.
    """
    name = next((layer["name"] for layer in layers if isinstance(layer.get("name"), str)), None)
    if name and isinstance(base, ServiceSettings):
        base = base.model_copy(update=named(base, name))
    values = base.model_dump(by_alias=True, exclude_unset=True) if base else {}
    merged = {key: value for key, value in values.items() if key not in without}
    for layer in layers:
        # At the top null switches a key off.
        merged = {**_merge(merged, layer), **{key: None for key, value in layer.items() if value is None}}
    try:
        return model.model_validate(merged, by_alias=True, by_name=False), []
    except ValidationError as error:
        return None, [fault for fault in faults_in(error, model) if base or not fault.is_rule]


def named(service: ServiceSettings, name: str) -> dict[str, Any]:
    """Return the fields of a service that has another name: sidecars wait for its container by the name."""
    changes: dict[str, Any] = {"name": name}
    if any(service.name in sidecar.depends_on for sidecar in service.sidecars.values()):
        changes["sidecars"] = {
            key: sidecar.model_copy(
                update={
                    "depends_on": {
                        name if other == service.name else other: condition
                        for other, condition in sidecar.depends_on.items()
                    }
                }
            )
            for key, sidecar in service.sidecars.items()
        }
    return changes


def _merge(inherited: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(inherited)
    for key, value in own.items():
        below = merged.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            merged[key] = _merge(cast("dict[str, Any]", below), cast("dict[str, Any]", value))
        else:
            merged[key] = value
    return {key: value for key, value in merged.items() if value is not None}


def own_address(label: str, domain: str | None) -> dict[str, str | None]:
    """Return host and path prefix of a service: a label below the domain, or a path without a domain."""
    return {
        "host": f"{label}.{domain}" if domain else None,
        "path_prefix": None if domain else f"/{label}",
    }


def read_services(value: object, info: ValidationInfo) -> dict[str, ServiceSettings]:
    """Return the services of the key `services` by name, each made from the main one and its entry.

    Raises:
        FaultsError: an entry is invalid.
    """
    if not isinstance(value, dict):
        form = "an object of names, each with an object of keys: {worker: {exposure: none}}"
        raise FaultsError(Fault((), form))
    services: dict[str, ServiceSettings] = {}
    faults: list[Fault] = []
    for name, entry in cast("dict[str, object]", value).items():
        if entry is not None and not isinstance(entry, dict):
            form = "an object with keys of a service, such as {exposure: none}, or {} for the main one's"
            faults.append(Fault((name,), form, entry))
            continue
        service, wrong = _service_of_entry(
            name, cast("dict[str, Any]", entry or {}), info.data.get("main"), info.data.get("image")
        )
        faults += [fault.below(name) for fault in wrong]
        services |= {name: service} if service else {}
    check(faults)
    return services


def _service_of_entry(
    name: str, entry: Mapping[str, Any], main: ServiceSettings | None, image: ImageSettings | None
) -> tuple[ServiceSettings | None, list[Fault]]:
    """Return the service of an entry, or None, and the faults; an invalid main service or image is None."""
    faults = unknown_keys(entry, KEYS_OF_A_SERVICE)
    base = main or ServiceSettings()
    if main and name == main.name:
        faults.append(Fault((), "another name than the main service's", entry))
    own = {key: value for key, value in entry.items() if key in KEYS_OF_A_SERVICE and key not in SOURCE_KEYS}
    service, wrong = inherit(
        ServiceSettings,
        main,
        _defaults(own, base),
        own,
        {"name": name},
        without=_not_inherited(own, base, builds=any(key in entry for key in SOURCE_KEYS)),
    )
    for fault in wrong:
        is_name = fault.path[:1] == ("name",)
        faults.append(
            replace(fault, path=(), allowed=f"the name must be {fault.allowed}") if is_name else fault
        )
    if service is None:
        return None, faults
    source: ImageSettings | None = None
    if built := {key: entry[key] for key in SOURCE_KEYS if key in entry}:
        without = ("image", *(_OF_APP_PATH if "app-path" in built else ()))
        source, wrong = inherit(ImageSettings, image, built, without=without)
        faults += wrong
    faults += _rules(entry, service, base)
    changes = {**_address(service, base, entry.get("priority")), "source": source}
    return service.model_copy(update={**changes, "image_of": name if source else None}), faults


def _defaults(own: Mapping[str, Any], main: ServiceSettings) -> dict[str, Any]:
    """Return what replaces the main service's values where they do not suit an entry."""
    defaults: dict[str, Any] = {}
    exposure = own.get("exposure", "http")
    if exposure != "http":
        defaults = {"rollout": _WITHOUT_SHIFTS, "autoscaling": {"requests-per-target": 0}}
    if exposure == "none":
        # The default command requests the app's port.
        defaults["health-check-command"] = ()
    removed = [name for name in main.depends_on if name in _removed_sidecars(own)]
    return {**defaults, **({"depends-on": dict.fromkeys(removed)} if removed else {})}


def _not_inherited(own: Mapping[str, Any], main: ServiceSettings, *, builds: bool) -> list[str]:
    exposure = own.get("exposure", "http")
    keys = [*KEYS_NOT_INHERITED]
    keys += [key for other, own_keys in KEYS_OF_AN_EXPOSURE.items() if other != exposure for key in own_keys]
    if "capacity-provider-strategy" in own:
        keys += _OF_CAPACITY
    if own.get("inherit-environment") is False:
        keys += KEYS_OF_ENVIRONMENT
    if main.ingress_container in _removed_sidecars(own):
        keys.append("ingress-container")
    if builds or "image" in own:
        # A migration belongs to the main service's image.
        keys.append("migration")
    return keys


def _removed_sidecars(own: Mapping[str, Any]) -> list[str]:
    sidecars = own.get("sidecars")
    if not isinstance(sidecars, dict):
        return []
    return [name for name, sidecar in cast("dict[str, Any]", sidecars).items() if sidecar is None]


def _rules(entry: Mapping[str, Any], service: ServiceSettings, main: ServiceSettings) -> Iterator[Fault]:
    built = [key for key in SOURCE_KEYS if key in entry]
    if "image" in entry and built:
        keys = ", ".join(f"`{key}`" for key in built)
        yield Fault(("image",), f"one of `image` and what is built ({keys}), not both", entry["image"])
    if "priority" in entry and service.exposure != "http":
        none = "none, or `exposure: http`: it orders the rules of the application load balancer"
        yield Fault(("priority",), none, entry["priority"])
    if service.architecture != main.architecture and "image" not in entry and not built:
        yield Fault(
            ("architecture",),
            f"{main.architecture}, as the main service has it, or an image of its own (`app-path`, "
            "`dockerfile` or `image`): the main service's image is built for one processor",
            service.architecture,
        )


def _address(service: ServiceSettings, main: ServiceSettings, priority: int | None) -> dict[str, Any]:
    """Return host, path prefix and priority: by its paths at the main service's host, or its own."""
    if service.exposure == "none":
        return {"host": None, "path_prefix": None}
    if service.paths:
        by_name = priority_of_paths(service.name, service.paths, before=main.priority)
        # The paths are the service's under every name of the main one.
        aliases = tuple(dict.fromkeys((*main.aliases, *service.aliases)))
        return {"host": main.host, "aliases": aliases, "priority": priority or by_name}
    address: dict[str, Any] = own_address(service.name, main.host)
    if service.exposure == "tcp":
        address["path_prefix"] = None
    return {**address, "priority": priority or priority_of(f"{main.priority_prefix}{service.name}")}
