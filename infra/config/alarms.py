"""Rules for the alarms that take a deployment back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from infra.settings import AlarmSettings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.config.faults import Faults
    from infra.config.record import Record
    from infra.settings import RolloutSettings, ServiceSettings

_KEY: Final = "alarms"
# Load balancers tell their metrics once a minute.
_PERIODS: Final = (60, 120, 180, 240, 300)
_ALARM_NAME: Final = re.compile(r"[^\x00-\x1f]{1,255}")


def read_alarms(config: Record) -> AlarmSettings | None:
    """Read the alarms of all services; None where they are switched off."""
    entry = config.section(_KEY)
    enabled = entry.flag("enabled")
    alarms = AlarmSettings(
        error_percent=entry.whole("error-percent", 0, 100),
        minimum_requests=entry.whole("minimum-requests", 1),
        p99_milliseconds=entry.whole("p99-milliseconds", 0),
        unhealthy_tasks=entry.whole("unhealthy-tasks", 0),
        period_seconds=entry.whole_of("period-seconds", _PERIODS),
        periods=entry.whole("periods", 1, 60),
        extra=entry.texts(
            "extra",
            allowed="the name of an alarm, 1 to 255 characters",
            pattern=_ALARM_NAME,
            unique=True,
        ),
    )
    if not enabled:
        return None
    thresholds = (alarms.error_percent, alarms.p99_milliseconds, alarms.unhealthy_tasks)
    if not any(thresholds) and not alarms.extra and not entry.faults.found_at(_KEY):
        entry.faults.add(
            entry.key("enabled"),
            True,
            "false, or a threshold above 0, or a name in `extra`: there is no alarm left",
        )
    return alarms


def check_alarms_come_in_time(faults: Faults, services: Iterable[ServiceSettings]) -> None:
    """Refuse alarms that would ring only when nobody waits for them any more."""
    if faults.found_at(_KEY, "rollout"):
        return
    for service in services:
        if service.alarms is None or service.rollout.strategy == "rolling":
            continue
        seconds = service.alarms.period_seconds * service.alarms.periods
        name, minutes = _watched(service.rollout)
        if seconds > minutes * 60:
            faults.add(
                "alarms.periods",
                service.alarms.periods,
                f"less: {service.alarms.periods} periods of {service.alarms.period_seconds} seconds are "
                f"longer than the {minutes} minutes ({name}) in which the {service.rollout.strategy} "
                f"deployment of {service.name} watches the new version",
            )
            return


def _watched(rollout: RolloutSettings) -> tuple[str, int]:
    """Return for how long the new version has users while the old one could still take over."""
    if rollout.strategy == "canary":
        return "`rollout.canary-minutes`", rollout.canary_minutes
    if rollout.strategy == "linear":
        return (
            "`rollout.step-minutes` for each step and `rollout.bake-minutes`",
            rollout.shift_minutes + rollout.bake_minutes,
        )
    return "`rollout.bake-minutes`", rollout.bake_minutes
