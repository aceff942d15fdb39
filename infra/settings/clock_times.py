"""Times in the form of AWS's schedulers: cron expressions, rates, dates and time zones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator

from infra.settings.faults import nearest
from infra.settings.model import Allowed, Fault, FaultsError

_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
# Minutes, hours, day of month, month, day of week, year; of the two days one has to be a question mark. The
# same for Application Auto Scaling and for EventBridge Scheduler:
# https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
# https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
_CRON_FIELDS: Final[tuple[tuple[range, Sequence[str]], ...]] = (
    (range(60), ()),
    (range(24), ()),
    (range(1, 32), ()),
    (range(1, 13), _MONTHS),
    (range(1, 8), _DAYS),
    (range(1970, 2200), ()),
)
_CRON_PART: Final = re.compile(r"(\*|\w+)(?:-(\w+))?(?:/[1-9]\d*)?")
_CRON_DAY: Final = re.compile(r"\?|LW?|(?:[1-9]|[12]\d|3[01])W|[1-7](?:L|#[1-5])")
_RATE: Final = re.compile(r"1 (?:minute|hour|day)|(?:[2-9]|[1-9]\d{1,8}) (?:minutes|hours|days)")
_MOMENT: Final = "%Y-%m-%dT%H:%M:%S"


def _cron(text: str) -> str:
    fields = text.split(" ")
    if len(fields) != len(_CRON_FIELDS) or [fields[2], fields[4]].count("?") != 1:
        raise ValueError(text)
    for index, (field, (numbers, names)) in enumerate(zip(fields, _CRON_FIELDS, strict=True)):
        if not (index in (2, 4) and _CRON_DAY.fullmatch(field)):
            for part in field.split(","):
                found = _CRON_PART.fullmatch(part)
                ends = [end for end in found.groups() if end not in (None, "*")] if found else [part]
                if not all(end in names or (end.isdecimal() and int(end) in numbers) for end in ends):
                    raise ValueError(text)
    return text


def _rate(text: str) -> str:
    if not _RATE.fullmatch(text):
        raise ValueError(text)
    return text


def _moment(text: str) -> str:
    if datetime.strptime(text, _MOMENT).strftime(_MOMENT) != text:  # noqa: DTZ007 - `time-zone` says which
        raise ValueError(text)
    return text


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        # A machine may have no list of time zones at all; AWS has one and checks again.
        if known := available_timezones():
            near = nearest(name, sorted(known))
            hint = f"; the nearest is {near}" if near else ""
            raise FaultsError(Fault(f"a time zone such as Europe/Berlin{hint}")) from None
    return name


Cron = Annotated[
    str,
    AfterValidator(_cron),
    Allowed(
        "six fields, minute hour day-of-month month day-of-week year, with ? for one of the days: "
        "0 8 ? * MON-FRI *"
    ),
]
Rate = Annotated[
    str,
    AfterValidator(_rate),
    Allowed("a whole number above 0 and minutes, hours or days, such as 15 minutes; of one, 1 hour"),
]
Moment = Annotated[
    str, AfterValidator(_moment), Allowed("a date and time without a zone, such as 2027-01-31T08:30:00")
]
TimeZone = Annotated[str, AfterValidator(_time_zone), Allowed("a time zone such as Europe/Berlin")]
