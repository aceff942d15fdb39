"""The number of tasks that follows from load and time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Final
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field

from infra.settings.faults import nearest
from infra.settings.model import Allowed, Fault, FaultsError, Model, repeated
from infra.settings.names import DnsLabel

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
MOST_TASKS: Final = 5000

_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
# Minutes, hours, day of month, month, day of week, year; of the two days one has to be a question mark.
# https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
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


class ScheduledCapacity(Model):
    """Bounds that hold from a point in time on, until the next one."""

    name: DnsLabel
    """Name of the action."""
    cron: Annotated[
        str,
        AfterValidator(_cron),
        Allowed(
            "six fields, minute hour day-of-month month day-of-week year, with ? for one of the days: "
            "0 8 ? * MON-FRI *"
        ),
    ]
    """When."""
    min_count: int = Field(ge=0, le=MOST_TASKS)
    """Fewest tasks from then on."""
    max_count: int = Field(ge=0, le=MOST_TASKS)
    """Most tasks from then on."""

    def _rules(self) -> Iterator[Fault]:
        yield from _without_room(self.min_count, self.max_count)


class AutoscalingSettings(Model):
    """Bounds for the number of tasks, and what moves it between them; a target of 0 is none."""

    enabled: bool = False
    """Whether load or time change the number of tasks; `desired-count` is then only where a new service
    begins."""
    # Of no tasks nothing is measured, so nothing would ever start one: only a schedule may go to 0.
    min_count: int = Field(default=1, ge=1, le=MOST_TASKS)
    """Fewest tasks."""
    max_count: int = Field(default=4, ge=1, le=MOST_TASKS)
    """Most tasks."""
    cpu_percent: int = Field(default=60, ge=0, le=100)
    """Use of CPU to keep."""
    memory_percent: int = Field(default=75, ge=0, le=100)
    """Use of memory to keep."""
    requests_per_target: int = Field(default=0, ge=0, le=10**9)
    """Requests for each task and minute to keep."""
    scale_in_seconds: int = Field(default=300, ge=0, le=3600)
    """Pause after tasks were stopped."""
    scale_out_seconds: int = Field(default=60, ge=0, le=3600)
    """Pause after tasks were started."""
    time_zone: Annotated[str, AfterValidator(_time_zone), Allowed("a time zone such as Europe/Berlin")] = (
        "UTC"
    )
    """Time zone of the schedule."""
    schedule: tuple[ScheduledCapacity, ...] = ()
    """Bounds by the clock."""

    @property
    def counts(self) -> range:
        """The numbers of tasks that there may be."""
        return range(min([self.min_count, *(one.min_count for one in self.schedule)]), self.max_count + 1)

    def _rules(self) -> Iterator[Fault]:
        yield from _without_room(self.min_count, self.max_count)
        for fault in repeated((action.name for action in self.schedule), "name"):
            yield Fault(fault.allowed, ("schedule", *fault.path), fault.value)
        targets = (self.cpu_percent, self.memory_percent, self.requests_per_target)
        if self.enabled and not any(targets) and not self.schedule:
            nothing = "false, or a target above 0, or a `schedule`: there is nothing to scale by"
            yield Fault(nothing, ("enabled",), True)


def _without_room(fewest: int, most: int) -> Iterator[Fault]:
    if fewest > most:
        yield Fault(f"at most the `max-count`, {most}", ("min-count",), fewest)
