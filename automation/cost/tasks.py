"""The tasks of a service: how many run over a year, how large each is, and on which capacity."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from automation.cost.resources import Resource, Stack
from automation.cost.schedules import UnsupportedScheduleError, levels_of, run_times

SERVICE: Final = "aws:ecs/service:Service"
_TARGET: Final = "aws:appautoscaling/target:Target"
_POLICY: Final = "aws:appautoscaling/policy:Policy"
_SCHEDULED_ACTION: Final = "aws:appautoscaling/scheduledAction:ScheduledAction"
_CAPACITY_PROVIDERS: Final = "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"
_UNITS_IN_VCPU: Final = 1024
_MIB_IN_GB: Final = 1024
_ARCHITECTURES: Final = {"ARM64": "arm64", "X86_64": "x86_64"}

Strategy = list[Mapping[str, Any]]
"""Capacity providers with base and weight."""


@dataclass(frozen=True, kw_only=True)
class Tasks:
    """The number of tasks of a service."""

    levels: tuple[tuple[float, float], ...]
    """Each number of tasks, with its share of the time."""
    basis: str = ""
    """How the number was found, if it is not the desired count."""
    follows_load: bool = False
    uncertain: bool = False
    """Whether the number is the maximum, because a schedule is not supported."""

    @property
    def average(self) -> float:
        """The average number of tasks."""
        return sum(count * share for count, share in self.levels)

    @property
    def awake(self) -> float:
        """The share of the time with at least one task."""
        return sum(share for count, share in self.levels if count)


@dataclass(frozen=True, order=True)
class Bounds:
    """Of the number of tasks or instances."""

    minimum: int
    maximum: int

    def clamp(self, count: float) -> float:
        """Return the nearest number within the bounds."""
        return min(max(count, self.minimum), self.maximum)


def tasks_of(service: Resource, stack: Stack, scaling: float) -> Tasks:
    """Return how many tasks a service runs.

    Args:
        service: the service.
        stack: the stack with its autoscaling.
        scaling: how far load scales the service, from its minimum (0) to its maximum (1).
    """
    desired = service.integer("desiredCount")
    target = next((item for item in stack.all(_TARGET) if scales(item, service)), None)
    load = scaling if any(scales(item, service) for item in stack.all(_POLICY)) else None
    actions = [item for item in stack.all(_SCHEDULED_ACTION) if scales(item, service)]
    if target is None or (load is None and not actions):
        return Tasks(levels=((desired, 1),))

    def scaled(count: float, bounds: Bounds) -> float:
        count = bounds.clamp(count)
        # Without tasks there are no metrics, so that load starts none.
        if load is None or not count:
            return count
        return bounds.minimum + load * (bounds.maximum - bounds.minimum)

    bounds = Bounds(target.integer("minCapacity"), target.integer("maxCapacity"))
    if not actions:
        count = scaled(desired, bounds)
        basis = f"{count:g}, of {bounds.minimum} to {bounds.maximum} by load"
        return Tasks(levels=((count, 1),), follows_load=True, basis=basis)
    try:
        events = _events(actions)
    except UnsupportedScheduleError as error:
        maximum = max(desired, bounds.maximum, *(int(_limit(item, "maxCapacity") or 0) for item in actions))
        basis = f"{maximum}, its maximum: the schedule {error} is not understood"
        return Tasks(levels=((maximum, 1),), basis=basis, uncertain=True)
    levels = tuple(sorted(levels_of(events, float(desired), scaled)))
    lowest, highest = levels[0][0], levels[-1][0]
    between = f"{lowest:g} to {highest:g}" if lowest != highest else f"{highest:g}"
    by_load = "" if load is None else ", the day's number by load"
    average = Tasks(levels=levels).average
    return Tasks(
        levels=levels,
        basis=f"{average:.2g} on average, {between} by its schedule{by_load}",
        follows_load=load is not None,
    )


def scales(scaling: Resource, service: Resource) -> bool:
    """Return whether a resource of Application Auto Scaling is of a service."""
    name = service.properties.get("name")
    return bool(name) and str(scaling.properties.get("resourceId", "")).rpartition("/")[2] == name


def _events(actions: Sequence[Resource]) -> list[tuple[float, Bounds]]:
    """Return when scheduled actions run in a year, with the bounds that they set."""
    events = [(at, _bounds_of(action)) for action in actions for at in _run_times_of(action)]
    if not events:
        raise UnsupportedScheduleError(actions[0].name)
    return events


def _bounds_of(action: Resource) -> Bounds:
    minimum, maximum = _limit(action, "minCapacity"), _limit(action, "maxCapacity")
    if minimum is None or maximum is None:
        # A missing bound does not change; the program always sets both.
        raise UnsupportedScheduleError(f"{action.name} with one bound")
    return Bounds(int(minimum), int(maximum))


def _limit(action: Resource, bound: str) -> int | str | None:
    # The provider keeps them as text.
    value = action.block("scalableTargetAction").get(bound)
    return value if value != "" else None


def _run_times_of(action: Resource) -> list[float]:
    schedule = str(action.properties.get("schedule", ""))
    if action.properties.get("startTime") or action.properties.get("endTime"):
        raise UnsupportedScheduleError(f"{schedule} with a begin or an end")
    return run_times(schedule, str(action.properties.get("timezone") or "UTC"))


def definition_of(service: Resource, stack: Stack) -> Resource | None:
    """Return the task definition of a service; None if the stack does not have it."""
    return stack.by_arn(service.properties.get("taskDefinition"))


def containers_of(definition: Resource) -> list[Mapping[str, Any]]:
    """Return the container definitions of a task; none if they are unknown."""
    text = definition.properties.get("containerDefinitions")
    try:
        containers = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return []
    return cast("list[Mapping[str, Any]]", containers) if isinstance(containers, list) else []


def task_size(definition: Resource) -> tuple[float, float]:
    """Return vCPUs and GB of a task; without limits for the task, the sum of its containers."""
    cpu, memory = definition.integer("cpu"), definition.integer("memory")
    if not cpu or not memory:
        containers = containers_of(definition)
        cpu = cpu or sum(int(container.get("cpu") or 0) for container in containers)
        memory = memory or sum(
            int(container.get("memoryReservation") or container.get("memory") or 0)
            for container in containers
        )
    return cpu / _UNITS_IN_VCPU, memory / _MIB_IN_GB


def task_architecture(definition: Resource) -> str:
    """Return the CPU architecture of a task."""
    architecture = definition.block("runtimePlatform").get("cpuArchitecture") or "X86_64"
    return _ARCHITECTURES[str(architecture)]


def strategy_of(service: Resource, stack: Stack) -> Strategy:
    """Return the capacity provider strategy of a service: its own, its launch type, or its cluster's."""
    if own := service.blocks("capacityProviderStrategies"):
        return own
    if launch_type := service.properties.get("launchType"):
        return [{"capacityProvider": launch_type, "weight": 1}]
    return [
        item
        for cluster in stack.all(_CAPACITY_PROVIDERS)
        for item in cluster.blocks("defaultCapacityProviderStrategies")
    ]


def tasks_by_provider(tasks: float, strategy: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Return how many tasks run on each capacity provider: bases first, the rest by weight, on average."""
    items = list(strategy)
    counts: dict[str, float] = {}
    remaining = tasks
    for item in items:
        base = min(int(item.get("base") or 0), remaining)
        counts[str(item["capacityProvider"])] = float(base)
        remaining -= base
    weights = sum(int(item.get("weight") or 0) for item in items)
    for item in items if weights else ():
        counts[str(item["capacityProvider"])] += remaining * int(item.get("weight") or 0) / weights
    return {provider: count for provider, count in counts.items() if count}
