"""Scheduled tasks of a service."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import Field

from infra.settings.clock_times import Cron, Moment, Rate, TimeZone
from infra.settings.faults import Fault
from infra.settings.model import Model, Pattern, Word
from infra.settings.names import DNS_LABEL, LONGEST_SERVICE_NAME
from infra.settings.variables import AppEnvironment

# A schedule's name has 64 characters: the service's, a hyphen, this one, and Pulumi's random suffix of 8.
# https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
_LONGEST_NAME: Final = 64 - LONGEST_SERVICE_NAME - 1 - 8
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html, `overrides`
_LARGEST_OVERRIDES: Final = 8192

ScheduleName = Annotated[
    str,
    Pattern(
        f"{DNS_LABEL.description.rpartition(',')[0]}, at most {_LONGEST_NAME} characters",
        rf"(?=.{{1,{_LONGEST_NAME}}}$){DNS_LABEL.pattern}",
    ),
]


class Schedule(Model):
    """A time at which tasks of the service start, and their command and environment."""

    cron: Cron | None = None
    """Times by the calendar; one of `cron`, `rate` and `at` is required."""
    rate: Rate | None = None
    """Regular interval, from the deployment on."""
    at: Moment | None = None
    """Once."""
    time_zone: TimeZone = "UTC"
    """Time zone of `cron` and `at`; EventBridge Scheduler follows its daylight saving time."""
    command: tuple[Word, ...] = ()
    """Command of the app's container; empty for the service's own."""
    environment: AppEnvironment = Field(default_factory=dict)
    """Environment variables that are added to the service's or replace them; in plain text."""
    count: int = Field(default=1, ge=1, le=10)
    """How many tasks start each time."""
    window_minutes: int = Field(default=0, ge=0, le=1440)
    """Minutes by which a start may be late, to spread load; 0 for on time."""
    retries: int = Field(default=3, ge=0, le=185)
    """How often a start that AWS refuses is retried; a task that has started is never repeated."""
    max_age_seconds: int = Field(default=3600, ge=60, le=86_400)
    """Seconds after its time for which a start is retried."""
    dead_letters: bool = True
    """Whether starts that were given up are kept in an SQS queue, for 14 days."""
    enabled: bool = True
    """Whether it starts tasks; false keeps the schedule."""

    @property
    def expression(self) -> str:
        """The time, as EventBridge Scheduler accepts it."""
        times = {"cron": self.cron, "rate": self.rate, "at": self.at}
        return next(f"{form}({time})" for form, time in times.items() if time is not None)

    def overrides(self, container: str) -> dict[str, Any]:
        """Return the `overrides` of ECS's RunTask for the service's container; empty for none."""
        return overrides(container, self.command, self.environment)

    def _rules(self) -> Iterator[Fault]:
        if [self.cron, self.rate, self.at].count(None) != 2:  # noqa: PLR2004 - all but one
            yield Fault((), "one of `cron`, `rate` and `at`, and no more")
        size = len(json.dumps(self.overrides("x" * LONGEST_SERVICE_NAME)))
        if size > _LARGEST_OVERRIDES:
            takes = (
                f"`command` and `environment` take {size} characters, and ECS accepts {_LARGEST_OVERRIDES}"
            )
            yield Fault(("command",), f"less: {takes}")


def overrides(
    container: str, command: Sequence[str], environment: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the `overrides` of ECS's RunTask for a container; empty for none."""
    own: dict[str, Any] = {}
    if command:
        own["command"] = list(command)
    if environment:
        own["environment"] = [{"name": name, "value": environment[name]} for name in sorted(environment)]
    return {"containerOverrides": [{"name": container, **own}]} if own else {}
