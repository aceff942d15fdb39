"""The role of the ECS agent on a machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from infra.account import allow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.account import Account, Statement


def agent_statements(account: Account, cluster_name: pulumi.Input[str]) -> Iterator[Statement]:
    """Yield what the agent needs, for one cluster.

    AmazonEC2ContainerServiceforEC2Role has the same for all clusters, and reads every repository and writes
    to every log group, which here the tasks' own roles do:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/instance_IAM_role.html
    """
    here = (account.partition, account.region, account.id, cluster_name)
    cluster = pulumi.Output.format("arn:{}:ecs:{}:{}:cluster/{}", *here)
    instances = pulumi.Output.format("arn:{}:ecs:{}:{}:container-instance/{}/*", *here)
    # Neither knows a narrower resource.
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
