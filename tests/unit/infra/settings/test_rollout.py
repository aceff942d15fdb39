"""How a new version replaces the old one: migration before, strategy and hooks, alarms that roll it back."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import Migration, RolloutHook
from tests.unit.infra.settings_fixtures import faults_of, refuses, settings_of

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:check"
HOOKS = [
    {"stages": ["POST_SCALE_UP", "POST_TEST_TRAFFIC_SHIFT"], "timeout-minutes": 30},
    {"stages": ["POST_SCALE_UP"], "lambda-arn": FUNCTION},
]


def rollout(**changes: Any) -> dict[str, Any]:
    return {"rollout": {name.replace("_", "-"): value for name, value in changes.items()}}


def test_missing_keys_have_their_defaults() -> None:
    """The rest is what `Pulumi.yaml` has."""
    linear = settings_of(rollout(strategy="linear", step_percent=50)).main.rollout

    assert (linear.step_percent, linear.step_minutes, linear.bake_minutes) == (50, 5, 5)


@pytest.mark.parametrize("strategy", ["canary", "linear", "blue-green"])
def test_strategies_other_than_rolling_have_two_target_groups(strategy: str) -> None:
    settings = settings_of(rollout(strategy=strategy))

    assert settings.main.rollout.has_two_target_groups
    assert settings.shifts_traffic


def test_a_rolling_service_may_have_two_target_groups() -> None:
    settings = settings_of(rollout(two_target_groups=True))

    assert settings.main.rollout.strategy == "rolling"
    assert settings.shifts_traffic


@pytest.mark.parametrize(
    ("changes", "shift", "planned"),
    [
        ({"strategy": "rolling"}, 0, 0),
        ({"strategy": "canary", "canary_minutes": 7, "bake_minutes": 3}, 7, 10),
        ({"strategy": "linear", "step_percent": 20, "step_minutes": 5, "bake_minutes": 5}, 20, 25),
        ({"strategy": "linear", "step_percent": 30, "step_minutes": 5, "bake_minutes": 5}, 15, 20),
        ({"strategy": "blue-green", "bake_minutes": 3}, 0, 3),
        ({"strategy": "blue-green", "bake_minutes": 3, "hooks": HOOKS}, 0, 63),
    ],
)
def test_planned_minutes_follow_from_the_strategy(changes: dict[str, Any], shift: int, planned: int) -> None:
    settings = settings_of({**rollout(**changes), "alarms": {"enabled": False}}).main.rollout

    assert (settings.shift_minutes, settings.planned_minutes) == (shift, planned)


def test_a_hook_pauses_or_calls_a_function() -> None:
    hooks = [
        {"stages": ["POST_TEST_TRAFFIC_SHIFT"]},
        {"stages": ["PRE_SCALE_UP"], "timeout-minutes": 5, "on-timeout": "continue"},
        {"stages": ["TEST_TRAFFIC_SHIFT"], "lambda-arn": FUNCTION, "details": '{"a": 1}'},
    ]

    assert settings_of(rollout(strategy="canary", hooks=hooks)).main.rollout.hooks == (
        RolloutHook(
            stages=("POST_TEST_TRAFFIC_SHIFT",),
            lambda_arn=None,
            details=None,
            timeout_minutes=60,
            on_timeout="rollback",
        ),
        RolloutHook(
            stages=("PRE_SCALE_UP",), lambda_arn=None, details=None, timeout_minutes=5, on_timeout="continue"
        ),
        RolloutHook(stages=("TEST_TRAFFIC_SHIFT",), lambda_arn=FUNCTION, details='{"a": 1}'),
    )


def hook(**fields: Any) -> dict[str, Any]:
    return rollout(
        strategy="canary", hooks=[{name.replace("_", "-"): value for name, value in fields.items()}]
    )


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"rollout": "canary"}, "rollout … an object with strategy, two-target-groups"),
        (rollout(strategy="bluegreen"), "rollout.strategy … rolling, canary, linear"),
        (rollout(stratgy="canary"), "rollout.stratgy … the nearest is `strategy`"),
        (rollout(strategy="linear", step_percent=3, step_minutes=60), "rollout.step-minutes … traffic would"),
        (rollout(hooks=[{"stages": ["POST_SCALE_UP"]}]), 'rollout.hooks = "1 item": … only valid with'),
        (hook(stages=[]), "rollout.hooks[0].stages … at least one"),
        (hook(stages=["SCALE"]), "rollout.hooks[0].stages[0] … one of RECONCILE_SERVICE"),
        (hook(stages=["PRODUCTION_TRAFFIC_SHIFT"]), "rollout.hooks[0].stages[0] … a stage where ECS"),
        (hook(stages=["TEST_TRAFFIC_SHIFT"]), "rollout.hooks[0].stages[0] … a stage where ECS can pause"),
        (hook(stages=["PRE_SCALE_UP"], lambda_arn="check"), "rollout.hooks[0].lambda-arn … the ARN of"),
        (
            hook(stages=["PRE_SCALE_UP"], lambda_arn=FUNCTION, timeout_minutes=5),
            "rollout.hooks[0].timeout-minutes … only valid for a pause",
        ),
        (hook(stages=["PRE_SCALE_UP"], details="{}"), "rollout.hooks[0].details … only valid with a"),
        (
            hook(stages=["PRE_SCALE_UP"], on_timeout="stop"),
            "rollout.hooks[0].on-timeout … rollback, continue",
        ),
    ],
)
def test_invalid_rollouts_are_refused(config: dict[str, Any], message: str) -> None:
    refuses(config, message)


def test_all_faults_of_an_object_are_reported() -> None:
    faults = faults_of(rollout(strategy="canary", canary_percent=0, bake_minutes=-1, hook=[]))

    assert [fault.partition(" ")[0] for fault in faults] == [
        "rollout.canary-percent",
        "rollout.bake-minutes",
        "rollout.hook",
    ]


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


COMMAND = ["node", "migrate.js"]


def test_a_migration_has_a_command_and_fifteen_minutes() -> None:
    assert settings_of({"migration": {"command": COMMAND}}).main.migration == Migration(
        command=("node", "migrate.js"), timeout_minutes=15
    )


def test_copies_inherit_the_migration() -> None:
    """Each may run an image and a database of its own."""
    (copy,) = settings_of({"migration": {"command": COMMAND}, "multidev": ["alice"]}).multidev

    assert copy.migration is not None


@pytest.mark.parametrize(
    ("migration", "message"),
    [
        ("node migrate.js", "migration … an object with command"),
        ({"command": []}, "migration.command … a list with at least one item, each item text"),
        ({"timeout-minutes": 5}, "migration.command is missing: … a list"),
        ({"command": [""]}, "migration.command[0] … text that is not empty"),
        ({"command": COMMAND, "timeout-minutes": 0}, "migration.timeout-minutes … a whole number from 1"),
        ({"command": COMMAND, "timeout": 5}, "migration.timeout … no such key (of command, timeout-minutes)"),
    ],
)
def test_invalid_migrations_are_refused(migration: Any, message: str) -> None:
    refuses({"migration": migration}, message)
