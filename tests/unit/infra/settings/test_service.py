"""Rules for the main service."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.infra.settings_fixtures import fault_of, faults_of, refuses, settings_of

SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf"
RESERVED = (
    "PORT",
    "ENVIRONMENT",
    "SERVICE_NAME",
    "IMAGE_VERSION",
    "IDLE_TIMEOUT_SECONDS",
    "STOP_TIMEOUT_SECONDS",
)
BUCKET = "arn:aws:s3:::reports/*"


def statement(actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {"task-role-statements": [{"actions": actions, "resources": resources}]}


def rolling(count: int, minimum: int, maximum: int) -> dict[str, int]:
    return {
        "desired-count": count,
        "deployment-minimum-healthy-percent": minimum,
        "deployment-maximum-percent": maximum,
    }


@pytest.mark.parametrize(("config", "host"), [({}, None), ({"domain": "dev.example.com"}, "dev.example.com")])
def test_the_main_service_has_the_domain_and_the_last_priority(
    config: dict[str, str], host: str | None
) -> None:
    main = settings_of(config).main

    assert (main.name, main.host, main.path_prefix, main.priority, main.image) == (
        "web",
        host,
        None,
        50_000,
        None,
    )


def test_variables_beyond_the_size_of_a_task_definition_are_refused() -> None:
    """AWS ends all of it at 64 KiB, and says so only when it is registered."""
    fault = fault_of({"environment": {f"V{number}": "x" * 1000 for number in range(60)}})

    assert fault.startswith('environment = "60 variables": fewer or shorter ones: with `secrets` they take 6')
    assert "a task definition has at most 65536" in fault
    assert settings_of({"environment": {f"V{number}": "x" * 1000 for number in range(58)}})


@pytest.mark.parametrize(
    ("config", "vcpus"),
    [
        ({"cpu": 1024, "memory": 2048, "desired-count": 3, "rollout": {"strategy": "canary"}}, 6),
        ({"cpu": 256, "desired-count": 2}, 1),
        ({"cpu": 512, "memory": 1024, "autoscaling": {"enabled": True, "max-count": 12}}, 12),
        ({"cpu": 256, "desired-count": 2, "deployment-maximum-percent": 150, "multidev": ["alice"]}, 1.5),
    ],
)
def test_most_vcpus_include_scaling_and_deployments(config: dict[str, Any], vcpus: float) -> None:
    """A new account has a quota of 6, and a deployment that it stops half way is hard to read."""
    assert settings_of(config).most_vcpus == vcpus


@pytest.mark.parametrize(
    ("actions", "resources"), [(["s3:*"], [BUCKET]), (["xray:PutTraceSegments"], ["*"]), (["s3:Get*"], ["*"])]
)
def test_a_statement_may_have_all_actions_or_all_resources(actions: list[str], resources: list[str]) -> None:
    assert len(settings_of(statement(actions, resources)).main.task_role_statements) == 1


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_percentages_that_allow_a_deployment_are_accepted(count: int) -> None:
    assert settings_of(rolling(count, 100, 200)).main.desired_count == count
    assert settings_of(rolling(count, 0, 101)).main.desired_count == count


@pytest.mark.parametrize(
    ("count", "minimum", "maximum", "enough"),
    [(1, 100, 199, 200), (1, 1, 150, 200), (2, 100, 149, 150), (2, 51, 101, 150), (3, 100, 133, 134)],
)
def test_percentages_that_block_a_deployment_are_refused_with_the_minimum(
    count: int, minimum: int, maximum: int, enough: int
) -> None:
    fault = fault_of(rolling(count, minimum, maximum))

    assert fault.startswith(f"deployment-maximum-percent = {maximum}: {enough} or more, or a lower ")
    assert f"with a minimum of {minimum} and a desired count of {count}" in fault
    assert settings_of(rolling(count, minimum, enough)).main.deployment_maximum_percent == enough


@pytest.mark.parametrize(("key", "value"), [("environment", "x"), ("secrets", SECRET)])
def test_variables_that_the_task_definition_sets_are_refused(key: str, value: str) -> None:
    assert faults_of({key: dict.fromkeys(RESERVED, value)}) == [
        f'{key}.{name} = "{value}": another name; the task definition sets this one itself'
        for name in RESERVED
    ]


def test_credentials_are_refused_and_hidden() -> None:
    names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "ECS_ENGINE_AUTH_DATA"]

    assert faults_of({"environment": dict.fromkeys(names, "hunter2")}) == [
        f"environment.{name} = [secret]: no credentials, the app gets its own from the task role: see "
        "`task-role-statements`"
        for name in names
    ]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"name": "a" * 17}, "name … at most 16 characters"),
        ({"name": "Web"}, "name … lowercase letters"),
        ({"name": "web-"}, "name … no hyphen at the edges"),
        ({"name": ""}, "name … at most 16 characters"),
        ({"cpu": "big"}, "cpu … a whole number from 128"),
        ({"user": "root"}, "user … not root and not 0"),
        ({"user": "root:node"}, "user … not root and not 0"),
        ({"user": 0}, 'user = "0": … not root and not 0'),
        ({"user": "00:1000"}, "user … not root and not 0"),
        ({"user": "a b"}, "user … a name or uid, with :group"),
        ({"user": ""}, "user … a name or uid"),
        ({"health-check-path": "readyz"}, "health-check-path … begins with /"),
        ({"health-check-path": "/a b"}, "health-check-path … without spaces"),
        ({"health-check-path": "/a#b"}, "health-check-path … and #"),
        ({"health-check-command": ["node", "x.js"]}, "health-check-command … CMD or CMD-SHELL"),
        ({"health-check-command": ["CMD"]}, "health-check-command … or [] for none"),
        (
            {"log-retention-days": 8},
            "log-retention-days … one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653",
        ),
        ({"environment": {"1A": "x"}}, "environment.1A: … no digit at the beginning"),
        ({"environment": {"A-B": "x"}}, "environment.A-B: … letters, digits and underscores"),
        ({"secrets": {"A B": SECRET}}, "secrets.A B: … letters, digits and underscores"),
        ({"secrets": {"DB": "hunter2"}}, "secrets.DB = [secret]: … the full ARN of a Secrets Manager secret"),
        ({"environment": {"DB": "x"}, "secrets": {"DB": SECRET}}, "environment.DB … or none in `secrets`"),
        (statement([], [BUCKET]), "task-role-statements[0].actions … at least one item"),
        (statement(["s3:GetObject"], []), "task-role-statements[0].resources … at least one"),
        (statement(["*"], [BUCKET]), "task-role-statements[0].actions[0] … more than any app needs"),
        (statement(["*:*"], [BUCKET]), "task-role-statements[0].actions[0] … such as s3:GetObject"),
        (statement(["GetObject"], [BUCKET]), "task-role-statements[0].actions[0] … s3:GetObject"),
        (statement(["s3:GetObject"], ["reports"]), "task-role-statements[0].resources[0] … an ARN, or `*`"),
        (statement(["s3:*"], ["*"]), "task-role-statements[0].resources[0] … s3:* on everything is too much"),
        (
            statement(["s3:*"], ["arn:aws:s3:::*"]),
            "task-role-statements[0].resources[0] … s3:* on everything is too much",
        ),
    ],
)
def test_invalid_services_are_refused(config: dict[str, Any], message: str) -> None:
    refuses(config, message)
