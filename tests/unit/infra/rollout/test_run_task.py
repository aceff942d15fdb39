"""Tasks that run once: how they are started, and followed to their end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from infra.rollout.run_task import OneOff, OneOffs, RunTaskError, exit_code_of, place_of
from tests.unit.infra.rollout.aws import NEW, Aws, Hours, Refused, task

RUNS = task(7)
ENDED = task(7, stopped="Essential container exited")
FRESH = Refused(
    "InvalidParameterException",
    "ECS was unable to assume the role 'arn:aws:iam::123456789012:role/web-task' that was provided",
)


def one_off() -> OneOff:
    return OneOff(
        cluster="cluster",
        task_definition=NEW,
        container="web",
        command=("node", "--version"),
        place={"launchType": "FARGATE"},
        started_by="run/web",
    )


def one_offs(aws: Aws, hours: Hours | None = None) -> OneOffs:
    return OneOffs(aws.client("ecs"), (hours or Hours()).clock)


def end_of(aws: Aws, hours: Hours | None = None, *, within_seconds: float = 3600) -> Any:
    return asyncio.run(one_offs(aws, hours).end_of("cluster", RUNS["taskArn"], within_seconds=within_seconds))


NETWORK = {"subnets": ["subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": True}
AS_RUN_TASK_HAS_IT = {
    "awsvpcConfiguration": {
        "subnets": ["subnet-1"],
        "securityGroups": ["sg-1"],
        "assignPublicIp": "ENABLED",
    }
}


@pytest.mark.parametrize(
    ("service", "place"),
    [
        # On demand whatever the service uses: Spot could take the machine away in the middle.
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
        # A disk of its own, which goes with the task.
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
def test_a_task_runs_where_the_service_s_own_do(service: dict[str, Any], place: dict[str, Any]) -> None:
    """Only there are the processor, the disks and the network that it needs."""
    assert place_of(service) == place


def test_a_role_that_aws_does_not_know_yet_is_waited_for() -> None:
    """A new role reaches ECS within half a minute; the first migration of a stack would fail without this."""
    aws, hours = Aws(run_task=[FRESH, FRESH, {"tasks": [RUNS]}]), Hours()

    assert asyncio.run(one_offs(aws, hours).start(one_off())) == RUNS["taskArn"]
    assert 0 < hours.seconds <= 60


def test_a_role_that_stays_unknown_is_an_error_after_a_minute() -> None:
    aws, hours = Aws(run_task=FRESH), Hours()

    with pytest.raises(RunTaskError, match="unable to assume the role"):
        asyncio.run(one_offs(aws, hours).start(one_off()))
    assert 55 <= hours.seconds <= 65


def test_another_error_is_one_at_once() -> None:
    aws, hours = Aws(run_task=Refused("ClusterNotFoundException", "Cluster not found.")), Hours()

    with pytest.raises(RunTaskError, match="Cluster not found"):
        asyncio.run(one_offs(aws, hours).start(one_off()))
    assert hours.seconds == 0


def test_a_task_that_ecs_does_not_show_yet_is_waited_for() -> None:
    """ECS is eventually consistent: what was started a moment ago may not be there."""
    aws = Aws(describe_tasks=[{"tasks": [], "failures": [{"reason": "MISSING"}]}, {"tasks": [ENDED]}])

    assert exit_code_of(end_of(aws), "web") == 3


def test_a_task_that_ecs_never_shows_is_not_waited_for_for_ever() -> None:
    aws, hours = Aws(describe_tasks={"tasks": []}), Hours()

    with pytest.raises(RunTaskError, match="does not know the task"):
        end_of(aws, hours)

    assert hours.seconds < 120


def test_without_an_end_there_is_none_to_return() -> None:
    assert end_of(Aws(describe_tasks={"tasks": [RUNS]}), within_seconds=60) is None


def test_a_container_that_never_ran_has_no_exit_code() -> None:
    assert exit_code_of(task(7, containers=[{"name": "web"}]), "web") is None


def test_aws_takes_a_disk_as_it_is_asked_for() -> None:
    """The clients of the tests hold every question against AWS's own model."""
    volume = {"name": "data", "managedEbsVolume": {"roleArn": "arn:of:the:role", "sizeInGb": 20.0}}
    started = {**one_off().__dict__, "place": place_of({"volumeConfiguration": volume})}
    aws = Aws(run_task={"tasks": [RUNS]})

    asyncio.run(one_offs(aws).start(OneOff(**started)))

    (asked,) = aws.questions("run_task")
    assert asked["volumeConfigurations"][0]["managedEBSVolume"]["sizeInGiB"] == 20
