"""Schedules: when they run, allowed values, and inheritance by copies."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import Schedule
from tests.unit.infra.settings_fixtures import refuses, settings_of

NIGHTLY = {"cron": "0 3 * * ? *", "time-zone": "Europe/Berlin", "command": ["node", "clean-up.js"]}


def scheduled(**changes: Any) -> dict[str, Any]:
    own = {name.replace("_", "-"): value for name, value in changes.items()}
    return {"schedules": {"nightly": own}}


@pytest.mark.parametrize(
    ("said", "expression"),
    [
        ({"cron": "0 3 * * ? *"}, "cron(0 3 * * ? *)"),
        ({"cron": "0/15 8-18 ? JAN,JUN 2#1 2027-2030"}, "cron(0/15 8-18 ? JAN,JUN 2#1 2027-2030)"),
        ({"rate": "15 minutes"}, "rate(15 minutes)"),
        ({"rate": "1 hour"}, "rate(1 hour)"),
        ({"at": "2027-01-31T08:30:00"}, "at(2027-01-31T08:30:00)"),
    ],
)
def test_a_schedule_has_cron_rate_or_at(said: dict[str, Any], expression: str) -> None:
    assert settings_of(scheduled(**said)).main.schedules["nightly"].expression == expression


def test_a_schedule_overrides_command_and_environment() -> None:
    said = scheduled(rate="1 day", command=["node", "report.js"], environment={"LEVEL": 3, "A": "b"})

    assert settings_of(said).main.schedules["nightly"].overrides("web") == {
        "containerOverrides": [
            {
                "name": "web",
                "command": ["node", "report.js"],
                "environment": [{"name": "A", "value": "b"}, {"name": "LEVEL", "value": "3"}],
            }
        ]
    }


def test_a_schedule_without_a_command_overrides_nothing() -> None:
    assert settings_of(scheduled(rate="1 day")).main.schedules["nightly"].overrides("web") == {}


def test_defaults_retry_for_an_hour_and_keep_failed_starts() -> None:
    assert settings_of(scheduled(rate="1 day")).main.schedules == {
        "nightly": Schedule(
            rate="1 day", time_zone="UTC", retries=3, max_age_seconds=3600, dead_letters=True, enabled=True
        )
    }


def test_copies_do_not_inherit_schedules() -> None:
    """Three copies of dev would send the nightly report four times."""
    own = {"hourly": {"rate": "1 hour"}}
    alice = {"name": "alice", "schedules": own}

    settings = settings_of({"schedules": {"nightly": NIGHTLY}, "multidev": [alice, "bob"]})

    assert {one.name: list(one.schedules) for one in settings.services} == {
        "web": ["nightly"],
        "web-alice": ["hourly"],
        "web-bob": [],
    }


def test_public_variables_apply_to_schedules() -> None:
    said = {"environment": {"SITE_TOKEN": "a"}, "public-variables": ["SITE_TOKEN"]}
    config = {**said, **scheduled(rate="1 day", environment={"SITE_TOKEN": "b"})}

    assert settings_of(config).main.schedules["nightly"].environment == {"SITE_TOKEN": "b"}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (scheduled(), "schedules.nightly … one of `cron`, `rate` and `at`, and no more"),
        (scheduled(cron="0 3 * * ? *", rate="1 day"), "schedules.nightly … one of `cron`, `rate` and `at`"),
        (scheduled(cron="0 3 * * *"), "schedules.nightly.cron … six fields"),
        (scheduled(cron="0 24 * * ? *"), "schedules.nightly.cron … six fields"),
        (scheduled(rate="1 minutes"), "schedules.nightly.rate … such as 15 minutes; of one, 1 hour"),
        (scheduled(rate="0 minutes"), "schedules.nightly.rate … a whole number above 0"),
        (scheduled(rate="30 seconds"), "schedules.nightly.rate … minutes, hours or days"),
        (scheduled(at="2027-01-31 08:30"), "schedules.nightly.at … such as 2027-01-31T08:30:00"),
        (scheduled(at="2027-02-31T08:30:00"), "schedules.nightly.at … a date and time"),
        (scheduled(rate="1 day", time_zone="Europe/Berln"), "schedules.nightly.time-zone … is Europe/Berlin"),
        (scheduled(rate="1 day", count=11), "schedules.nightly.count … from 1 to 10"),
        (scheduled(rate="1 day", retries=186), "schedules.nightly.retries … from 0 to 185"),
        (scheduled(rate="1 day", max_age_seconds=59), "schedules.nightly.max-age-seconds … from 60 to 86400"),
        (scheduled(rate="1 day", window_minutes=1441), "schedules.nightly.window-minutes … from 0 to 1440"),
        (scheduled(rate="1 day", comand=["x"]), "schedules.nightly.comand … the nearest is `command`"),
        (
            scheduled(rate="1 day", environment={"AWS_ACCESS_KEY_ID": "hunter2"}),
            "schedules.nightly.environment.AWS_ACCESS_KEY_ID = [secret]: … task role",
        ),
        (
            scheduled(rate="1 day", environment={"PORT": "80"}),
            "schedules.nightly.environment.PORT … the task definition sets this one itself",
        ),
        (
            scheduled(rate="1 day", environment={"DB_PASSWORD": "hunter2"}),
            "schedules.nightly.environment.DB_PASSWORD = [secret]: … a value that everybody may see",
        ),
        (
            {**scheduled(rate="1 day", environment={"LEVEL": "3"}), "secrets": {"LEVEL": "/app/level"}},
            "schedules.nightly.environment.LEVEL … none in `secrets`, which sets it too",
        ),
        (
            {**scheduled(rate="1 day"), "volumes": {"data": {"path": "/data", "ebs": True}}},
            'schedules = "nightly": … no `ebs` for data: EventBridge Scheduler starts no task with such a volume',
        ),
        (scheduled(rate="1 day", command=["x" * 9000]), "schedules.nightly.command = … ECS accepts 8192"),
        ({"schedules": {"a" * 32: {"rate": "1 day"}}}, f"schedules.{'a' * 32}: … at most 31 characters"),
    ],
)
def test_invalid_schedules_are_refused(config: dict[str, Any], message: str) -> None:
    refuses(config, message)
