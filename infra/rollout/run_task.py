"""Runs a one-off task with a service's settings and another command, and waits for its end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from infra.rollout.clock import REAL, Clock, pauses
from infra.rollout.fresh_roles import PAUSE_SECONDS, TRIES, is_new_role_error

if TYPE_CHECKING:
    from infra.rollout.evidence import Answer

_LAG_SECONDS: Final = 60
"""How long ECS may take to list a task that it has started."""


class RunTaskError(Exception):
    """ECS did not start a task, or does not know it."""


async def start_task(ecs: Any, clock: Clock = REAL, **request: Any) -> str:
    """Start a task, unless an interrupted update has left it running, and return its ARN.

    Calls of AWS run on a thread: a hook that blocks would block the whole program.

    Args:
        ecs: the boto3 client.
        clock: measures the pauses.
        request: parameters of RunTask. `startedBy` identifies the task: at most 128 letters, digits, hyphens,
            underscores and slashes.

    Raises:
        RunTaskError: ECS has no capacity for it, or refuses it.
    """
    running = await asyncio.to_thread(
        ecs.list_tasks, cluster=request["cluster"], startedBy=request["startedBy"]
    )
    if running["taskArns"]:
        return running["taskArns"][0]
    response = await _run_task(ecs, clock, request)
    if not response["tasks"]:
        raise RunTaskError("; ".join(failure.get("reason", "") for failure in response["failures"]))
    return response["tasks"][0]["taskArn"]


async def _run_task(ecs: Any, clock: Clock, request: Mapping[str, Any]) -> Answer:
    attempt = 1
    while True:
        try:
            return await asyncio.to_thread(
                ecs.run_task, **request, enableECSManagedTags=True, propagateTags="TASK_DEFINITION"
            )
        except ClientError as error:
            if attempt == TRIES or not is_new_role_error(str(error)):
                raise RunTaskError(str(error)) from error
        attempt += 1
        await clock.sleep(PAUSE_SECONDS)


async def wait_until_stopped(
    ecs: Any, cluster: str, arn: str, *, within_seconds: float, clock: Clock = REAL
) -> Answer | None:
    """Return a task once it has stopped; None if it takes longer than the limit.

    Raises:
        RunTaskError: ECS does not know the task (any more).
    """
    began, intervals = clock.now(), pauses()
    while True:
        described = await asyncio.to_thread(ecs.describe_tasks, cluster=cluster, tasks=[arn])
        task: Answer | None = next(iter(described["tasks"]), None)
        if task is not None and task["lastStatus"] == "STOPPED":
            return task
        waited = clock.now() - began
        if task is None and waited >= _LAG_SECONDS:
            raise RunTaskError(f"ECS does not know the task {arn}")
        if waited >= within_seconds:
            return None
        await clock.sleep(next(intervals))


def placement_of(service: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of RunTask by which a one-off task runs where a service's tasks run.

    Not on Fargate Spot, which may interrupt the task. All other capacity is the service's: only there may the
    task find the processor, the disks or the network that it needs.

    Args:
        service: properties of the ECS service's resource: launchType, capacityProviderStrategies,
            networkConfiguration, placementConstraints, volumeConfiguration.
    """
    strategies: Sequence[Mapping[str, Any]] = service.get("capacityProviderStrategies") or ()
    placement: dict[str, Any] = {"launchType": service.get("launchType") or "FARGATE"}
    if strategies and not str(strategies[0]["capacityProvider"]).startswith("FARGATE"):
        lines = [
            {key: _integer(line[key]) for key in ("capacityProvider", "weight", "base") if key in line}
            for line in strategies
        ]
        placement = {"capacityProviderStrategy": lines}
    if constraints := service.get("placementConstraints"):
        placement["placementConstraints"] = [dict(constraint) for constraint in constraints]
    if volume := service.get("volumeConfiguration"):
        placement["volumeConfigurations"] = [
            {"name": volume["name"], "managedEBSVolume": _ebs_volume(volume["managedEbsVolume"])}
        ]
    if network := service.get("networkConfiguration"):
        placement["networkConfiguration"] = {
            "awsvpcConfiguration": {
                "subnets": list(network["subnets"]),
                "securityGroups": list(network["securityGroups"]),
                "assignPublicIp": "ENABLED" if network.get("assignPublicIp") else "DISABLED",
            }
        }
    return placement


def _ebs_volume(volume: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of an EBS volume that is deleted with the task."""
    names = {"sizeInGb": "sizeInGiB", "fileSystemType": "filesystemType"}
    return {
        **{names.get(key, key): _integer(value) for key, value in volume.items()},
        # Not the service's tags: the task belongs to no service.
        "tagSpecifications": [{"resourceType": "volume", "propagateTags": "TASK_DEFINITION"}],
        "terminationPolicy": {"deleteOnTermination": True},
    }


def _integer(value: object) -> object:
    """Convert whole numbers to int for boto3: hooks receive all numbers as float."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def exit_code_of(task: Answer, container: str) -> int | None:
    """Return a container's exit code; None if it never ran."""
    return next(
        (described.get("exitCode") for described in task["containers"] if described["name"] == container),
        None,
    )
