"""Resources of a destroyed stack that its account still lists, found by their tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from infra.rollout.clock import REAL, Clock

if TYPE_CHECKING:
    from infra.rollout.aws_clients import AwsClients

_PAUSE_SECONDS: Final = 15
_DELETED_AT_ONCE: Final = 10
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteTaskDefinitions.html"""

_DELETED_STATUSES: Final = frozenset({"INACTIVE", "DELETE_IN_PROGRESS", "STOPPED"})


@dataclass(frozen=True)
class Leftovers:
    """ARNs that the account lists with a stack's tags."""

    existing: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    """Deleted by ECS, which lists them for some time."""


def delete_task_definitions(clients: AwsClients, family: str) -> int:
    """Delete a family's revisions, which ECS keeps for rollbacks; return their number."""
    ecs = clients.client("ecs")
    pages = ecs.get_paginator("list_task_definitions")
    arns = [
        arn
        for page in pages.paginate(familyPrefix=family, status="ACTIVE")
        for arn in page["taskDefinitionArns"]
        # The families of other stacks may have the same prefix.
        if arn.rpartition("/")[2].rpartition(":")[0] == family
    ]
    for arn in arns:
        ecs.deregister_task_definition(taskDefinition=arn)
    for start in range(0, len(arns), _DELETED_AT_ONCE):
        ecs.delete_task_definitions(taskDefinitions=arns[start : start + _DELETED_AT_ONCE])
    return len(arns)


def wait_for_leftovers(
    clients: AwsClients, tags: Mapping[str, str], *, seconds: float, clock: Clock = REAL
) -> Leftovers:
    """Return the resources with these tags, as soon as none exists or the time is over.

    AWS lists deleted resources for some time.
    """
    deadline = clock.now() + seconds
    while True:
        leftovers = _leftovers(clients, tags)
        if not leftovers.existing or clock.now() >= deadline:
            return leftovers
        clock.block(_PAUSE_SECONDS)


def _leftovers(clients: AwsClients, tags: Mapping[str, str]) -> Leftovers:
    filters = [{"Key": key, "Values": [value]} for key, value in tags.items()]
    pages = clients.client("resourcegroupstaggingapi").get_paginator("get_resources")
    arns = sorted(
        resource["ResourceARN"]
        for page in pages.paginate(TagFilters=filters)
        for resource in page["ResourceTagMappingList"]
    )
    deleted = tuple(arn for arn in arns if _is_deleted(clients, arn))
    return Leftovers(tuple(arn for arn in arns if arn not in deleted), deleted)


def _is_deleted(clients: AwsClients, arn: str) -> bool:
    """Whether it is a cluster, service, task or revision that ECS has deleted."""
    _, _, service, _, _, name = arn.split(":", 5)
    kind, _, path = name.partition("/")
    if service != "ecs" or kind not in ("cluster", "service", "task", "task-definition"):
        return False
    ecs = clients.client("ecs")
    errors = ecs.exceptions
    missing = errors.ClientException if kind == "task-definition" else errors.ClusterNotFoundException
    cluster = path.partition("/")[0]
    try:
        match kind:
            case "cluster":
                statuses = [found["status"] for found in ecs.describe_clusters(clusters=[arn])["clusters"]]
            case "service":
                services = ecs.describe_services(cluster=cluster, services=[arn])["services"]
                statuses = [found["status"] for found in services]
            case "task":
                tasks = ecs.describe_tasks(cluster=cluster, tasks=[arn])["tasks"]
                statuses = [found["lastStatus"] for found in tasks]
            case _:
                statuses = [ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]["status"]]
    except missing:
        return True
    return {*statuses} <= _DELETED_STATUSES
