"""How many tasks a service runs, over the hours of a year: by its desired count, by load and by the clock."""

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

    @property
    def average(self) -> float:
        """Over the whole time."""
        return sum(count * share for count, share in self.levels)

    @property
    def awake(self) -> float:
        """Share of the time at which there is any."""
        return sum(share for count, share in self.levels if count)


def tasks_of(service: Resource, stack: Stack, scaling: float) -> Tasks:
    """Tell how many tasks a service of a stack runs.

    Args:
        service: the service.
        stack: where its autoscaling is.
        scaling: how far load moves it from its fewest tasks (0) to its most (1).
    """
    desired = service.whole("desiredCount")
    target = next((one for one in stack.all(_TARGET) if _is_of(service, one)), None)
    if target is None:
        return Tasks(levels=((desired, 1),))
    tracked = any(_is_of(service, one) for one in stack.all(_POLICY))
    actions = [one for one in stack.all(_SCHEDULED) if _is_of(service, one)]
    bounds = (target.whole("minCapacity"), target.whole("maxCapacity"))
    if not actions:
        if not tracked:
            return Tasks(levels=((desired, 1),))
        count = _within(desired, bounds, scaling, tracked=True)
        return Tasks(
            levels=((count, 1),), follows_load=True, basis=f"{count:g}, of {bounds[0]} to {bounds[1]} by load"
        )
    try:
        levels = _by_schedule(desired, actions, scaling, tracked=tracked)
    except UnknownScheduleError as error:
        most = max(desired, bounds[1], *(int(_asked(action, "maxCapacity") or 0) for action in actions))
        return Tasks(
            levels=((most, 1),),
            basis=f"{most}, the most that it may have: when {error} comes round is not known here",
        )
    average = sum(count * share for count, share in levels.items())
    between = f"{min(levels):g} to {max(levels):g}" if len(levels) > 1 else f"{max(levels):g}"
    load = ", the day's number by load" if tracked else ""
    return Tasks(
        levels=tuple(sorted(levels.items())),
        basis=f"{average:.2g} on average, {between} by its schedule{load}",
        follows_load=tracked,
    )


def _is_of(service: Resource, scaled: Resource) -> bool:
    name = service.properties.get("name")
    return bool(name) and str(scaled.properties.get("resourceId", "")).rpartition("/")[2] == name


def _bounds(action: Resource) -> tuple[int, int]:
    fewest, most = _asked(action, "minCapacity"), _asked(action, "maxCapacity")
    if fewest is None or most is None:
        # What is left out stays as it is; the program always says both.
        raise UnknownScheduleError(f"{action.name} with one bound")
    return int(fewest), int(most)


def _asked(action: Resource, bound: str) -> int | str | None:
    # The provider keeps them as text.
    value = action.block("scalableTargetAction").get(bound)
    return value if value != "" else None


def _within(count: float, bounds: tuple[int, int], scaling: float, *, tracked: bool) -> float:
    """Move a number of tasks into its bounds, and between them as load does."""
    fewest, most = bounds
    count = min(max(count, fewest), most)
    # Of no tasks nothing is measured, so that load starts none.
    return fewest + scaling * (most - fewest) if tracked and count else count


def _by_schedule(
    desired: float, actions: Sequence[Resource], scaling: float, *, tracked: bool
) -> dict[float, float]:
    events = sorted((moment, _bounds(action)) for action in actions for moment in _moments(action))
    if not events:
        raise UnknownScheduleError(actions[0].name)
    count = desired
    # Once round the year to know with what it begins.
    for _, bounds in events:
        count = _within(count, bounds, scaling, tracked=tracked)
    levels: dict[float, float] = {}
    since = events[-1][0] - SECONDS_OF_YEAR
    for moment, bounds in events:
        levels[count] = levels.get(count, 0) + (moment - since) / SECONDS_OF_YEAR
        since, count = moment, _within(count, bounds, scaling, tracked=tracked)
    return {count: share for count, share in levels.items() if share}


def _moments(action: Resource) -> list[float]:
    schedule = str(action.properties.get("schedule", ""))
    if action.properties.get("startTime") or action.properties.get("endTime"):
        raise UnknownScheduleError(f"{schedule} with a begin or an end")
    return moments(schedule, str(action.properties.get("timezone") or "UTC"))
