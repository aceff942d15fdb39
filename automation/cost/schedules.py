"""When schedules of AWS run in a year, and how long a resource is in each of its states."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate, pairwise
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

_State = TypeVar("_State")
_Event = TypeVar("_Event")

Levels = Sequence[tuple[_State, float]]
"""States of a resource, each with its share of the time."""

YEAR: Final = 2026
"""Schedules are counted over this year; another one has nearly the same weekdays."""
_START: Final = datetime(YEAR, 1, 1, tzinfo=UTC)
_DAYS_OF_YEAR: Final = 365
SECONDS_OF_YEAR: Final = _DAYS_OF_YEAR * 86400

# https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
_CRON: Final = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_RATE: Final = re.compile(r"rate\(([1-9]\d*) (minute|hour|day)s?\)")
_MINUTES: Final = {"minute": 1, "hour": 60, "day": 24 * 60}
_UNIX_FIELDS: Final = 5
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_PART: Final = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>[1-9]\d*))?")


class UnsupportedScheduleError(ValueError):
    """A schedule that is not supported here, although AWS may accept it."""


def run_times(schedule: str, time_zone: str) -> list[float]:
    """Return when a `cron(…)` schedule runs, in seconds since the start of the year.

    Raises:
        UnsupportedScheduleError: the schedule has another form, contains L, W or #, or names a year.
    """
    match = _CRON.fullmatch(schedule)
    if match is None or match[6] != "*":
        raise UnsupportedScheduleError(schedule)
    try:
        zone = ZoneInfo(time_zone)
        minutes, hours = _values(match[1], 0, 59), _values(match[2], 0, 23)
        days, months = _values(match[3], 1, 31), _values(match[4], 1, 12, _MONTHS)
        weekdays = _values(match[5], 1, 7, _DAYS)
    except (KeyError, ValueError) as error:
        raise UnsupportedScheduleError(schedule) from error
    times = [time(hour, minute, tzinfo=zone) for hour in sorted(hours) for minute in sorted(minutes)]
    dates = [date(YEAR, 1, 1) + timedelta(number) for number in range(_DAYS_OF_YEAR)]
    return [
        # A time zone may move a time into another year.
        (datetime.combine(day, moment) - _START).total_seconds() % SECONDS_OF_YEAR
        for day in dates
        if day.month in months and day.day in days and day.isoweekday() % 7 + 1 in weekdays
        for moment in times
    ]


def runs_per_year(schedule: str, time_zone: str) -> float:
    """Return how often a schedule of EventBridge Scheduler runs: `rate(…)`, `cron(…)` or `at(…)`.

    Raises:
        UnsupportedScheduleError: it is something else, or an unsupported `cron(…)`.
    """
    if schedule.startswith("at("):
        return 0
    if rate := _RATE.fullmatch(schedule):
        return SECONDS_OF_YEAR / 60 / (int(rate[1]) * _MINUTES[rate[2]])
    return len(run_times(schedule, time_zone))


def from_unix_cron(expression: str) -> str:
    """Convert a Unix cron expression, as Auto Scaling groups have it, to AWS's `cron(…)`.

    Raises:
        UnsupportedScheduleError: it is something else, or names days of the month and of the week.
    """
    fields = expression.split()
    if len(fields) != _UNIX_FIELDS or (fields[2] != "*" and fields[4] != "*"):
        raise UnsupportedScheduleError(expression)
    minute, hour, day, month, weekday = fields
    # Sunday is 0 or 7 in Unix, and 1 on AWS; a number after a slash is a step.
    weekday = re.sub(r"(?<![/\d])\d", lambda digit: str(int(digit[0]) % 7 + 1), weekday)
    return f"cron({minute} {hour} {day} {month} {weekday} *)"


def levels_of(
    events: Iterable[tuple[float, _Event]], state: _State, change: Callable[[_State, _Event], _State]
) -> list[tuple[_State, float]]:
    """Return the states that scheduled events lead to, each with its share of the year.

    Args:
        events: seconds since the start of the year, and what happens then.
        state: the state without events.
        change: returns the state after an event.
    """
    ordered = sorted(events, key=lambda event: event[0])
    if not ordered:
        return [(state, 1.0)]
    # The year starts with the state in which it ends.
    for _, event in ordered:
        state = change(state, event)
    spent: dict[_State, float] = {}
    since = ordered[-1][0] - SECONDS_OF_YEAR
    for at, event in ordered:
        spent[state] = spent.get(state, 0) + (at - since) / SECONDS_OF_YEAR
        since, state = at, change(state, event)
    return [(state, share) for state, share in spent.items() if share]


def combined(curves: Sequence[Levels[Any]]) -> list[tuple[tuple[Any, ...], float]]:
    """Return the states of several resources together; all are assumed to be busy at the same hours.

    Args:
        curves: the states of each resource, the least busy first.
    """
    # Shares are rounded, because their sum is not exactly 1.
    ends = [[round(end, 9) for end in accumulate(share for _, share in curve)] for curve in curves]

    def states_at(start: float) -> tuple[Any, ...]:
        indexes = [min(bisect_right(own, start), len(own) - 1) for own in ends]
        return tuple(curve[index][0] for curve, index in zip(curves, indexes, strict=True))

    borders = sorted({0.0, 1.0}.union(*ends))
    return [(states_at(start), end - start) for start, end in pairwise(borders)]


def _values(field: str, lowest: int, highest: int, names: Sequence[str] = ()) -> set[int]:
    """Return the numbers that a field of a cron expression matches."""

    def number(text: str) -> int:
        value = names.index(text.upper()) + lowest if text.upper() in names else int(text)
        if not lowest <= value <= highest:
            raise ValueError(text)
        return value

    values: set[int] = set()
    size = highest - lowest + 1
    for part in ("*" if field == "?" else field).split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(part)
        first = number(match["first"]) if match["first"] else lowest
        if match["last"]:
            last = number(match["last"])
        else:
            last = highest if not match["first"] or match["step"] else first
        # FRI-MON continues after the end of the week.
        last += size * (last < first)
        values |= {
            (value - lowest) % size + lowest for value in range(first, last + 1, int(match["step"] or 1))
        }
    return values
