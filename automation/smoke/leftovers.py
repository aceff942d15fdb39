"""What of a stack that was destroyed is still in its account, by the tags that all of it carries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from infra.rollout.clock import REAL, Clock

if TYPE_CHECKING:
    from automation.operations.place import Clients

_PAUSE_SECONDS: Final = 15
_DELETED_AT_ONCE: Final = 10
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteTaskDefinitions.html"""


@dataclass(frozen=True)
class Leftovers:
    """ARNs of what the account still tells of a stack."""

    there: tuple[str, ...] = ()
    """What exists."""
    gone: tuple[str, ...] = ()
    """What is deleted, and only listed for some time."""


def retire_task_definitions(clients: Clients, families: Sequence[str]) -> int:
    """Delete the revisions that a destroyed stack leaves because ECS may roll back to them; return how many.

    Args:
        clients: the account.
        families: of the revisions.
    """
    ecs = clients.get("ecs")
    pages = ecs.get_paginator("list_task_definitions")
    arns = [
        arn
        for family in families
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


def wait_until_nothing_is_left(
    clients: Clients, tags: dict[str, str], *, seconds: float, clock: Clock = REAL
) -> Leftovers:
    """Return what is left of a stack, as soon as nothing is, or when the time is over.

    Args:
        clients: the account.
        tags: what every resource of the stack carries.
        seconds: how long AWS may go on listing what is deleted.
        clock: by which one waits.
    """
    began = clock.now()
    while True:
        left = _left_over(clients, tags)
        if not left.there or clock.now() - began >= seconds:
            return left
        clock.block(_PAUSE_SECONDS)


def _left_over(clients: Clients, tags: dict[str, str]) -> Leftovers:
    pages = (
        clients.get("resourcegroupstaggingapi")
        .get_paginator("get_resources")
        .paginate(TagFilters=[{"Key": key, "Values": [value]} for key, value in tags.items()])
    )
    there: list[str] = []
    gone: list[str] = []
    for arn in _arns(pages):
        (gone if _is_gone(clients, arn) else there).append(arn)
    return Leftovers(tuple(sorted(there)), tuple(sorted(gone)))


def _arns(pages: Any) -> Iterator[str]:
    for page in pages:
        for found in page["ResourceTagMappingList"]:
            yield found["ResourceARN"]


def _is_gone(clients: Clients, arn: str) -> bool:
    """Whether ECS has let go of it: it lists clusters, services and revisions long after their end."""
    _, _, service, _, _, name = arn.split(":", 5)
    ask = _ENDS.get(name.partition("/")[0]) if service == "ecs" else None
    return ask is not None and ask(clients.get("ecs"), arn)


def _task_definition_is_gone(ecs: Any, arn: str) -> bool:
    try:
        found = ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
    except ecs.exceptions.ClientException:
        return True
    return found["status"] != "ACTIVE"


def _cluster_is_gone(ecs: Any, arn: str) -> bool:
    return _all_have(ecs.describe_clusters(clusters=[arn])["clusters"], "status", "INACTIVE")


def _service_is_gone(ecs: Any, arn: str) -> bool:
    cluster = arn.split("/")[1]
    try:
        found = ecs.describe_services(cluster=cluster, services=[arn])["services"]
    except ecs.exceptions.ClusterNotFoundException:
        return True
    return _all_have(found, "status", "INACTIVE")


def _task_is_gone(ecs: Any, arn: str) -> bool:
    cluster = arn.split("/")[1]
    try:
        found = ecs.describe_tasks(cluster=cluster, tasks=[arn])["tasks"]
    except ecs.exceptions.ClusterNotFoundException:
        return True
    return _all_have(found, "lastStatus", "STOPPED")


def _all_have(found: Sequence[Any], key: str, value: str) -> bool:
    return all(one[key] == value for one in found)


_ENDS: Final[dict[str, Callable[[Any, str], bool]]] = {
    "cluster": _cluster_is_gone,
    "service": _service_is_gone,
    "task": _task_is_gone,
    "task-definition": _task_definition_is_gone,
}
