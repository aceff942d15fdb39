"""What runs, and what it may do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.service.task_definition import TaskDefinition
from infra.settings import Statement, variables
from tests.unit.infra.factories import (
    LOG_GROUP_ARN,
    REPOSITORY_ARN,
    held,
    image,
    service_settings,
    task_args,
)
from tests.unit.infra.fake_cloud import ACCOUNT, DIGEST, REGISTRY
from tests.unit.infra.recorder import Graph, declare, once

ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/rolePolicy:RolePolicy"
DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:db-AbCdEf"
PARAMETER = f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/app/key"
TMP = {"containerPath": "/tmp", "size": 64, "mountOptions": ["mode=1777", "nodev", "nosuid", "uid=1000"]}


@once
def _task(*, args: dict[str, Any] | None = None, **settings: Any) -> Graph:
    arguments = task_args(service_settings(**settings), **(args or {}))
    return declare(lambda: TaskDefinition("web", arguments, opts=held()))


def _container(graph: Graph) -> dict[str, Any]:
    (container,) = json.loads(graph.one(DEFINITION, "web").inputs["containerDefinitions"])
    return container


def _statements(graph: Graph, role: str) -> dict[str, dict[str, Any]]:
    policy = json.loads(graph.one(POLICY, role).inputs["policy"])
    return {statement.get("Sid", "own"): statement for statement in policy["Statement"]}


def _environment(graph: Graph) -> dict[str, str]:
    return {variable["name"]: variable["value"] for variable in _container(graph)["environment"]}


def test_the_container_has_no_more_than_it_needs() -> None:
    """No root, no capabilities, nothing to write to, a process that reaps, and time to finish."""
    container = _container(_task())

    assert container["image"] == f"{REGISTRY}/app@{DIGEST}"
    assert container["essential"] is True
    assert container["user"] == "1000"
    assert container["readonlyRootFilesystem"] is True
    assert container["linuxParameters"] == {
        "initProcessEnabled": True,
        "capabilities": {"add": [], "drop": ["ALL"]},
        "tmpfs": [TMP],
    }
    assert container["stopTimeout"] == 60
    assert container["portMappings"] == [{"containerPort": 3000, "protocol": "tcp"}]


def test_with_ecs_exec_its_agent_can_work_and_the_app_is_not_root_all_the_same() -> None:
    """It writes to the file system, and talks to Systems Manager by the app's role."""
    graph = _task(execute_command=True)
    container = _container(graph)

    assert container["readonlyRootFilesystem"] is False
    assert container["linuxParameters"] == {
        "initProcessEnabled": True,
        "capabilities": {"add": [], "drop": ["NET_RAW"]},
        "tmpfs": [TMP],
    }
    assert container["user"] == "1000"
    assert _statements(graph, "web-task") == {
        "ExecuteCommand": {
            "Sid": "ExecuteCommand",
            "Effect": "Allow",
            "Action": [
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            ],
            "Resource": "*",
        }
    }


def test_the_app_may_do_what_config_says_and_what_ecs_exec_needs_before_its_task_starts() -> None:
    """The first task would fail to pull, which the circuit breaker counts, or have an agent that gave up."""
    own = Statement(actions=("s3:GetObject",), resources=("arn:aws:s3:::reports/*",))
    graph = _task(execute_command=True, task_role_statements=(own,))
    statements = _statements(graph, "web-task")

    assert list(statements) == ["own", "ExecuteCommand"]
    assert statements["own"] == {
        "Effect": "Allow",
        "Action": ["s3:GetObject"],
        "Resource": ["arn:aws:s3:::reports/*"],
    }
    assert graph.one(POLICY, "web-task").inputs["role"] == "web-task-1a2b3c4"
    assert graph.names(POLICY) == ["web-execution", "web-task"]
    assert {policy.urn for policy in graph.all(POLICY)} <= graph.one(DEFINITION).dependencies


@pytest.mark.parametrize(("architecture", "name"), [("arm64", "ARM64"), ("x86_64", "X86_64")])
def test_the_task_is_a_fargate_one_of_the_size_and_processor_of_the_settings(
    architecture: str,
    name: str,
) -> None:
    inputs = _task(cpu=1024, memory=2048, architecture=architecture).one(DEFINITION).inputs

    assert (inputs["cpu"], inputs["memory"]) == ("1024", "2048")
    assert inputs["requiresCompatibilities"] == ["FARGATE"]
    assert inputs["networkMode"] == "awsvpc"
    assert inputs["runtimePlatform"] == {"operatingSystemFamily": "LINUX", "cpuArchitecture": name}


def test_the_app_learns_about_its_surroundings() -> None:
    environment = _environment(
        _task(container_port=8000, stop_timeout_seconds=45, environment={"LOG_LEVEL": "debug"})
    )

    assert environment == {
        "PORT": "8000",
        "ENVIRONMENT": "dev",
        "SERVICE_NAME": "web",
        "IMAGE_VERSION": "0123456789abcdef",
        "IDLE_TIMEOUT_SECONDS": "60",
        "STOP_TIMEOUT_SECONDS": "45",
        "LOG_LEVEL": "debug",
    }


def test_config_may_not_set_what_the_task_definition_sets() -> None:
    """The rule in the settings and what is set here are two lists of the same thing."""
    assert set(_environment(_task())) == variables.SET_BY_TASK_DEFINITION


def test_logs_go_to_the_stacks_group_under_the_services_name() -> None:
    assert _container(_task(name="web-alice"))["logConfiguration"] == {
        "logDriver": "awslogs",
        "options": {
            "awslogs-group": "logs",
            "awslogs-region": "us-east-1",
            "awslogs-stream-prefix": "web-alice",
            "mode": "non-blocking",
            "max-buffer-size": "25m",
        },
    }


def test_a_health_check_of_the_container_starts_after_the_grace_period() -> None:
    check = _container(_task(health_check_grace_period_seconds=90))["healthCheck"]

    assert check["command"] == ["CMD", "node", "health-check.js"]
    assert check["startPeriod"] == 90


def test_a_grace_period_longer_than_ecs_allows_for_a_container_is_cut() -> None:
    assert _container(_task(health_check_grace_period_seconds=900))["healthCheck"]["startPeriod"] == 300


def test_what_is_empty_is_left_out() -> None:
    """AWS leaves it out too; an empty list or variable would show as a change on every run."""
    graph = _task(command=(), secrets={}, health_check_command=(), environment={"EMPTY": "", "ZERO": "0"})

    assert {"command", "secrets", "healthCheck"} & _container(graph).keys() == set()
    assert "EMPTY" not in _environment(graph)
    assert _environment(graph)["ZERO"] == "0"


def test_a_command_replaces_the_images_own() -> None:
    assert _container(_task(command=("node", "other.js")))["command"] == ["node", "other.js"]


def test_ecs_alone_and_for_this_account_alone_may_take_the_roles() -> None:
    """Else another account could have ECS use them for its tasks."""
    graph = _task()

    for role in ("web-execution", "web-task"):
        (statement,) = json.loads(graph.one(ROLE, role).inputs["assumeRolePolicy"])["Statement"]
        assert statement == {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
            "Condition": {
                "StringEquals": {"aws:SourceAccount": ACCOUNT},
                "ArnLike": {"aws:SourceArn": f"arn:aws:ecs:us-east-1:{ACCOUNT}:*"},
            },
        }


def test_the_two_roles_are_not_mixed_up() -> None:
    """The app must not get what ECS needs to start it, least of all its secrets."""
    inputs = _task().one(DEFINITION).inputs

    assert "role/web-execution" in inputs["executionRoleArn"]
    assert "role/web-task" in inputs["taskRoleArn"]


def test_ecs_may_pull_this_image_and_write_these_logs() -> None:
    statements = _statements(_task(), "web-execution")

    assert statements.keys() == {"Log", "Pull", "LogIn"}
    assert statements["Log"]["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert statements["Log"]["Resource"] == f"{LOG_GROUP_ARN}:log-stream:web/*"
    assert statements["Pull"]["Resource"] == REPOSITORY_ARN
    assert statements["LogIn"]["Action"] == "ecr:GetAuthorizationToken"


def test_an_image_from_elsewhere_needs_no_rights_on_ecr() -> None:
    graph = _task(args={"image": image(repository_arn=None)})

    assert _statements(graph, "web-execution").keys() == {"Log"}


def test_ecs_may_read_the_named_secrets_and_no_other() -> None:
    """Without the key in the secret, and the version, which are no part of the ARN that IAM knows."""
    secrets = {
        "DB_PASSWORD": f"{SECRET}:password::",
        "DB_USER": f"{SECRET}:user:AWSCURRENT:",
        "API_KEY": PARAMETER,
        "API_KEY_OF_YESTERDAY": f"{PARAMETER}:3",
    }

    graph = _task(secrets=secrets)
    statements = _statements(graph, "web-execution")

    assert statements["ReadSecrets"]["Action"] == "secretsmanager:GetSecretValue"
    assert statements["ReadSecrets"]["Resource"] == [SECRET]
    assert statements["ReadParameters"]["Action"] == "ssm:GetParameters"
    assert statements["ReadParameters"]["Resource"] == [PARAMETER]
    assert _container(graph)["secrets"] == [
        {"name": "API_KEY", "valueFrom": PARAMETER},
        {"name": "API_KEY_OF_YESTERDAY", "valueFrom": f"{PARAMETER}:3"},
        {"name": "DB_PASSWORD", "valueFrom": f"{SECRET}:password::"},
        {"name": "DB_USER", "valueFrom": f"{SECRET}:user:AWSCURRENT:"},
    ]


def test_the_app_may_do_nothing_unless_config_says_so() -> None:
    assert _task().names(POLICY) == ["web-execution"]


@pytest.mark.parametrize(("repository_arn", "asked"), [(None, True), (REPOSITORY_ARN, False)])
def test_a_private_registry_gets_its_credentials_from_ecs_and_ecr_none(
    *, repository_arn: str | None, asked: bool
) -> None:
    graph = _task(registry_credentials=SECRET, args={"image": image(repository_arn=repository_arn)})

    shown = {"credentialsParameter": SECRET} if asked else None
    assert _container(graph).get("repositoryCredentials") == shown
    assert ("ReadSecrets" in _statements(graph, "web-execution")) is asked
