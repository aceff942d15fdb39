"""Rules for the number of tasks that follows from load and time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from zoneinfo import available_timezones

from infra.config.names import DNS_LABEL, DNS_LABEL_FORM
from infra.config.record import nearest
from infra.settings import AutoscalingSettings, ScheduledCapacity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.config.faults import Faults
    from infra.config.record import Record

_KEY: Final = "autoscaling"
_FIELDS: Final = ("name", "cron", "min-count", "max-count")
# Minutes, hours, day of month, month, day of week, year; of the two days one has to be a question mark.
# https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
_CRON_FIELD: Final = r"[0-9A-Za-z*,/#-]+"
_CRON: Final = re.compile(
    rf"{_CRON_FIELD} {_CRON_FIELD} (?:\? {_CRON_FIELD} {_CRON_FIELD}|{_CRON_FIELD} {_CRON_FIELD} \?) "
    rf"{_CRON_FIELD}"
)
_CRON_FORM: Final = (
    "six fields, minute hour day-of-month month day-of-week year, with ? for one of the days: "
    "0 8 ? * MON-FRI *"
)


def read_autoscaling(config: Record) -> AutoscalingSettings | None:
    """Read the main service's autoscaling; None where it is switched off."""
    return _read(config.section(_KEY))


def read_copys_autoscaling(
    entry: Record, config: Record, main: AutoscalingSettings | None
) -> AutoscalingSettings | None:
    """Read a copy's autoscaling: the main service's, but for what the copy says itself."""
    if not entry.has(_KEY) or entry.faults.found_at(_KEY):
        return main
    defaults: Mapping[str, object] = config.section(_KEY).values
    return _read(entry.section(_KEY, defaults=defaults))


def check_count(faults: Faults, key: str, count: int, autoscaling: AutoscalingSettings | None) -> None:
    """Refuse a number to begin with that autoscaling would change at once."""
    if autoscaling is None or faults.found_at(key, "desired-count", _KEY):
        return
    if not autoscaling.min_count <= count <= autoscaling.max_count:
        faults.add(
            key,
            count,
            f"from {autoscaling.min_count} to {autoscaling.max_count}, the bounds of `{_KEY}`",
        )


def _read(entry: Record) -> AutoscalingSettings | None:
    faults = entry.faults
    enabled = entry.flag("enabled")
    settings = AutoscalingSettings(
        # Of no tasks nothing is measured, so nothing would ever start one: only a schedule may go to 0.
        min_count=entry.whole("min-count", 1),
        max_count=entry.whole("max-count", 1),
        cpu_percent=entry.whole("cpu-percent", 0, 100),
        memory_percent=entry.whole("memory-percent", 0, 100),
        requests_per_target=entry.whole("requests-per-target", 0),
        scale_in_seconds=entry.whole("scale-in-seconds", 0, 3600),
        scale_out_seconds=entry.whole("scale-out-seconds", 0, 3600),
        time_zone=_read_time_zone(entry),
        schedule=_read_schedule(entry),
    )
    _check_bounds(entry, settings.min_count, settings.max_count)
    if not enabled:
        return None
    targets = (settings.cpu_percent, settings.memory_percent, settings.requests_per_target)
    if not any(targets) and not settings.schedule and not faults.found_at(entry.key("schedule")):
        faults.add(
            entry.key("enabled"),
            True,
            "false, or a target above 0, or a `schedule`: there is nothing to scale by",
        )
    return settings


def _check_bounds(entry: Record, minimum: int, maximum: int) -> None:
    if minimum > maximum and not entry.faults.found_at(entry.key("min-count"), entry.key("max-count")):
        entry.faults.add(entry.key("min-count"), minimum, f"at most the `max-count`, {maximum}")


def _read_time_zone(entry: Record) -> str:
    zone = entry.text("time-zone", allowed="a time zone such as Europe/Berlin")
    known = available_timezones()
    # A machine may have no list of time zones at all; AWS has one and looks again.
    if known and zone and zone not in known:
        entry.faults.add(
            entry.key("time-zone"),
            zone,
            f"a time zone such as Europe/Berlin; the nearest is {nearest(zone, sorted(known))}",
        )
    return zone


def _read_schedule(entry: Record) -> tuple[ScheduledCapacity, ...]:
    actions: list[ScheduledCapacity] = []
    for action in entry.records("schedule", _FIELDS):
        name = action.text("name", allowed=DNS_LABEL_FORM, pattern=DNS_LABEL)
        if any(name == other.name for other in actions) and not action.faults.found_at(action.key("name")):
            action.faults.add(action.key("name"), name, "each name once")
        minimum, maximum = action.whole("min-count", 0), action.whole("max-count", 0)
        _check_bounds(action, minimum, maximum)
        actions.append(
            ScheduledCapacity(
                name=name,
                cron=action.text("cron", allowed=_CRON_FORM, pattern=_CRON),
                min_count=minimum,
                max_count=maximum,
            )
        )
    return tuple(actions)
