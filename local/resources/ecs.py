"""What the handlers of ECS share."""

from __future__ import annotations

from typing import Final, Literal

from local.resources.aws_calls import call
from local.resources.cloud import Cloud

GONE: Final = "ServiceNotFoundException ClusterNotFoundException ServiceNotActiveException"
"""Error codes that say that there is no such service."""
DEPLOYMENT: Final = (
    "alarms deploymentCircuitBreaker deploymentConfiguration deploymentMaximumPercent "
    "deploymentMinimumHealthyPercent"
)
"""What AWS keeps in one `deploymentConfiguration`, and takes a default for where it is left out."""
OWN: Final = "forceNewDeployment sigintRollback triggers waitForSteadyState"
"""Properties of a service that are the provider's own, or the update call's."""


def cluster_of(service_arn: str) -> str:
    """Return the cluster's name in a service's ARN."""
    return service_arn.partition(":service/")[2].partition("/")[0]


def task_arns(cloud: Cloud, service_arn: str, status: Literal["RUNNING", "STOPPED"]) -> list[str]:
    """Return the ARNs of a service's tasks that shall run, or that shall not any more."""
    asked = {"serviceName": service_arn.rpartition("/")[2], "desiredStatus": status}
    absent, cluster = GONE.split(), cluster_of(service_arn)
    answer = call(cloud, "ecs", "list_tasks", absent=absent, all_pages=True, cluster=cluster, **asked)
    return answer.get("taskArns", [])
