"""Results of tasks that a schedule or a person started, beside those of a service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from infra.rollout.evidence import why_stopped

if TYPE_CHECKING:
    from automation.services.deployed_stack import DeployedService, DeployedStack
    from infra.rollout.evidence import Answer

_OF_A_SERVICE: Final = "service:"
_SHOWN: Final = 3


def given_up(stack: DeployedStack, service: DeployedService) -> int:
    """Return how many scheduled starts of a service failed until AWS gave them up, in 14 days."""
    queue = stack.dead_letter_queues.get(service.name)
    if queue is None:
        return 0
    name = "ApproximateNumberOfMessages"
    found = stack.clients.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=[name])
    return int(found["Attributes"][name])


def failed_jobs(stack: DeployedStack, service: DeployedService) -> tuple[str, ...]:
    """Return why a service's jobs failed in the last hour, the latest first: ECS forgets older ones."""
    settings = next((one for one in stack.settings.services if one.name == service.name), None)
    if settings is None or not settings.schedules:
        return ()
    failed = [one for one in _stopped(stack.clients.client("ecs"), service) if _failed(one)]
    failed.sort(key=lambda one: one.get("stoppedAt", one["createdAt"]), reverse=True)
    return tuple(why_stopped(one) for one in failed[:_SHOWN])


def _stopped(ecs: Any, service: DeployedService) -> Iterator[Answer]:
    pages = ecs.get_paginator("list_tasks").paginate(
        cluster=service.cluster, family=service.family, desiredStatus="STOPPED"
    )
    for page in pages:
        if page["taskArns"]:
            yield from ecs.describe_tasks(cluster=service.cluster, tasks=page["taskArns"])["tasks"]


def _failed(task: Answer) -> bool:
    if task.get("group", "").startswith(_OF_A_SERVICE):
        return False
    codes = [one.get("exitCode") for one in task["containers"]]
    return task.get("stopCode") == "TaskFailedToStart" or any(codes)
