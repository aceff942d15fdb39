"""A task that runs once, as a service's next task would but for its command, and is followed to its end."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from infra.rollout.clock import REAL, Clock, pauses

if TYPE_CHECKING:
    from infra.rollout.look import Answer

_LAG_SECONDS: Final = 60
"""How long ECS may take to show a task that it has started."""


class OneOffError(Exception):
    """ECS did not start a task, or does not know it; the message says why."""


@dataclass(frozen=True, kw_only=True)
class OneOff:
    """What runs, and where."""

    cluster: str
    task_definition: str
    container: str
    """Name of the one whose command is another, and whose exit code counts."""
    command: Sequence[str]
    subnets: Sequence[str]
    security_groups: Sequence[str]
    assign_public_ip: bool
    started_by: str
    """By which the task is found again: at most 128 letters, digits, hyphens, underscores and slashes."""
    capacity_provider_strategy: Sequence[Mapping[str, Any]] = ()
    """As ECS has it; none for Fargate, and never Spot."""


class OneOffs:
    """Starts such tasks. Every waiting call of AWS is made on a thread: a hook that blocks blocks all."""

    def __init__(self, ecs: Any, clock: Clock = REAL) -> None:
        self._ecs = ecs
        self._clock = clock

    def start(self, task: OneOff) -> str:
        """Start a task, and return its ARN.

        Raises:
            OneOffError: ECS has no place for it.
        """
        capacity = {"capacityProviderStrategy": list(task.capacity_provider_strategy)}
        answer = self._ecs.run_task(
            cluster=task.cluster,
            taskDefinition=task.task_definition,
            **(capacity if task.capacity_provider_strategy else {"launchType": "FARGATE"}),
            networkConfiguration={
                "awsvpcConfiguration": {
                    "subnets": list(task.subnets),
                    "securityGroups": list(task.security_groups),
                    "assignPublicIp": "ENABLED" if task.assign_public_ip else "DISABLED",
                }
            },
            overrides={"containerOverrides": [{"name": task.container, "command": list(task.command)}]},
            startedBy=task.started_by,
            enableECSManagedTags=True,
            propagateTags="TASK_DEFINITION",
        )
        if not answer["tasks"]:
            raise OneOffError("; ".join(one.get("reason", "") for one in answer["failures"]))
        return answer["tasks"][0]["taskArn"]

    def left_running(self, cluster: str, started_by: str) -> str | None:
        """Return the ARN of the task that somebody who was cut off has left running, if there is one."""
        return next(iter(self._ecs.list_tasks(cluster=cluster, startedBy=started_by)["taskArns"]), None)

    async def end_of(
        self,
        cluster: str,
        arn: str,
        *,
        within_seconds: float = math.inf,
        look: Callable[[Answer], None] | None = None,
    ) -> Answer | None:
        """Wait for a task's end, and return the task, or None when that takes longer than it may.

        Args:
            cluster: the task's.
            arn: the task.
            within_seconds: how long it may take.
            look: called on a thread with each look at the task, also with the last one.

        Raises:
            OneOffError: ECS does not know the task (any more).
        """
        began, paces = self._clock.now(), pauses()
        while True:
            task = await asyncio.to_thread(self._describe, cluster, arn)
            if task is not None and look is not None:
                await asyncio.to_thread(look, task)
            if task is not None and task["lastStatus"] == "STOPPED":
                return task
            waited = self._clock.now() - began
            if task is None and waited >= _LAG_SECONDS:
                raise OneOffError(f"ECS does not know the task {arn}")
            if waited >= within_seconds:
                return None
            await self._clock.sleep(next(paces))

    def stop(self, cluster: str, arn: str, reason: str) -> None:
        """Stop a task; ECS keeps the reason."""
        self._ecs.stop_task(cluster=cluster, task=arn, reason=reason)

    def _describe(self, cluster: str, arn: str) -> Answer | None:
        return next(iter(self._ecs.describe_tasks(cluster=cluster, tasks=[arn])["tasks"]), None)


def exit_code_of(task: Answer, container: str) -> int | None:
    """Return a container's exit code; None where it never ran."""
    return next((one.get("exitCode") for one in task["containers"] if one["name"] == container), None)
