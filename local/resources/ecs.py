"""What the handlers of ECS share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from botocore.exceptions import ClientError

from local.resources.aws_calls import code_of, explained

if TYPE_CHECKING:
    from local.resources.cloud import Cloud

GONE: Final = "ServiceNotFoundException ClusterNotFoundException ServiceNotActiveException"
"""Error codes that say that there is no such service."""


def cluster_of(service_arn: str) -> str:
    """Return the cluster's name in a service's ARN."""
    return service_arn.partition(":service/")[2].partition("/")[0]


def task_arns(cloud: Cloud, service_arn: str, status: Literal["RUNNING", "STOPPED"]) -> list[str]:
    """Return the ARNs of a service's tasks that shall run, or that shall not any more."""
    with explained(f"list the tasks of ECS service {service_arn}"):
        pages = (
            cloud.client("ecs")
            .get_paginator("list_tasks")
            .paginate(
                cluster=cluster_of(service_arn),
                serviceName=service_arn.rpartition("/")[2],
                desiredStatus=status,
            )
        )
        try:
            return [str(task) for page in pages for task in page["taskArns"]]
        except ClientError as error:
            if code_of(error) in GONE.split():
                return []
            raise
