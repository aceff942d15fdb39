"""One-off tasks: where they run, how they start, and the wait for their end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from infra.rollout.run_task import (
    RunTaskError,
    exit_code_of,
    placement_of,
    start_task,
    wait_until_stopped,
)
from tests.unit.infra.rollout.aws import NEW, Aws, ErrorResponse, FakeClock, task

RUNS = task(7)
ENDED = task(7, stopped="Essential container exited")
NEW_ROLE = ErrorResponse(
    "InvalidParameterException",
    "ECS was unable to assume the role 'arn:aws:iam::123456789012:role/web-task' that was provided",
)


def start(aws: Aws, clock: FakeClock, **placement: Any) -> str:
    request = {
        "cluster": "cluster",
        "taskDefinition": NEW,
        "overrides": {"containerOverrides": [{"name": "web", "command": ["node", "--version"]}]},
        "startedBy": "run/web",
        **(placement or {"launchType": "FARGATE"}),
    }
    return asyncio.run(start_task(aws.client("ecs"), clock.clock, **request))


def wait(aws: Aws, clock: FakeClock | None = None, *, within_seconds: float = 3600) -> Any:
    return asyncio.run(
        wait_until_stopped(
            aws.client("ecs"),
            "cluster",
            RUNS["taskArn"],
            within_seconds=within_seconds,
            clock=(clock or FakeClock()).clock,
        )
    )


NETWORK = {"subnets": ["subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": True}
AS_RUN_TASK_HAS_IT = {
    "awsvpcConfiguration": {
        "subnets": ["subnet-1"],
        "securityGroups": ["sg-1"],
        "assignPublicIp": "ENABLED",
    }
}


@pytest.mark.parametrize(
    ("service", "placement"),
    [
        # On demand in any case: Spot could interrupt the task.
        (
            {
                "capacityProviderStrategies": [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}],
                "networkConfiguration": NETWORK,
            },
            {"launchType": "FARGATE", "networkConfiguration": AS_RUN_TASK_HAS_IT},
        ),
        (
            {"capacityProviderStrategies": [{"capacityProvider": "FARGATE", "weight": 1, "base": 1}]},
            {"launchType": "FARGATE"},
        ),
        (
            {
                "capacityProviderStrategies": [{"capacityProvider": "capacity-pool-1", "weight": 2.0}],
                "placementConstraints": [{"type": "distinctInstance"}],
            },
            {
                "capacityProviderStrategy": [{"capacityProvider": "capacity-pool-1", "weight": 2}],
                "placementConstraints": [{"type": "distinctInstance"}],
            },
        ),
        ({"launchType": "EXTERNAL"}, {"launchType": "EXTERNAL"}),
        # Its own volume, which is deleted with the task.
        (
            {
                "volumeConfiguration": {
                    "name": "data",
                    "managedEbsVolume": {
                        "roleArn": "arn:of:the:role",
                        "sizeInGb": 20,
                        "fileSystemType": "xfs",
                        "tagSpecifications": [{"resourceType": "volume", "propagateTags": "SERVICE"}],
                    },
                }
            },
            {
                "launchType": "FARGATE",
                "volumeConfigurations": [
                    {
                        "name": "data",
                        "managedEBSVolume": {
                            "roleArn": "arn:of:the:role",
                            "sizeInGiB": 20,
                            "filesystemType": "xfs",
                            "tagSpecifications": [
                                {"resourceType": "volume", "propagateTags": "TASK_DEFINITION"}
                            ],
                            "terminationPolicy": {"deleteOnTermination": True},
                        },
                    }
                ],
            },
        ),
    ],
)
def test_task_runs_where_the_service_s_tasks_run(service: dict[str, Any], placement: dict[str, Any]) -> None:
    """Only there may it find the processor, the disks and the network that it needs."""
    assert placement_of(service) == placement


def test_start_with_a_new_role_is_retried() -> None:
    """ECS knows a new role after half a minute; else the first migration of a stack would fail."""
    aws, clock = Aws(run_task=[NEW_ROLE, NEW_ROLE, {"tasks": [RUNS]}]), FakeClock()

    assert start(aws, clock) == RUNS["taskArn"]
    assert 0 < clock.seconds <= 60


@pytest.mark.parametrize(
    ("response", "message", "seconds"),
    [
        (NEW_ROLE, "unable to assume the role", range(55, 66)),
        (ErrorResponse("ClusterNotFoundException", "Cluster not found."), "Cluster not found", range(1)),
    ],
    ids=["an unknown role after a minute", "any other error at once"],
)
def test_refused_start_is_an_error(response: ErrorResponse, message: str, seconds: range) -> None:
    clock = FakeClock()

    with pytest.raises(RunTaskError, match=message):
        start(Aws(run_task=response), clock)
    assert int(clock.seconds) in seconds


def test_task_that_ecs_does_not_list_yet_is_waited_for() -> None:
    """ECS is eventually consistent: it may not list a new task at once."""
    aws = Aws(describe_tasks=[{"tasks": [], "failures": [{"reason": "MISSING"}]}, {"tasks": [ENDED]}])

    assert exit_code_of(wait(aws), "web") == 3


def test_task_that_ecs_never_lists_is_an_error() -> None:
    aws, clock = Aws(describe_tasks={"tasks": []}), FakeClock()

    with pytest.raises(RunTaskError, match="does not know the task"):
        wait(aws, clock)

    assert clock.seconds < 120


def test_wait_ends_without_a_task_at_the_limit() -> None:
    assert wait(Aws(describe_tasks={"tasks": [RUNS]}), within_seconds=60) is None


def test_container_that_never_ran_has_no_exit_code() -> None:
    assert exit_code_of(task(7, containers=[{"name": "web"}]), "web") is None


def test_run_task_accepts_an_ebs_volume() -> None:
    """The fake clients validate the request."""
    volume = {"name": "data", "managedEbsVolume": {"roleArn": "arn:of:the:role", "sizeInGb": 20.0}}
    aws = Aws(run_task={"tasks": [RUNS]})

    start(aws, FakeClock(), **placement_of({"volumeConfiguration": volume}))

    (request,) = aws.requests("run_task")
    assert request["volumeConfigurations"][0]["managedEBSVolume"]["sizeInGiB"] == 20
