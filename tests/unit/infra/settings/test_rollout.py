"""Rules for how a new version takes over."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import RolloutHook
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
