"""Times in the form of AWS's schedulers: cron expressions, rates, dates and time zones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator

from infra.settings.faults import Fault, FaultsError, nearest
from infra.settings.model import Allowed, Pattern

_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_Fields = Sequence[tuple[range, Sequence[str]]]
_TIME_OF_DAY_AND_MONTH: Final[_Fields] = (
    *((range(60), ()), (range(24), ()), (range(1, 32), ())),
    (range(1, 13), _MONTHS),
)
# https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scheduled-scaling.html
_UNIX_FIELDS: Final[_Fields] = (*_TIME_OF_DAY_AND_MONTH, (range(8), _DAYS))
# Application Auto Scaling and EventBridge Scheduler:
# https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
# https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
_AWS_FIELDS: Final[_Fields] = (*_TIME_OF_DAY_AND_MONTH, (range(1, 8), _DAYS), (range(1970, 2200), ()))
_DAY_OF_MONTH, _DAY_OF_WEEK = 2, 4
_CRON_PART: Final = re.compile(r"(\*|\w+)(?:-(\w+))?(?:/[1-9]\d*)?")
_AWS_DAY: Final = re.compile(r"\?|LW?|(?:[1-9]|[12]\d|3[01])W|[1-7](?:L|#[1-5])")
_MOMENT: Final = "%Y-%m-%dT%H:%M:%S"


def _check_cron(text: str, expected: _Fields) -> str:
    fields = text.split(" ")
    is_aws = expected is _AWS_FIELDS
    if len(fields) != len(expected):
        raise ValueError(text)
    if is_aws and [fields[_DAY_OF_MONTH], fields[_DAY_OF_WEEK]].count("?") != 1:
        raise ValueError(text)
    # Of these two forms of cron only Unix's accepts names in lower case.
    text_of_names = text if is_aws else text.upper()
    for index, (field, (numbers, names)) in enumerate(zip(text_of_names.split(" "), expected, strict=True)):
        if is_aws and index in (_DAY_OF_MONTH, _DAY_OF_WEEK) and _AWS_DAY.fullmatch(field):
            continue
        for part in field.split(","):
            match = _CRON_PART.fullmatch(part)
            ends = [end for end in match.groups() if end not in (None, "*")] if match else [part]
            if not all(end in names or (end.isdecimal() and int(end) in numbers) for end in ends):
                raise ValueError(text)
    return text


def _check_moment(text: str) -> str:
    # `time-zone` is a key of its own.
    if datetime.strptime(text, _MOMENT).strftime(_MOMENT) != text:  # noqa: DTZ007
        raise ValueError(text)
    return text


def _check_time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        # A slim image may have no list of time zones at all; AWS checks again.
        if zones := available_timezones():
            near = nearest(name, sorted(zones))
            hint = f"; the nearest is {near}" if near else ""
            raise FaultsError(Fault((), f"a time zone such as Europe/Berlin{hint}")) from None
    return name


Cron = Annotated[
    str,
    AfterValidator(lambda text: _check_cron(text, _AWS_FIELDS)),
    Allowed(
        "six fields, minute hour day-of-month month day-of-week year, with ? for one of the days: "
        "0 8 ? * MON-FRI *"
    ),
]
UnixCron = Annotated[
    str,
    AfterValidator(lambda text: _check_cron(text, _UNIX_FIELDS)),
    Allowed("five fields, minute hour day-of-month month day-of-week: 0 20 * * MON-FRI"),
]
Rate = Annotated[
    str,
    Pattern(
        "a whole number above 0 and minutes, hours or days, such as 15 minutes; of one, 1 hour",
        r"1 (?:minute|hour|day)|(?:[2-9]|[1-9]\d{1,8}) (?:minutes|hours|days)",
    ),
]
Moment = Annotated[
    str, AfterValidator(_check_moment), Allowed("a date and time without a zone, such as 2027-01-31T08:30:00")
]
TimeZone = Annotated[str, AfterValidator(_check_time_zone), Allowed("a time zone such as Europe/Berlin")]
