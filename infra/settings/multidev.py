"""Copies of services: the keys of an entry, and the services that it creates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, cast

from pydantic import Field, ValidationInfo

from infra.settings.faults import Fault, FaultsError, check, unknown_keys
from infra.settings.model import ONCE, Word
from infra.settings.names import (
    LONGEST_SERVICE_NAME,
    DnsLabel,
    copy_service_name,
    priority_of,
    priority_of_paths,
)
from infra.settings.service import ServiceSettings
from infra.settings.services import inherit, named, own_address

KEYS_OF_A_COPY: Final = (
    *("name", "image", "desired-count", "cpu", "memory", "environment", "execute-command", "rollout"),
    *("autoscaling", "schedules", "priority", "services"),
)
# Copies are for trying things: a second target group for each would halve how many there can be.
_ROLLING: Final = {"rollout": {"strategy": "rolling", "two-target-groups": False, "hooks": ()}}
# Host names and scheduled tasks are the original's alone.
_NOT_COPIED: Final = ("name", "schedules", "aliases", "redirect-hosts")
_FORM: Final = f"a name, or an object with {', '.join(KEYS_OF_A_COPY)}"


class Copy(ServiceSettings):
    """The main service with a copy's keys over its own."""

    name: DnsLabel  # pyright: ignore[reportGeneralTypeIssues] - a copy does not inherit it
    services: Annotated[tuple[Word, ...], ONCE] = Field(default=(), exclude=True)
    """Names of other services that are copied, too; those that are not named are shared with the original."""


def read_copies(value: object, info: ValidationInfo) -> tuple[ServiceSettings, ...]:
    """Return the copies, each made from the main service and its own entry alone.

    Raises:
        FaultsError: an entry is invalid.
    """
    if not isinstance(value, tuple):
        raise FaultsError(Fault((), f"a list, each item {_FORM}"))
    main: ServiceSettings | None = info.data.get("main")
    others: tuple[ServiceSettings, ...] = tuple(info.data.get("more_services", {}).values())
    copies: list[ServiceSettings] = []
    faults: list[Fault] = []
    names: list[object] = []
    for index, item in enumerate(cast("tuple[object, ...]", value)):
        entry = {"name": item} if isinstance(item, str) else item
        if not isinstance(entry, dict):
            names.append(None)
            faults.append(Fault((index,), _FORM, item))
            continue
        entry = cast("dict[str, Any]", entry)
        name = entry.get("name")
        if name in names and isinstance(name, str):
            once = f"each name once; it is multidev[{names.index(name)}] already"
            faults.append(Fault((index, "name"), once, name))
        names.append(name)
        services, wrong = _copies_of_entry(entry, main, others)
        faults += [fault.below(index) for fault in wrong]
        copies += services
    check(faults)
    return tuple(copies)


def at_copy_address(
    service: ServiceSettings, main: ServiceSettings, name: str, priority: int
) -> ServiceSettings:
    """Return a copy of the main service, or that of an attached stack, under its name and address."""
    return service.model_copy(
        update={
            **own_address(name, main.host),
            **named(service, copy_service_name(main.name, name)),
            "copy_name": name,
            "priority": priority,
            "priority_prefix": main.priority_prefix,
            **_names_of_copy(service, name),
        }
    )


def _copies_of_entry(
    entry: Mapping[str, Any], main: ServiceSettings | None, others: Sequence[ServiceSettings]
) -> tuple[list[ServiceSettings], list[Fault]]:
    """Return a copy of the main service and of the others that the entry names, and the faults."""
    known = {key: value for key, value in entry.items() if key in KEYS_OF_A_COPY}
    faults = unknown_keys(entry, KEYS_OF_A_COPY)
    base = main or ServiceSettings()
    copy, wrong = inherit(Copy, main, _ROLLING, known, without=_NOT_COPIED)
    faults += [_of_entry(fault, entry) for fault in wrong]
    if copy is None:
        return [], faults
    faults += _faults_of_name(copy, main) if main else []
    priority = entry.get("priority") or priority_of(f"{base.priority_prefix}{copy.name}")
    services = [main_copy := at_copy_address(copy, base, copy.name, priority)]
    by_name = {service.name: service for service in others}
    for index, name in enumerate(copy.services):
        if name in by_name:
            other, wrong = _copy_of(by_name[name], main_copy, entry.get("environment") or {})
            services += [other] if other else []
            faults += [_of_entry(fault, entry) for fault in wrong]
            if other and len(other.name) > LONGEST_SERVICE_NAME:
                most = f"a shorter `name`: {other.name} may have {LONGEST_SERVICE_NAME} characters"
                faults.append(Fault(("services", index), most, name))
        elif main:
            known_names = f"one of {', '.join(by_name)}" if by_name else "none: the stack has no `services`"
            faults.append(Fault(("services", index), known_names, name))
    return services, faults


def _copy_of(
    service: ServiceSettings, main_copy: ServiceSettings, environment: Mapping[str, Any]
) -> tuple[ServiceSettings | None, list[Fault]]:
    """Return a copy of a service of `services` that belongs to a copy of the main one, or its faults."""
    layer = {"environment": environment, "name": service.name}
    made, faults = inherit(ServiceSettings, service, _ROLLING, layer, without=_NOT_COPIED)
    if made is None:
        return None, faults
    copy_name = str(main_copy.copy_name)
    name = copy_service_name(service.name, copy_name)
    address: dict[str, Any] = {"host": None, "path_prefix": None}
    if service.paths:
        before = priority_of_paths(name, service.paths, before=main_copy.priority)
        address = {"host": main_copy.host, "path_prefix": main_copy.path_prefix, "priority": before}
    elif service.exposure == "http":
        domain = main_copy.host and main_copy.host.partition(".")[2]
        address = own_address(name, domain) | {"priority": priority_of(f"{main_copy.priority_prefix}{name}")}
    kept = {field: getattr(service, field) for field in ("image", "source", "image_of")}
    own = {**kept, **address, **named(made, name), "copy_name": copy_name}
    return made.model_copy(update={**own, **_names_of_copy(made, copy_name)}), []


def _names_of_copy(service: ServiceSettings, copy: str) -> dict[str, Any]:
    """Return Service Connect and discovery under the copy's names."""
    changes: dict[str, Any] = {}
    if alias := service.connect.alias:
        label, dot, rest = alias.partition(".")
        changes["connect"] = service.connect.model_copy(update={"alias": f"{label}-{copy}{dot}{rest}"})
    if name := service.discovery.name:
        changes["discovery"] = service.discovery.model_copy(update={"name": f"{name}-{copy}"})
    return changes


def _of_entry(fault: Fault, entry: Mapping[str, Any]) -> Fault:
    """Return a fault at the entry itself if it is about an inherited key."""
    if fault.path[0] in KEYS_OF_A_COPY:
        return fault
    inherited = f"`{fault.key}` is {fault.value} here and has to be {fault.allowed}"
    return Fault((), inherited, dict(entry))


def _faults_of_name(copy: ServiceSettings, main: ServiceSettings) -> Iterator[Fault]:
    group = copy_service_name(main.name, copy.name) + ("-green" if copy.rollout.has_two_target_groups else "")
    longest = LONGEST_SERVICE_NAME - (len(group) - len(copy.name))
    if len(copy.name) > longest:
        reason = f"the target group {group} has {len(group)}, and 8 of its 32 are Pulumi's random suffix"
        yield Fault(("name",), f"at most {longest} characters: {reason}", copy.name)
    if copy.name == main.name:
        yield Fault(("name",), "another name than the main service's", copy.name)
