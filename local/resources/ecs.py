"""Constants and queries that the ECS handlers share."""

from __future__ import annotations

from typing import Final, Literal

from local.resources.aws_calls import call
from local.resources.cloud import Cloud

SERVICE_NOT_FOUND: Final = "ServiceNotFoundException ClusterNotFoundException ServiceNotActiveException"
"""Error codes for a missing service."""
DEPLOYMENT_PROPERTIES: Final = (
    "alarms deploymentCircuitBreaker deploymentConfiguration deploymentMaximumPercent "
    "deploymentMinimumHealthyPercent"
)
"""Properties that AWS stores in one `deploymentConfiguration`, each with a default where an update leaves
it out."""
PROVIDER_PROPERTIES: Final = "forceNewDeployment sigintRollback triggers waitForSteadyState"
"""Properties of the provider or of the update call, which AWS does not store."""

FAILED_TASK: Final = "Task failed"
"""Beginning of the reason with which a task is stopped that counts as a failure of its deployment."""


def cluster_of(service_arn: str) -> str:
    """Return the name of the cluster in a service's ARN."""
    return service_arn.partition(":service/")[2].partition("/")[0]


def task_arns(cloud: Cloud, service_arn: str, status: Literal["RUNNING", "STOPPED"]) -> list[str]:
    """Return the ARNs of a service's tasks with a desired status."""
    answer = call(
        cloud,
        "ecs",
        "list_tasks",
        ignored_codes=SERVICE_NOT_FOUND.split(),
        all_pages=True,
        cluster=cluster_of(service_arn),
        serviceName=service_arn.rpartition("/")[2],
        desiredStatus=status,
    )
    return answer.get("taskArns", [])
