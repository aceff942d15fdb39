"""IAM permissions of the ECS agent on a machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from infra.account import allow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.account import Account, Statement


def agent_statements(account: Account, cluster_name: pulumi.Input[str]) -> Iterator[Statement]:
    """Yield the permissions that the agent needs in one cluster.

    AmazonEC2ContainerServiceforEC2Role has the same for all clusters, and also reads every repository and
    writes to every log group, for which tasks here have their own roles:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/instance_IAM_role.html
    """
    cluster = account.arn("ecs", pulumi.Output.concat("cluster/", cluster_name))
    instances = account.arn("ecs", pulumi.Output.concat("container-instance/", cluster_name, "/*"))
    # AWS has no narrower resource for these.
    yield allow("Find", ["ecs:DiscoverPollEndpoint", "ec2:DescribeTags"], "*")
    yield allow("Register", ["ecs:RegisterContainerInstance", "ecs:DeregisterContainerInstance"], cluster)
    yield allow(
        "Report",
        [
            *("ecs:Poll", "ecs:StartTelemetrySession", "ecs:UpdateContainerInstancesState"),
            *("ecs:SubmitAttachmentStateChanges", "ecs:SubmitContainerStateChange"),
            *("ecs:SubmitTaskStateChange", "ecs:TagResource"),
        ],
        [cluster, instances],
    )
