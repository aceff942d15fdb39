"""Resources that a destroyed stack left in its account, found by the tags of all its resources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from infra.rollout.clock import REAL, Clock

if TYPE_CHECKING:
    from infra.rollout.aws_clients import AwsClients

_PAUSE_SECONDS: Final = 15
_DELETED_AT_ONCE: Final = 10
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteTaskDefinitions.html"""


@dataclass(frozen=True)
class Leftovers:
    """ARNs that the account still lists for a stack."""

    existing: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    """Deleted, and listed for some time."""


def delete_task_definitions(clients: AwsClients, family: str) -> int:
    """Delete a family's revisions, which remain because ECS may roll back to them; return how many."""
    ecs = clients.client("ecs")
    pages = ecs.get_paginator("list_task_definitions")
    arns = [
        arn
        for page in pages.paginate(familyPrefix=family, status="ACTIVE")
        for arn in page["taskDefinitionArns"]
        # Families of other stacks may begin with the same letters.
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
    """Return what is left of a stack, by the tags of all its resources.

    Returns as soon as nothing exists, or after so many seconds: AWS lists deleted resources for some time.
    """
    deadline = clock.now() + seconds
    while True:
        found = _leftovers(clients, tags)
        if not found.existing or clock.now() >= deadline:
            return found
        clock.block(_PAUSE_SECONDS)


def _leftovers(clients: AwsClients, tags: Mapping[str, str]) -> Leftovers:
    filters = [{"Key": key, "Values": [value]} for key, value in tags.items()]
    pages = clients.client("resourcegroupstaggingapi").get_paginator("get_resources")
    found = sorted(
        tagged["ResourceARN"]
        for page in pages.paginate(TagFilters=filters)
        for tagged in page["ResourceTagMappingList"]
    )
    deleted = tuple(arn for arn in found if _is_deleted(clients, arn))
    return Leftovers(tuple(arn for arn in found if arn not in deleted), deleted)


def _is_deleted(clients: AwsClients, arn: str) -> bool:
    """Whether ECS has deleted it: clusters, services, tasks and revisions are listed long after that."""
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
                return _all_have(ecs.describe_clusters(clusters=[arn])["clusters"], "status", "INACTIVE")
            case "service":
                services = ecs.describe_services(cluster=cluster, services=[arn])["services"]
                return _all_have(services, "status", "INACTIVE")
            case "task":
                tasks = ecs.describe_tasks(cluster=cluster, tasks=[arn])["tasks"]
                return _all_have(tasks, "lastStatus", "STOPPED")
            case _:
                revision = ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
                return revision["status"] != "ACTIVE"
    except missing:
        return True


def _all_have(found: Sequence[Any], key: str, value: str) -> bool:
    return all(one[key] == value for one in found)
