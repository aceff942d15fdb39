"""Copies of services: the keys of an entry, and the services that follow from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final, cast

from pydantic import Field, ValidationError, ValidationInfo, field_validator

from infra.settings.calls import of_copy
from infra.settings.faults import Found, found_in, stranger
from infra.settings.inheritance import laid_over
from infra.settings.model import ONCE, Fault, FaultsError, Word, check, repeated
from infra.settings.names import (
    FREE_PRIORITIES,
    LAST_PRIORITY,
    LONGEST_SERVICE_NAME,
    PRIORITIES_BY_HAND,
    PRIORITIES_OF_ATTACHED,
    DnsLabel,
    copy_service_name,
    priority_of,
    priority_of_paths,
)
from infra.settings.service import ServiceSettings

KEYS_OF_A_COPY: Final = (
    *("name", "image", "desired-count", "cpu", "memory", "environment", "execute-command", "rollout"),
    *("autoscaling", "schedules", "priority", "services"),
)
# Copies are for trying things: a second target group for each would halve how many there can be, and what a
# clock starts in the original need not run twice. Names lead to the original.
_ROLLING: Final = {"rollout": {"strategy": "rolling", "two-target-groups": False, "hooks": ()}}
_NOT_COPIED: Final = ("name", "schedules", "aliases", "redirect-hosts")
_KEY: Final = "multidev"
_FORM: Final = f"a name, or an object with {', '.join(KEYS_OF_A_COPY)}"
_BY_HAND: Final = f"{PRIORITIES_BY_HAND[0]} to {PRIORITIES_BY_HAND[-1]}"
# 100 rules (the default ones not counted) and 100 target groups; each service has one of both, or two.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
_MOST_TARGET_GROUPS: Final = 100


class Copy(ServiceSettings):
    """A service with what a copy says laid over it."""

    name: DnsLabel  # pyright: ignore[reportGeneralTypeIssues] - a copy has no other name than its own
    services: Annotated[tuple[Word, ...], ONCE] = Field(default=(), exclude=True)
    """Names of other services that are copied, too; those that are not named are shared with the original."""

    @field_validator("priority")
    @classmethod
    def _leaves_those_of_attached_stacks(cls, priority: int) -> int:
        if priority in PRIORITIES_OF_ATTACHED:
            raise FaultsError(Fault(FREE_PRIORITIES))
        return priority


def read_copies(value: object, info: ValidationInfo) -> tuple[ServiceSettings, ...]:
    """Return the copies; each follows from the main service and its own entry, and from nothing else.

    Raises:
        FaultsError: names all that is wrong with them.
    """
    if not isinstance(value, tuple):
        raise FaultsError(Fault(f"a list, each item {_FORM}"))
    main: ServiceSettings | None = info.data.get("main")
    others: tuple[ServiceSettings, ...] = tuple(info.data.get("more_services", {}).values())
    copies: list[ServiceSettings] = []
    faults: list[Found] = []
    names: list[object] = []
    for index, item in enumerate(cast("tuple[object, ...]", value)):
        entry = {"name": item} if isinstance(item, str) else item
        if isinstance(entry, dict):
            name = cast("dict[str, object]", entry).get("name")
            if name in names and isinstance(name, str):
                once = f"each name once; it is {_KEY}[{names.index(name)}] already"
                faults.append(Found((index, "name"), once, name))
            names.append(name)
            made, wrong = _read(cast("dict[str, Any]", entry), main, others)
            faults += [replace(one, path=(index, *one.path)) for one in wrong]
            copies += made
        else:
            names.append(None)
            faults.append(Found((index,), _FORM, item))
    if main is not None and not faults:
        faults = [*_same_names([main, *others, *copies]), *_meetings([*others, *copies])]
        faults += _too_many([main, *others, *copies])
    check(Fault(one.allowed, one.path, one.value) for one in faults)
    return tuple(copies)


def placed(service: ServiceSettings, main: ServiceSettings, name: str, priority: int) -> ServiceSettings:
    """Return a service under its name at a host or a path of its own, beside the main one's."""
    return service.model_copy(
        update={
            "name": copy_service_name(main.name, name),
            "copy_name": name,
            "host": f"{name}.{main.host}" if main.host else None,
            "path_prefix": None if main.host else f"/{name}",
            "priority": priority,
            "priority_prefix": main.priority_prefix,
            **of_copy(service, name),
        }
    )


def _read(
    entry: Mapping[str, Any], main: ServiceSettings | None, others: Sequence[ServiceSettings]
) -> tuple[list[ServiceSettings], list[Found]]:
    """Return a copy of the main service and those of the others that it names, or what is wrong with it."""
    known = {key: value for key, value in entry.items() if key in KEYS_OF_A_COPY}
    faults = [stranger((key,), entry[key], KEYS_OF_A_COPY, listed=True) for key in entry if key not in known]
    base = main or ServiceSettings()
    try:
        copy = Copy.model_validate(
            laid_over(base, _ROLLING, known, without=_NOT_COPIED), by_alias=True, by_name=False
        )
    except ValidationError as error:
        found = [one for one in found_in(error, Copy) if main or not one.is_rule]
        return [], [
            *faults,
            *(one if one.path[0] in KEYS_OF_A_COPY else _unsaid(one, entry) for one in found),
        ]
    own = entry.get("priority")
    faults += _faults_of_name(copy, main) if main else []
    by_name = priority_of(f"{base.priority_prefix}{copy.name}")
    here = placed(copy, base, copy.name, by_name if own is None else own)
    named = {one.name: one for one in others}
    made: list[ServiceSettings] = [here]
    for index, name in enumerate(copy.services):
        if name in named:
            made.append(other := _copy_of(named[name], copy, here))
            if len(other.name) > LONGEST_SERVICE_NAME:
                most = f"a shorter `name`: {other.name} may have {LONGEST_SERVICE_NAME} characters"
                faults.append(Found(("services", index), most, name))
        elif main:
            there = f"one of {', '.join(named)}" if named else "none: the stack has no `services`"
            faults.append(Found(("services", index), there, name))
    return made, faults


def _copy_of(service: ServiceSettings, copy: Copy, here: ServiceSettings) -> ServiceSettings:
    """Return a copy's own one of another service than the main one.

    Args:
        service: the other one.
        copy: what the entry says.
        here: the copy of the main service, at its address.
    """
    said: dict[str, Any] = {"environment": copy.model_dump(include={"environment"})["environment"]}
    made = ServiceSettings.model_validate(
        laid_over(service, _ROLLING, said, without=_NOT_COPIED), by_alias=True, by_name=False
    )
    own_name = copy_service_name(service.name, copy.name)
    place: dict[str, Any] = {"host": None, "path_prefix": None}
    if service.paths:
        before = priority_of_paths(own_name, service.paths, before=here.priority)
        place = {"host": here.host, "path_prefix": here.path_prefix, "priority": before}
    elif service.exposure == "http":
        domain = str(here.host).partition(".")[2]
        place["priority"] = priority_of(f"{here.priority_prefix}{own_name}")
        if here.host:
            place["host"] = f"{own_name}.{domain}"
        else:
            place["path_prefix"] = f"/{own_name}"
    kept = {field: getattr(service, field) for field in ("image", "source", "image_of")}
    kept |= {"name": own_name, "copy_name": copy.name}
    return made.model_copy(update={**kept, **place, **of_copy(made, copy.name)})


def _unsaid(found: Found, entry: Mapping[str, Any]) -> Found:
    """Return a fault that a copy has with what it cannot say itself."""
    return Found((), f"`{found.key}` is {found.value} here and has to be {found.allowed}", dict(entry))


def _faults_of_name(copy: ServiceSettings, main: ServiceSettings) -> list[Found]:
    group = copy_service_name(main.name, copy.name) + ("-green" if copy.rollout.has_two_target_groups else "")
    longest = LONGEST_SERVICE_NAME - (len(group) - len(copy.name))
    faults: list[str] = []
    if len(copy.name) > longest:
        faults.append(
            f"at most {longest} characters: the target group {group} has {len(group)}, and of its 32 "
            "Pulumi's random end takes 8"
        )
    if copy.name == main.name:
        faults.append("another name than the main service's")
    return [Found(("name",), allowed, copy.name) for allowed in faults]


def _same_names(services: Sequence[ServiceSettings]) -> Iterator[Found]:
    for fault in repeated(service.name for service in services):
        yield Found(
            (), f"names that no other service has: there would be two called {fault.value}", fault.value
        )


def _meetings(copies: Sequence[ServiceSettings]) -> Iterator[Found]:
    names: dict[int, list[str]] = defaultdict(list, {LAST_PRIORITY: ["the main service"]})
    for copy in copies:
        if copy.exposure == "http":
            names[copy.priority].append(copy.name)
    for priority, meeting in names.items():
        if len(meeting) > 1:
            yield Found(
                (),
                f"{' and '.join(meeting)} meet at the listener rule priority {priority}, which only one can "
                f"have; `priority` overrides what follows from a name, and no name leads to {_BY_HAND}",
                meeting,
            )


def _too_many(services: Sequence[ServiceSettings]) -> Iterator[Found]:
    count = sum(
        2 if service.rollout.has_two_target_groups else 1
        for service in services
        if service.exposure == "http"
    )
    if count > _MOST_TARGET_GROUPS:
        yield Found(
            (),
            f"fewer, or more of them rolling: the services have {count} rules and target groups (two of both "
            f"for each that is not rolling), and one load balancer carries {_MOST_TARGET_GROUPS}",
            f"{len(services) - 1} names",
        )
