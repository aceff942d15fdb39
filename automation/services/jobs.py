"""Tasks of a service's family outside the service: those that a schedule or a user started."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, Literal

from infra.rollout.evidence import why_stopped

if TYPE_CHECKING:
    from automation.services.deployed_stack import DeployedService, DeployedStack
    from infra.rollout.evidence import Answer

_GROUP_OF_A_SERVICE: Final = "service:"
_SHOWN: Final = 3
_MESSAGES: Final = "ApproximateNumberOfMessages"


def tasks_of_family(
    ecs: Any, service: DeployedService, status: Literal["RUNNING", "STOPPED"]
) -> Iterator[Answer]:
    """Yield the tasks of a service's task definition, also those outside the service."""
    pages = ecs.get_paginator("list_tasks").paginate(
        cluster=service.cluster, family=service.family, desiredStatus=status
    )
    for page in pages:
        if page["taskArns"]:
            tasks = ecs.describe_tasks(cluster=service.cluster, tasks=page["taskArns"])["tasks"]
            yield from (task for task in tasks if task["lastStatus"] == status)


def given_up(stack: DeployedStack, service: DeployedService) -> int:
    """Return the number of scheduled starts that AWS gave up in the last 14 days."""
    queue = stack.dead_letter_queues.get(service.name)
    if queue is None:
        return 0
    sqs = stack.clients.client("sqs")
    try:
        found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[_MESSAGES])
    except sqs.exceptions.QueueDoesNotExist:
        # Deleted by hand, which `drift` reports.
        return 0
    return int(found["Attributes"][_MESSAGES])


def failed_jobs(stack: DeployedStack, service: DeployedService) -> tuple[str, ...]:
    """Return why a service's jobs failed in the last hour, the latest first; ECS forgets earlier ones."""
    settings = stack.settings_of_service(service.name)
    if settings is None or not settings.schedules:
        return ()
    stopped = tasks_of_family(stack.clients.client("ecs"), service, "STOPPED")
    failed = sorted(filter(_failed, stopped), key=lambda task: task.get("stoppedAt", task["createdAt"]))
    return tuple(why_stopped(task) for task in reversed(failed[-_SHOWN:]))


def _failed(task: Answer) -> bool:
    if task.get("group", "").startswith(_GROUP_OF_A_SERVICE):
        return False
    return task.get("stopCode") == "TaskFailedToStart" or any(
        container.get("exitCode") for container in task["containers"]
    )
