"""Rules for the number of tasks by load and by time."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import ScheduledCapacity, clock_times
from tests.unit.infra.settings_fixtures import refuses, settings_of

MORNING = {"name": "morning", "cron": "0 8 ? * MON-FRI *", "min-count": 1, "max-count": 4}
EVENING = {"name": "evening", "cron": "0 19 ? * MON-FRI *", "min-count": 0, "max-count": 0}


def scaled(count: int = 1, **changes: Any) -> dict[str, Any]:
    own = {name.replace("_", "-"): value for name, value in changes.items()}
    return {"desired-count": count, "autoscaling": {"enabled": True, **own}}


def test_autoscaling_is_off_by_default() -> None:
    assert not settings_of({}).main.autoscaling.enabled
    assert not settings_of({"autoscaling": {"max-count": 9}}).main.autoscaling.enabled


def test_a_schedule_may_scale_to_zero() -> None:
    settings = settings_of(scaled(time_zone="Europe/Berlin", schedule=[MORNING, EVENING])).main.autoscaling

    assert settings.time_zone == "Europe/Berlin"
    assert settings.schedule == (
        ScheduledCapacity(name="morning", cron="0 8 ? * MON-FRI *", min_count=1, max_count=4),
        ScheduledCapacity(name="evening", cron="0 19 ? * MON-FRI *", min_count=0, max_count=0),
    )


def test_a_schedule_suffices_without_targets() -> None:
    assert settings_of(scaled(cpu_percent=0, memory_percent=0, schedule=[EVENING])).main.autoscaling.enabled


@pytest.mark.parametrize("count", [2, 3, 5])
def test_desired_count_may_be_anywhere_within_the_bounds(count: int) -> None:
    assert settings_of(scaled(count, min_count=2, max_count=5)).main.desired_count == count


def test_a_copy_inherits_autoscaling_key_by_key() -> None:
    alice = {"name": "alice", "autoscaling": {"max-count": 2}}
    bob = {"name": "bob", "autoscaling": {"enabled": False}, "desired-count": 9}

    settings = settings_of({**scaled(time_zone="Europe/Berlin"), "multidev": [alice, bob, "carol"]})
    of = {service.name: service.autoscaling for service in settings.services}

    assert of["web-carol"] == of["web"]
    assert not of["web-bob"].enabled
    assert (of["web-alice"].max_count, of["web-alice"].time_zone) == (2, "Europe/Berlin")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (scaled(1, min_count=2), "desired-count … from 2 to 4, the bounds of `autoscaling`"),
        (scaled(min_count=5), "autoscaling.min-count … at most the `max-count`, 4"),
        (scaled(cpu_percent=0, memory_percent=0), "autoscaling.enabled … nothing to scale by"),
        (scaled(time_zone="Europe/Berln"), "autoscaling.time-zone … is Europe/Berlin"),
        (scaled(time_zone=""), "autoscaling.time-zone … a time zone"),
        (
            scaled(schedule=[{**EVENING, "min-count": 1}]),
            "autoscaling.schedule[0].min-count … at most the `max-count`, 0",
        ),
        (scaled(schedule=[EVENING, EVENING]), "autoscaling.schedule[1].name … each once"),
        (
            scaled(schedule=[{**EVENING, "cron": "0 19 * * MON-FRI"}]),
            "autoscaling.schedule[0].cron … six fields",
        ),
        (
            scaled(schedule=[{**EVENING, "cron": "0 19 * * MON-FRI *"}]),
            "autoscaling.schedule[0].cron … with ? for one of the days",
        ),
        (scaled(schedule=[{**EVENING, "at": "19:00"}]), "autoscaling.schedule[0].at … there is no such key"),
        (
            {
                **scaled(4, schedule=[{**MORNING, "min-count": 1}], min_count=4),
                "deployment-maximum-percent": 150,
                "deployment-minimum-healthy-percent": 100,
            },
            "deployment-maximum-percent … a desired count of 1",
        ),
    ],
)
def test_invalid_autoscaling_is_refused(config: dict[str, Any], message: str) -> None:
    refuses(config, message)


def test_time_zones_are_not_checked_on_a_machine_without_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slim images have none; AWS looks again."""
    monkeypatch.setattr(clock_times, "available_timezones", set)

    assert settings_of(scaled(time_zone="Europe/Berlin")).main.autoscaling.enabled
