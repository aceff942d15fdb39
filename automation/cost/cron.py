"""When a schedule of Application Auto Scaling runs, for the expressions that schedules need.

https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

YEAR: Final = 2026
"""The year over which schedules are counted: any has its weekdays about as often."""
_BEGIN: Final = datetime(YEAR, 1, 1, tzinfo=UTC)
SECONDS_OF_YEAR: Final = (datetime(YEAR + 1, 1, 1, tzinfo=UTC) - _BEGIN).total_seconds()

_FORM: Final = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_UNIX_FIELDS: Final = 5
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_PART: Final = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>[1-9]\d*))?")


class UnknownScheduleError(ValueError):
    """A schedule that is not understood here; AWS may."""


def moments(schedule: str, time_zone: str) -> list[float]:
    """Return when in a year a schedule runs, in seconds from the begin of the year.

    Args:
        schedule: `cron(…)` with AWS's six fields.
        time_zone: in which its hours are meant.

    Raises:
        UnknownScheduleError: it is something else, has an L, a W or a #, or a year.
    """
    form = _FORM.fullmatch(schedule)
    if form is None:
        raise UnknownScheduleError(schedule)
    try:
        zone = ZoneInfo(time_zone)
        minutes, hours = _numbers(form[1], 0, 59), _numbers(form[2], 0, 23)
        days, months = _numbers(form[3], 1, 31), _numbers(form[4], 1, 12, _MONTHS)
        weekdays = _numbers(form[5], 1, 7, _DAYS)
    except (KeyError, ValueError) as error:
        raise UnknownScheduleError(schedule) from error
    if form[6] != "*":
        raise UnknownScheduleError(schedule)
    times = [time(hour, minute, tzinfo=zone) for hour in sorted(hours) for minute in sorted(minutes)]
    dates = [date(YEAR, 1, 1) + timedelta(number) for number in range(round(SECONDS_OF_YEAR / 86400))]
    return [
        # What another time zone moves out of the year comes in at its other end.
        (datetime.combine(day, moment) - _BEGIN).total_seconds() % SECONDS_OF_YEAR
        for day in dates
        if day.month in months and day.day in days and day.isoweekday() % 7 + 1 in weekdays
        for moment in times
    ]


def of_unix(expression: str) -> str:
    """Return AWS's form of a Unix cron expression, as Auto Scaling groups have it.

    Raises:
        UnknownScheduleError: it is something else, or names days of the month and of the week.
    """
    fields = expression.split()
    if len(fields) != _UNIX_FIELDS or (fields[2] != "*" and fields[4] != "*"):
        raise UnknownScheduleError(expression)
    minute, hour, day, month, weekday = fields
    # Unix counts from 0 for Sunday, which is 7 too; what follows a slash is no day.
    weekday = re.sub(r"(?<![/\d])\d", lambda number: str(int(number[0]) % 7 + 1), weekday)
    return f"cron({minute} {hour} {day} {month} {weekday} *)"


def _numbers(field: str, lowest: int, highest: int, names: tuple[str, ...] = ()) -> set[int]:
    if field == "?":
        field = "*"
    numbers: set[int] = set()
    for part in field.split(","):
        form = _PART.fullmatch(part)
        if form is None:
            raise ValueError(part)
        first, last = lowest, highest
        if form["first"]:
            first = last = _number(form["first"], lowest, highest, names)
        if form["last"]:
            last = _number(form["last"], lowest, highest, names)
        elif form["step"]:
            last = highest
        # From Friday to Monday goes through the end of the week.
        last += (highest - lowest + 1) * (last < first)
        step = int(form["step"] or 1)
        numbers |= {
            (number - lowest) % (highest - lowest + 1) + lowest for number in range(first, last + 1, step)
        }
    return numbers


def _number(text: str, lowest: int, highest: int, names: tuple[str, ...]) -> int:
    number = names.index(text.upper()) + lowest if text.upper() in names else int(text)
    if not lowest <= number <= highest:
        raise ValueError(text)
    return number
