"""CloudWatch alarms that roll a deployment back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from infra.settings.faults import Fault
from infra.settings.model import ONCE, Model, Pattern

_AlarmName = Annotated[str, Pattern("the name of an alarm, 1 to 255 characters", r"[^\x00-\x1f]{1,255}")]


class AlarmSettings(Model):
    """Alarms that roll a deployment back; a threshold of 0 is none."""

    enabled: bool = True
    """Whether there are alarms."""
    error_percent: int = Field(default=5, ge=0, le=100)
    """Percent of the requests that may fail."""
    minimum_requests: int = Field(default=20, ge=1, le=10**9)
    """Fewest requests in a period for which the share of errors counts."""
    p99_milliseconds: int = Field(default=2000, ge=0, le=4_000_000)
    """99th percentile of the response time."""
    unhealthy_tasks: int = Field(default=1, ge=0, le=5000)
    """Tasks that fail their health checks."""
    # Load balancers publish their metrics once a minute.
    period_seconds: Literal[60, 120, 180, 240, 300] = 60
    """Length of a period."""
    periods: int = Field(default=3, ge=1, le=60)
    """Periods in a row until an alarm goes off."""
    extra: Annotated[tuple[_AlarmName, ...], ONCE] = ()
    """Names of alarms of your own."""

    @property
    def seconds(self) -> int:
        """How long an alarm takes to go off."""
        return self.period_seconds * self.periods

    def _rules(self) -> Iterator[Fault]:
        if self.enabled and not any(
            (self.error_percent, self.p99_milliseconds, self.unhealthy_tasks, self.extra)
        ):
            left = "false, or a threshold above 0, or a name in `extra`: there is no alarm left"
            yield Fault(("enabled",), left)
