"""Autoscaling, by load and by schedule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydantic import Field

from infra.settings.clock_times import Cron, TimeZone
from infra.settings.faults import Fault, repeated
from infra.settings.model import Model
from infra.settings.names import DnsLabel

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
MOST_TASKS: Final = 5000


class ScheduledCapacity(Model):
    """Bounds that apply from a point in time on, until the next one."""

    name: DnsLabel
    """Name of the action."""
    cron: Cron
    """When."""
    min_count: int = Field(ge=0, le=MOST_TASKS)
    """Fewest tasks from then on."""
    max_count: int = Field(ge=0, le=MOST_TASKS)
    """Most tasks from then on."""

    def _rules(self) -> Iterator[Fault]:
        yield from self.ordered("min-count", "max-count")


class AutoscalingSettings(Model):
    """Bounds for the number of tasks, and what moves it between them; a target of 0 is none."""

    enabled: bool = False
    """Whether load or a schedule changes the number of tasks; `desired-count` is then only the number with
    which a new service starts."""
    # Without tasks there are no metrics that could start one: only a schedule may go to 0.
    min_count: int = Field(default=1, ge=1, le=MOST_TASKS)
    """Fewest tasks."""
    max_count: int = Field(default=4, ge=1, le=MOST_TASKS)
    """Most tasks."""
    cpu_percent: int = Field(default=60, ge=0, le=100)
    """Percent of CPU to keep the tasks at."""
    memory_percent: int = Field(default=75, ge=0, le=100)
    """Percent of memory to keep the tasks at."""
    requests_per_target: int = Field(default=0, ge=0, le=10**9)
    """Requests per task and minute to keep."""
    scale_in_seconds: int = Field(default=300, ge=0, le=3600)
    """Pause after tasks were stopped."""
    scale_out_seconds: int = Field(default=60, ge=0, le=3600)
    """Pause after tasks were started."""
    time_zone: TimeZone = "UTC"
    """Time zone of the schedule."""
    schedule: tuple[ScheduledCapacity, ...] = ()
    """Bounds at set times."""

    @property
    def counts(self) -> range:
        """The possible numbers of tasks."""
        least = min([self.min_count, *(action.min_count for action in self.schedule)])
        return range(least, self.max_count + 1)

    def _rules(self) -> Iterator[Fault]:
        yield from self.ordered("min-count", "max-count")
        for fault in repeated((action.name for action in self.schedule), "name"):
            yield fault.below("schedule")
        targets = (self.cpu_percent, self.memory_percent, self.requests_per_target, self.schedule)
        if self.enabled and not any(targets):
            yield Fault(
                ("enabled",), "false, or a target above 0, or a `schedule`: there is nothing to scale by"
            )
