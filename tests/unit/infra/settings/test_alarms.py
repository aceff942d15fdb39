"""Rules for the alarms that take a deployment back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.infra.settings_fixtures import refuses, settings_of


def alarms(**changes: Any) -> dict[str, Any]:
    return {"alarms": {name.replace("_", "-"): value for name, value in changes.items()}}


def test_every_service_has_alarms_by_default() -> None:
    settings = settings_of({"multidev": ["alice"]})

    assert all(service.alarms.enabled for service in settings.services)
    assert not settings_of(alarms(enabled=False)).main.alarms.enabled


def test_default_alarms_go_off_within_the_default_canary() -> None:
    settings = settings_of({"rollout": {"strategy": "canary"}}).main

    assert settings.alarms.periods in (2, 3)
    # Metrics of a load balancer come a minute or two late.
    assert (
        settings.alarms.periods * settings.alarms.period_seconds <= (settings.rollout.canary_minutes - 2) * 60
    )


def test_an_external_alarm_suffices_without_thresholds() -> None:
    config = alarms(error_percent=0, p99_milliseconds=0, unhealthy_tasks=0, extra=["queue"])

    assert settings_of(config).main.alarms.enabled


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (alarms(period_seconds=30), "alarms.period-seconds … one of 60, 120"),
        (alarms(extra=[""]), "alarms.extra[0] … the name of an alarm"),
        (alarms(extra=["a", "a"]), "alarms.extra[1] … each once"),
        (alarms(p99_seconds=1), "alarms.p99-seconds … the nearest is `p99-milliseconds`"),
        (
            alarms(error_percent=0, p99_milliseconds=0, unhealthy_tasks=0),
            "alarms.enabled = true: … there is no alarm left",
        ),
        ({**alarms(periods=11), "rollout": {"strategy": "canary"}}, "alarms.periods … longer than the 10"),
        (
            {
                **alarms(period_seconds=300, periods=3),
                "rollout": {"strategy": "blue-green", "bake-minutes": 14},
            },
            "alarms.periods … longer than the 14 minutes (`rollout.bake-minutes`)",
        ),
        ({**alarms(periods=26), "rollout": {"strategy": "linear"}}, "alarms.periods … the linear deployment"),
    ],
)
def test_invalid_alarms_are_refused(config: dict[str, Any], message: str) -> None:
    refuses(config, message)


def test_alarms_of_a_rolling_service_may_be_slow() -> None:
    """ECS itself waits for as long as they take."""
    assert settings_of(alarms(periods=60)).main.alarms.enabled
