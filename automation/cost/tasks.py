"""How many tasks a service runs over the hours of a year: by its desired count, by load and by a schedule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from automation.cost.cron import SECONDS_OF_YEAR, UnknownScheduleError, moments
from automation.cost.resources import Resource, Stack

SERVICE: Final = "aws:ecs/service:Service"
_TARGET: Final = "aws:appautoscaling/target:Target"
_POLICY: Final = "aws:appautoscaling/policy:Policy"
_SCHEDULED: Final = "aws:appautoscaling/scheduledAction:ScheduledAction"


@dataclass(frozen=True, kw_only=True)
class Tasks:
    """How many tasks a service runs."""

    levels: tuple[tuple[float, float], ...]
    """Each number of tasks, with the share of the time at which it is that."""
    basis: str = ""
    """What the number rests on, where it is not the desired count."""
    follows_load: bool = False
    uncertain: bool = False
    """Whether the number is the most that it may be, because a schedule is not understood."""

    @property
    def average(self) -> float:
        """The number of tasks over the whole time."""
        return sum(count * share for count, share in self.levels)

    @property
    def awake(self) -> float:
        """The share of the time at which there is any."""
        return sum(share for count, share in self.levels if count)


@dataclass(frozen=True)
class _Bounds:
    fewest: int
    most: int

    def apply(self, count: float, load: float | None) -> float:
        """Move a number of tasks between the bounds, and as far towards the most as load does."""
        count = min(max(count, self.fewest), self.most)
        # Of no tasks nothing is measured, so that load starts none.
        return count if load is None or not count else self.fewest + load * (self.most - self.fewest)


def tasks_of(service: Resource, stack: Stack, scaling: float) -> Tasks:
    """Return how many tasks a service of a stack runs.

    `scaling` says how far load moves it from its fewest tasks (0) to its most (1).
    """
    desired = service.whole("desiredCount")
    target = next((one for one in stack.all(_TARGET) if _scales(one, service)), None)
    load = scaling if any(_scales(one, service) for one in stack.all(_POLICY)) else None
    actions = [one for one in stack.all(_SCHEDULED) if _scales(one, service)]
    if target is None or (load is None and not actions):
        return Tasks(levels=((desired, 1),))
    bounds = _Bounds(target.whole("minCapacity"), target.whole("maxCapacity"))
    if not actions:
        count = bounds.apply(desired, load)
        basis = f"{count:g}, of {bounds.fewest} to {bounds.most} by load"
        return Tasks(levels=((count, 1),), follows_load=True, basis=basis)
    try:
        levels = _by_schedule(desired, actions, load)
    except UnknownScheduleError as error:
        most = max(desired, bounds.most, *(int(_capacity(action, "maxCapacity") or 0) for action in actions))
        basis = f"{most}, its maximum: the schedule {error} is not understood"
        return Tasks(levels=((most, 1),), basis=basis, uncertain=True)
    average = sum(count * share for count, share in levels.items())
    between = f"{min(levels):g} to {max(levels):g}" if len(levels) > 1 else f"{max(levels):g}"
    by_load = "" if load is None else ", the day's number by load"
    return Tasks(
        levels=tuple(sorted(levels.items())),
        basis=f"{average:.2g} on average, {between} by its schedule{by_load}",
        follows_load=load is not None,
    )


def _scales(part: Resource, service: Resource) -> bool:
    name = service.properties.get("name")
    return bool(name) and str(part.properties.get("resourceId", "")).rpartition("/")[2] == name


def _by_schedule(desired: float, actions: Sequence[Resource], load: float | None) -> dict[float, float]:
    events = sorted(
        ((moment, _bounds(action)) for action in actions for moment in _moments(action)),
        key=lambda event: event[0],
    )
    if not events:
        raise UnknownScheduleError(actions[0].name)
    count = desired
    # Once through the year to know with what it begins.
    for _, bounds in events:
        count = bounds.apply(count, load)
    levels: dict[float, float] = {}
    since = events[-1][0] - SECONDS_OF_YEAR
    for moment, bounds in events:
        levels[count] = levels.get(count, 0) + (moment - since) / SECONDS_OF_YEAR
        since, count = moment, bounds.apply(count, load)
    return {count: share for count, share in levels.items() if share}


def _bounds(action: Resource) -> _Bounds:
    fewest, most = _capacity(action, "minCapacity"), _capacity(action, "maxCapacity")
    if fewest is None or most is None:
        # What is left out stays as it is; the program always names both.
        raise UnknownScheduleError(f"{action.name} with one bound")
    return _Bounds(int(fewest), int(most))


def _capacity(action: Resource, bound: str) -> int | str | None:
    # The provider keeps them as text.
    value = action.block("scalableTargetAction").get(bound)
    return value if value != "" else None


def _moments(action: Resource) -> list[float]:
    schedule = str(action.properties.get("schedule", ""))
    if action.properties.get("startTime") or action.properties.get("endTime"):
        raise UnknownScheduleError(f"{schedule} with a begin or an end")
    return moments(schedule, str(action.properties.get("timezone") or "UTC"))
