"""Scheduled tasks of a service, and the role that may only start them."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import Schedule
from tests.unit.infra.factories import declare_service
from tests.unit.infra.fake_cloud import ACCOUNT, REGION
from tests.unit.infra.recorder import Graph

SERVICE = "aws:ecs/service:Service"
SCHEDULE = "aws:scheduler/schedule:Schedule"
GROUP = "aws:scheduler/scheduleGroup:ScheduleGroup"
QUEUE = "aws:sqs/queue:Queue"
GROUP_ARN = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/worker-schedules-1a2b3c4"
QUEUE_ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue/worker-dead-letters-1a2b3c4"
CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/cluster-1"
NIGHTLY = Schedule(cron="0 3 * * ? *", time_zone="Europe/Berlin", command=("node", "clean-up.js"))
HOURLY = Schedule(
    rate="1 hour", count=2, window_minutes=10, retries=0, max_age_seconds=60, dead_letters=False
)


def _declare(**settings: Any) -> Graph:
    changes = {"schedules": {"nightly": NIGHTLY}, "exposure": "none", **settings}
    return declare_service("worker", platform_changes={"cluster_arn": CLUSTER}, **changes)


def test_schedule_starts_the_service_s_task_where_the_service_runs() -> None:
    graph = _declare(execute_command=True)
    definition = graph.component_outputs("node-on-ecs:infra:TaskDefinition", "worker")

    assert graph.one(SCHEDULE).inputs == {
        "groupName": "worker-schedules-1a2b3c4",
        "scheduleExpression": "cron(0 3 * * ? *)",
        "scheduleExpressionTimezone": "Europe/Berlin",
        "flexibleTimeWindow": {"mode": "OFF"},
        "state": "ENABLED",
        "target": {
            "arn": CLUSTER,
            "roleArn": f"arn:aws:iam::{ACCOUNT}:role/worker-schedules-1a2b3c4",
            "input": '{"containerOverrides": [{"name": "worker", "command": ["node", "clean-up.js"]}]}',
            "ecsParameters": {
                "taskDefinitionArn": definition["arn"],
                "taskCount": 1,
                "capacityProviderStrategies": [
                    {"capacityProvider": "FARGATE", "weight": 1, "base": 1},
                    {"capacityProvider": "FARGATE_SPOT", "weight": 3, "base": 0},
                ],
                "platformVersion": "LATEST",
                "networkConfiguration": {
                    "subnets": ["subnet-1", "subnet-2"],
                    "securityGroups": ["sg-tasks"],
                    "assignPublicIp": False,
                },
                "enableExecuteCommand": True,
                "enableEcsManagedTags": True,
                "propagateTags": "TASK_DEFINITION",
            },
            "retryPolicy": {"maximumRetryAttempts": 3, "maximumEventAgeInSeconds": 3600},
            "deadLetterConfig": {"arn": QUEUE_ARN},
        },
    }


def test_each_schedule_has_its_own_options() -> None:
    once = Schedule(at="2027-01-31T08:30:00", enabled=False)
    graph = _declare(schedules={"nightly": NIGHTLY, "hourly": HOURLY, "once": once})
    hourly, disabled = (graph.one(SCHEDULE, name).inputs for name in ("worker-hourly", "worker-once"))

    assert hourly["scheduleExpression"] == "rate(1 hour)"
    assert hourly["flexibleTimeWindow"] == {"mode": "FLEXIBLE", "maximumWindowInMinutes": 10}
    assert hourly["target"]["ecsParameters"]["taskCount"] == 2
    assert hourly["target"]["retryPolicy"] == {"maximumRetryAttempts": 0, "maximumEventAgeInSeconds": 60}
    assert not {"input", "deadLetterConfig"} & hourly["target"].keys()
    assert (disabled["scheduleExpression"], disabled["state"]) == ("at(2027-01-31T08:30:00)", "DISABLED")


def test_version_whose_deployment_fails_is_never_scheduled() -> None:
    """A schedule changes to a new revision after the service, its migration included."""
    graph = _declare()

    assert graph.one(SERVICE).urn in graph.one(SCHEDULE).dependencies


def test_only_the_scheduler_may_assume_the_role_and_only_for_this_group() -> None:
    trust = _declare().trust("worker-schedules")

    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": GROUP_ARN}}


def test_role_may_only_start_this_service_s_tasks_in_this_cluster() -> None:
    statements = _declare().statements("worker-schedules")
    allowed = {
        sid: (statement["Action"], statement["Resource"], statement.get("Condition"))
        for sid, statement in statements.items()
    }

    assert {statement["Effect"] for statement in statements.values()} == {"Allow"}
    assert allowed == {
        "Start": (
            "ecs:RunTask",
            f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/node-on-ecs-dev-worker:*",
            {"ArnEquals": {"ecs:cluster": CLUSTER}},
        ),
        "TagNew": (
            "ecs:TagResource",
            f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/cluster-1/*",
            {"StringEquals": {"ecs:CreateAction": "RunTask"}},
        ),
        "PassTaskRoles": (
            "iam:PassRole",
            [f"arn:aws:iam::{ACCOUNT}:role/worker-{role}-1a2b3c4" for role in ("execution", "task")],
            {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        ),
        "KeepDeadLetters": ("sqs:SendMessage", QUEUE_ARN, None),
    }


def test_dead_letter_queue_is_encrypted_keeps_messages_14_days_and_requires_tls() -> None:
    graph = _declare()

    assert graph.one(QUEUE, "worker-dead-letters").inputs == {
        "messageRetentionSeconds": 1_209_600,
        "sqsManagedSseEnabled": True,
    }
    assert graph.one("aws:sqs/queuePolicy:QueuePolicy").inputs["policy"] == (
        '{"Version": "2012-10-17", "Statement": [{"Sid": "OnlyEncrypted", "Effect": "Deny", '
        f'"Principal": "*", "Action": "sqs:*", "Resource": "{QUEUE_ARN}", '
        '"Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}'
    )


@pytest.mark.parametrize(
    ("schedules", "counts"),
    [({}, {GROUP: 0, QUEUE: 0}), ({"hourly": HOURLY}, {GROUP: 1, QUEUE: 0})],
    ids=["no schedules", "no dead letters"],
)
def test_unused_group_and_queue_are_not_created(
    schedules: dict[str, Schedule], counts: dict[str, int]
) -> None:
    graph = _declare(schedules=schedules)

    assert {token: len(graph.all(token)) for token in counts} == counts
    assert "KeepDeadLetters" not in (graph.statements("worker-schedules") if schedules else {})


def test_service_may_exist_only_for_its_schedules() -> None:
    """ECS accepts a service without tasks, which costs nothing; `run` and schedules use its definition."""
    graph = _declare(desired_count=0)

    assert graph.one(SERVICE).inputs["desiredCount"] == 0
    assert graph.names(SCHEDULE) == ["worker-nightly"]
    assert graph.all("aws:lb/targetGroup:TargetGroup") == []
