"""Schedules: of cron and Copilot as EventBridge Scheduler accepts them."""

from __future__ import annotations

import re
from typing import Final

from automation.convert.source import seconds_of

_PRESETS: Final = {
    "@hourly": "0 * * * ? *",
    "@daily": "0 0 * * ? *",
    "@midnight": "0 0 * * ? *",
    "@weekly": "0 0 ? * 1 *",
    "@monthly": "0 0 1 * ? *",
    "@yearly": "0 0 1 1 ? *",
    "@annually": "0 0 1 1 ? *",
}
_AWS: Final = re.compile(r"(cron|rate)\((.*)\)", re.DOTALL)
_UNITS: Final = (("day", 86400), ("hour", 3600), ("minute", 60))
_STANDARD_FIELDS: Final = 5
_LAST_DAY: Final = 7
_SUNDAY: Final = ("0", "7")


def schedule_of(text: str) -> dict[str, str]:
    """Return the `cron` or `rate` of a schedule of Copilot's.

    That is cron with five fields (weekdays 0 to 6, of which EventBridge makes 1 to 7), `@daily` and the like,
    `@every 1h30m`, and EventBridge's own `cron(…)` and `rate(…)`.

    Raises:
        ValueError: it is none of these; the message says why.
    """
    text = text.strip()
    if match := _AWS.fullmatch(text):
        return {match[1]: " ".join(match[2].split())}
    if text.startswith("@every "):
        return {"rate": _rate(text.removeprefix("@every ").strip())}
    if text.startswith("@"):
        if text not in _PRESETS:
            raise ValueError(f"{text} is none of {', '.join(_PRESETS)} and `@every`")
        return {"cron": _PRESETS[text]}
    fields = text.split()
    if len(fields) != _STANDARD_FIELDS:
        raise ValueError(f"a cron expression has {_STANDARD_FIELDS} fields, and this one has {len(fields)}")
    return {"cron": _aws_cron(*fields)}


def _rate(duration: str) -> str:
    seconds = seconds_of(duration)
    if not seconds or seconds % 60:
        raise ValueError(f"{duration} is not a whole number of minutes")
    unit, size = next((unit, size) for unit, size in _UNITS if seconds % size == 0)
    count = seconds // size
    return f"{count} {unit}{'' if count == 1 else 's'}"


def _aws_cron(minute: str, hour: str, day: str, month: str, weekday: str) -> str:
    says_day, says_weekday = day not in "*?", weekday not in "*?"
    if says_day and says_weekday:
        raise ValueError(
            "EventBridge accepts a day of the month or a day of the week, not both: write two schedules"
        )
    if says_weekday:
        day, weekday = "?", ",".join(_weekday(part) for part in weekday.upper().split(","))
    else:
        weekday = "?"
        day = day if says_day else "*"
    return f"{minute} {hour} {day} {month.upper()} {weekday} *"


def _weekday(part: str) -> str:
    """Return a part of the field of weekdays, whose numbers are one higher at AWS; a step stays a step."""
    days, slash, step = part.partition("/")
    if days == "*":
        days = "1-7" if slash else "*"
        return f"{days}{slash}{step}"
    first, dash, last = days.partition("-")
    if dash and last in _SUNDAY and first.isdecimal():
        # Sunday is the last day only where weeks begin on Monday.
        start = int(first)
        listed = [str(day % _LAST_DAY + 1) for day in range(start, _LAST_DAY + 1)]
        return ",".join(listed[:: int(step or 1)])
    return f"{_day(first)}{dash}{_day(last)}{slash}{step}"


def _day(text: str) -> str:
    return str(int(text) % _LAST_DAY + 1) if text.isdecimal() else text
