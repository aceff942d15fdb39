"""Rules for the copies of the main service."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from infra.config.autoscaling import check_count, read_copys_autoscaling
from infra.config.fargate import CPUS
from infra.config.image import IMAGE_REFERENCE, IMAGE_REFERENCE_FORM
from infra.config.names import (
    DNS_LABEL,
    DNS_LABEL_FORM,
    LAST_PRIORITY,
    LONGEST_SERVICE_NAME,
    PRIORITIES_BY_HAND,
    PRIORITIES_OF_ATTACHED,
    copy_service_name,
    priority_of,
)
from infra.config.rollout import read_copys_rollout
from infra.config.service import check_shared_names, check_size, read_environment

if TYPE_CHECKING:
    from infra.config.record import Record
    from infra.settings import ServiceSettings

_KEY: Final = "multidev"
_FIELDS: Final = (
    "name",
    "image",
    "desired-count",
    "cpu",
    "memory",
    "environment",
    "execute-command",
    "rollout",
    "autoscaling",
    "priority",
)
_FORM: Final = f"a name, or an object with {', '.join(_FIELDS)}"

# 100 rules (the default ones not counted) and 100 target groups; each service has one of both, or two.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
_MOST_TARGET_GROUPS: Final = 100
_GREEN: Final = "-green"


def read_multidev(config: Record, main: ServiceSettings) -> tuple[ServiceSettings, ...]:
    """Read the copies; each one follows from the main service and its own entry, and from nothing else."""
    items = config.items(_KEY, allowed=f"a list, each item {_FORM}")
    copies: list[ServiceSettings] = []
    seen: dict[str, int] = {}
    priorities: dict[int, list[str]] = defaultdict(list)
    for index, item in enumerate(items):
        value: object = {"name": item} if isinstance(item, str) else item
        entry = config.record_at(f"{_KEY}[{index}]", value, _FIELDS, allowed=_FORM)
        if entry is None:
            continue
        name = _read_name(entry, main)
        copy = _read_copy(entry, config, name, main)
        copies.append(copy)
        if entry.faults.found_at(entry.key("name"), entry.key("priority")):
            continue
        if name in seen:
            entry.faults.add(entry.key("name"), name, f"each name once; it is {_KEY}[{seen[name]}] already")
            continue
        seen[name] = index
        priorities[copy.priority].append(name)
    _check_priorities(config, priorities)
    _check_target_groups(config, [main, *copies])
    return tuple(copies)


def copy_of(main: ServiceSettings, name: str, *, priority: int) -> ServiceSettings:
    """Return the main service under another name, at a host or a path of its own."""
    return replace(
        main,
        name=copy_service_name(main.name, name),
        host=None if main.host is None else f"{name}.{main.host}",
        path_prefix=f"/{name}" if main.host is None else None,
        priority=priority,
    )


def _read_name(entry: Record, main: ServiceSettings) -> str:
    faults, key = entry.faults, entry.key("name")
    name = entry.text("name", allowed=DNS_LABEL_FORM, pattern=DNS_LABEL)
    if faults.found_at(key):
        return name
    service = copy_service_name(main.name, name)
    if len(service) > LONGEST_SERVICE_NAME and not faults.found_at("name"):
        longest = LONGEST_SERVICE_NAME - len(copy_service_name(main.name, ""))
        faults.add(
            key,
            name,
            f"at most {longest} characters: the target group "
            f"{service} has {len(service)}, and of its 32 Pulumi's random end takes 8",
        )
    if name == main.name:
        faults.add(key, name, "another name than the main service's")
    return name


def _read_copy(entry: Record, config: Record, name: str, main: ServiceSettings) -> ServiceSettings:
    cpu = entry.whole_of("cpu", CPUS) if entry.has("cpu") else main.cpu
    memory = entry.whole("memory", 1) if entry.has("memory") else main.memory
    _check_own_size(entry, cpu=cpu, memory=memory)
    environment = read_environment(entry) if entry.has("environment") else {}
    check_shared_names(entry.faults, entry.key("environment"), environment, main.secrets)
    service = copy_service_name(main.name, name)
    rollout = read_copys_rollout(entry, config, main.rollout)
    if rollout.two_target_groups and not entry.faults.found_at(entry.key("name"), "name"):
        _check_room_for_green(entry, name, service)
    desired_count = entry.whole("desired-count", 0) if entry.has("desired-count") else main.desired_count
    autoscaling = read_copys_autoscaling(entry, config, main.autoscaling)
    if entry.has("desired-count") or entry.has("autoscaling"):
        check_count(entry.faults, entry.key("desired-count"), desired_count, autoscaling)
    return replace(
        copy_of(main, name, priority=_read_priority(entry, name)),
        image=entry.text("image", allowed=IMAGE_REFERENCE_FORM, pattern=IMAGE_REFERENCE)
        if entry.has("image")
        else None,
        cpu=cpu,
        memory=memory,
        desired_count=desired_count,
        environment={**main.environment, **environment},
        execute_command=(
            entry.flag("execute-command") if entry.has("execute-command") else main.execute_command
        ),
        rollout=rollout,
        autoscaling=autoscaling,
    )


def _read_priority(entry: Record, name: str) -> int:
    if not entry.has("priority"):
        return priority_of(name)
    priority = entry.whole("priority", 1, LAST_PRIORITY)
    if priority in PRIORITIES_OF_ATTACHED:
        entry.faults.add(
            entry.key("priority"),
            priority,
            f"{PRIORITIES_BY_HAND[0]} to {PRIORITIES_BY_HAND[-1]}, which no name leads to; "
            f"{PRIORITIES_OF_ATTACHED[0]} to {PRIORITIES_OF_ATTACHED[-1]} are for stacks with `attach-to`",
        )
    return priority


def _check_room_for_green(entry: Record, name: str, service: str) -> None:
    longest = LONGEST_SERVICE_NAME - len(_GREEN)
    if len(service) > longest:
        entry.faults.add(
            entry.key("name"),
            name,
            f"at most {longest - (len(service) - len(name))} characters, or a rolling strategy: the second "
            f"target group {service}{_GREEN} has {len(service + _GREEN)}, and of its 32 Pulumi's random end "
            "takes 8",
        )


def _check_target_groups(config: Record, services: list[ServiceSettings]) -> None:
    count = sum(2 if service.rollout.two_target_groups else 1 for service in services)
    if count <= _MOST_TARGET_GROUPS:
        return
    names = f"{len(services) - 1} names"
    if count == len(services):
        config.faults.add(
            _KEY,
            names,
            f"at most {_MOST_TARGET_GROUPS - 1}: with the main service {_MOST_TARGET_GROUPS} rules and "
            "target groups, as many as one load balancer carries",
        )
    else:
        config.faults.add(
            _KEY,
            names,
            f"less, or more of them rolling: the services have {count} rules and target groups (two of both "
            f"for each that is not rolling), and one load balancer carries {_MOST_TARGET_GROUPS}, so 50 "
            "services that are all not rolling",
        )


def _check_own_size(entry: Record, *, cpu: int, memory: int) -> None:
    own = [name for name in ("memory", "cpu") if entry.has(name)]
    if own and not entry.faults.found_at("cpu", "memory", entry.key("cpu"), entry.key("memory")):
        check_size(
            entry.faults, entry.key(own[0]), memory if own[0] == "memory" else cpu, cpu=cpu, memory=memory
        )


def _check_priorities(config: Record, priorities: dict[int, list[str]]) -> None:
    by_hand = f"{PRIORITIES_BY_HAND[0]} to {PRIORITIES_BY_HAND[-1]}"
    for priority, names in priorities.items():
        if priority == LAST_PRIORITY:
            names.append("the main service")
        if len(names) > 1:
            config.faults.add(
                _KEY,
                names,
                f"{' and '.join(names)} meet at the listener rule priority {priority}, which only one can "
                f"have; `priority` overrides what follows from a name, and no name leads to {by_hand}",
            )
