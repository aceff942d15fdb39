"""Runs a task once with a service's settings and another command, and follows it to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from infra.rollout.clock import REAL, Clock, pauses
from infra.rollout.fresh_roles import PAUSE_SECONDS, TRIES, is_about_a_fresh_role

if TYPE_CHECKING:
    from infra.rollout.evidence import Answer

_LAG_SECONDS: Final = 60
"""How long ECS may take to show a task that it has started."""


class RunTaskError(Exception):
    """ECS did not start a task, or does not know it; the message says why."""


@dataclass(frozen=True, kw_only=True)
class OneOff:
    """What runs, and where."""

    cluster: str
    task_definition: str
    container: str
    """Name of the one whose command is another, and whose exit code counts."""
    command: Sequence[str]
    place: Mapping[str, Any]
    """Where it runs, as `RunTask` takes it; see :func:`place_of`."""
    started_by: str
    """By which the task is found again: at most 128 letters, digits, hyphens, underscores and slashes."""


class OneOffs:
    """Starts such tasks. Every waiting call of AWS is made on a thread: a hook that blocks blocks all."""

    def __init__(self, ecs: Any, clock: Clock = REAL) -> None:
        self._ecs = ecs
        self._clock = clock

    async def start(self, task: OneOff) -> str:
        """Start a task, or find the one that an interrupted update has left running, and return its ARN.

        Raises:
            RunTaskError: ECS has no capacity for it.
        """
        running = await asyncio.to_thread(
            self._ecs.list_tasks, cluster=task.cluster, startedBy=task.started_by
        )
        if running["taskArns"]:
            return running["taskArns"][0]
        answer = await self._run(task)
        if not answer["tasks"]:
            raise RunTaskError("; ".join(one.get("reason", "") for one in answer["failures"]))
        return answer["tasks"][0]["taskArn"]

    async def end_of(self, cluster: str, arn: str, *, within_seconds: float) -> Answer | None:
        """Wait for a task's end, and return the task, or None when that takes longer than it may.

        Raises:
            RunTaskError: ECS does not know the task (any more).
        """
        began, paces = self._clock.now(), pauses()
        while True:
            described = await asyncio.to_thread(self._ecs.describe_tasks, cluster=cluster, tasks=[arn])
            task: Answer | None = next(iter(described["tasks"]), None)
            if task is not None and task["lastStatus"] == "STOPPED":
                return task
            waited = self._clock.now() - began
            if task is None and waited >= _LAG_SECONDS:
                raise RunTaskError(f"ECS does not know the task {arn}")
            if waited >= within_seconds:
                return None
            await self._clock.sleep(next(paces))

    async def stop(self, cluster: str, arn: str, reason: str) -> None:
        """Stop a task; ECS keeps the reason."""
        await asyncio.to_thread(self._ecs.stop_task, cluster=cluster, task=arn, reason=reason)

    async def _run(self, task: OneOff) -> Answer:
        for attempt in range(TRIES):
            try:
                return await asyncio.to_thread(
                    self._ecs.run_task,
                    cluster=task.cluster,
                    taskDefinition=task.task_definition,
                    **task.place,
                    overrides={
                        "containerOverrides": [{"name": task.container, "command": list(task.command)}]
                    },
                    startedBy=task.started_by,
                    enableECSManagedTags=True,
                    propagateTags="TASK_DEFINITION",
                )
            except ClientError as error:
                if attempt == TRIES - 1 or not is_about_a_fresh_role(str(error)):
                    raise RunTaskError(str(error)) from error
            await self._clock.sleep(PAUSE_SECONDS)
        raise AssertionError("the last try returns or raises")


def place_of(service: Mapping[str, Any]) -> dict[str, Any]:
    """Return where a service's tasks run, for a task that has to get to its end.

    It does not run on Fargate Spot, which could take the machine away in the middle. Other capacity is the
    service's own: nothing else may have the processor, the disks or the network that it needs.

    Args:
        service: the ECS service by the names of its resource: launchType, capacityProviderStrategies,
            networkConfiguration, placementConstraints, volumeConfiguration.
    """
    strategies: Sequence[Mapping[str, Any]] = service.get("capacityProviderStrategies") or ()
    place: dict[str, Any] = {"launchType": service.get("launchType") or "FARGATE"}
    if strategies and not str(strategies[0]["capacityProvider"]).startswith("FARGATE"):
        lines = [
            {key: _whole(line[key]) for key in ("capacityProvider", "weight", "base") if key in line}
            for line in strategies
        ]
        place = {"capacityProviderStrategy": lines}
    if constraints := service.get("placementConstraints"):
        place["placementConstraints"] = [dict(one) for one in constraints]
    if volume := service.get("volumeConfiguration"):
        place["volumeConfigurations"] = [
            {"name": volume["name"], "managedEBSVolume": _disk(volume["managedEbsVolume"])}
        ]
    if network := service.get("networkConfiguration"):
        place["networkConfiguration"] = {
            "awsvpcConfiguration": {
                "subnets": list(network["subnets"]),
                "securityGroups": list(network["securityGroups"]),
                "assignPublicIp": "ENABLED" if network.get("assignPublicIp") else "DISABLED",
            }
        }
    return place


def _disk(volume: Mapping[str, Any]) -> dict[str, Any]:
    """Return a disk of the task's own, which goes with it, by the names of `RunTask`."""
    names = {"sizeInGb": "sizeInGiB", "fileSystemType": "filesystemType"}
    left_out = ("tagSpecifications",)
    return {
        **{names.get(key, key): _whole(value) for key, value in volume.items() if key not in left_out},
        # Not the service's tags: the task belongs to none.
        "tagSpecifications": [{"resourceType": "volume", "propagateTags": "TASK_DEFINITION"}],
        "terminationPolicy": {"deleteOnTermination": True},
    }


def _whole(value: object) -> object:
    """Return a whole number as AWS's clients take it: hooks get all numbers with a fraction."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def exit_code_of(task: Answer, container: str) -> int | None:
    """Return a container's exit code; None where it never ran."""
    return next((one.get("exitCode") for one in task["containers"] if one["name"] == container), None)
