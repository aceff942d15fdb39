"""What starts by the clock: the service's own task, by a role that can start nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.service.service import Service
from infra.settings import Schedule
from tests.unit.infra.factories import held, service_args, service_settings
from tests.unit.infra.fake_cloud import ACCOUNT, REGION
from tests.unit.infra.recorder import Graph, declare, once

SCHEDULE = "aws:scheduler/schedule:Schedule"
GROUP = "aws:scheduler/scheduleGroup:ScheduleGroup"
QUEUE = "aws:sqs/queue:Queue"
GROUP_ARN = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/worker-schedules-1a2b3c4"
QUEUE_ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue/worker-dead-letters-1a2b3c4"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/worker-schedules-1a2b3c4"
CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/cluster-1"
NIGHTLY = Schedule(cron="0 3 * * ? *", time_zone="Europe/Berlin", command=("node", "clean-up.js"))
HOURLY = Schedule(
    rate="1 hour", count=2, window_minutes=10, retries=0, max_age_seconds=60, dead_letters=False
)


@once
def _graph(*, args: dict[str, Any] | None = None, **settings: Any) -> Graph:
    changes = {"schedules": {"nightly": NIGHTLY}, "name": "worker", "exposure": "none", **settings}
    arguments = service_args(service_settings(**changes), **{"cluster_arn": CLUSTER, **(args or {})})
    return declare(lambda: Service("worker", arguments, opts=held()))


def _statements(graph: Graph) -> dict[str, Any]:
    policy = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy", "worker-schedules").inputs["policy"])
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def test_a_schedule_starts_the_service_s_task_where_the_service_runs() -> None:
    graph = _graph(execute_command=True)

    assert graph.one(SCHEDULE).inputs == {
        "groupName": "worker-schedules-1a2b3c4",
        "scheduleExpression": "cron(0 3 * * ? *)",
        "scheduleExpressionTimezone": "Europe/Berlin",
        "flexibleTimeWindow": {"mode": "OFF"},
        "state": "ENABLED",
        "target": {
            "arn": CLUSTER,
            "roleArn": ROLE_ARN,
            "input": '{"containerOverrides": [{"name": "worker", "command": ["node", "clean-up.js"]}]}',
            "ecsParameters": {
                "taskDefinitionArn": graph.component_outputs("node-on-ecs:infra:TaskDefinition", "worker")[
                    "arn"
                ],
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


def test_what_one_says_of_itself_is_its_own() -> None:
    off = Schedule(at="2027-01-31T08:30:00", enabled=False)
    graph = _graph(schedules={"nightly": NIGHTLY, "hourly": HOURLY, "once": off})
    hourly, once_only = graph.one(SCHEDULE, "worker-hourly").inputs, graph.one(SCHEDULE, "worker-once").inputs

    assert hourly["scheduleExpression"] == "rate(1 hour)"
    assert hourly["flexibleTimeWindow"] == {"mode": "FLEXIBLE", "maximumWindowInMinutes": 10}
    assert hourly["target"]["ecsParameters"]["taskCount"] == 2
    assert hourly["target"]["retryPolicy"] == {"maximumRetryAttempts": 0, "maximumEventAgeInSeconds": 60}
    assert not {"input", "deadLetterConfig"} & hourly["target"].keys()
    assert (once_only["scheduleExpression"], once_only["state"]) == ("at(2027-01-31T08:30:00)", "DISABLED")


def test_a_version_that_fails_never_runs_by_the_clock() -> None:
    """The schedule moves to a revision once the service's deployment has succeeded, its migration included."""
    graph = _graph()

    assert graph.one("aws:ecs/service:Service").urn in graph.one(SCHEDULE).dependencies


def test_only_the_scheduler_takes_the_role_and_only_for_this_group() -> None:
    (statement,) = json.loads(
        _graph().one("aws:iam/role:Role", "worker-schedules").inputs["assumeRolePolicy"]
    )["Statement"]

    assert statement["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": GROUP_ARN}
    }


def test_the_role_starts_this_service_s_tasks_in_this_cluster_and_does_nothing_else() -> None:
    roles = [f"arn:aws:iam::{ACCOUNT}:role/worker-{role}-1a2b3c4" for role in ("execution", "task")]

    assert _statements(_graph()) == {
        "Start": {
            "Sid": "Start",
            "Effect": "Allow",
            "Action": "ecs:RunTask",
            "Resource": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/node-on-ecs-dev-worker:*",
            "Condition": {"ArnEquals": {"ecs:cluster": CLUSTER}},
        },
        "TagNew": {
            "Sid": "TagNew",
            "Effect": "Allow",
            "Action": "ecs:TagResource",
            "Resource": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/cluster-1/*",
            "Condition": {"StringEquals": {"ecs:CreateAction": "RunTask"}},
        },
        "HandRoles": {
            "Sid": "HandRoles",
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": roles,
            "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        },
        "KeepDeadLetters": {
            "Sid": "KeepDeadLetters",
            "Effect": "Allow",
            "Action": "sqs:SendMessage",
            "Resource": QUEUE_ARN,
        },
    }


def test_the_queue_is_encrypted_keeps_what_it_gets_for_14_days_and_is_reached_by_tls_alone() -> None:
    graph = _graph()
    (statement,) = json.loads(graph.one("aws:sqs/queuePolicy:QueuePolicy").inputs["policy"])["Statement"]

    assert graph.one(QUEUE, "worker-dead-letters").inputs == {
        "messageRetentionSeconds": 1_209_600,
        "sqsManagedSseEnabled": True,
    }
    assert statement == {
        "Sid": "OnlyEncrypted",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": QUEUE_ARN,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


@pytest.mark.parametrize(
    ("schedules", "made"), [({}, {GROUP: 0, QUEUE: 0}), ({"hourly": HOURLY}, {GROUP: 1, QUEUE: 0})], ids=str
)
def test_nothing_is_made_that_no_schedule_needs(schedules: dict[str, Schedule], made: dict[str, int]) -> None:
    graph = _graph(schedules=schedules)

    assert {token: len(graph.all(token)) for token in made} == made
    assert "KeepDeadLetters" not in (_statements(graph) if schedules else {})


def test_a_service_may_exist_for_its_schedules_alone() -> None:
    """ECS takes a service of no tasks, which costs nothing, and whose definition `run` and schedules use."""
    graph = _graph(desired_count=0)

    assert graph.one("aws:ecs/service:Service").inputs["desiredCount"] == 0
    assert graph.names(SCHEDULE) == ["worker-nightly"]
    assert graph.all("aws:lb/targetGroup:TargetGroup") == []
