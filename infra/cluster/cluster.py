"""The ECS cluster: capacity, Container Insights and the log group of its tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from infra.settings import ClusterSettings


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    """What a :class:`Cluster` needs to know."""

    settings: ClusterSettings
    log_retention_days: int


class Cluster(pulumi.ComponentResource):
    """A cluster that has Fargate and Fargate Spot, and keeps what its tasks write for a while."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    log_group_name: pulumi.Output[str]
    log_group_arn: pulumi.Output[str]

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:Cluster", name, None, opts)

        cluster = aws.ecs.Cluster(
            name,
            settings=[{"name": "containerInsights", "value": args.settings.container_insights}],
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.ecs.ClusterCapacityProviders(
            name,
            cluster_name=cluster.name,
            capacity_providers=["FARGATE", "FARGATE_SPOT"],
            # For what is started by hand: every service of the stack names a strategy of its own.
            default_capacity_provider_strategies=[
                {"capacity_provider": line.capacity_provider, "weight": line.weight, "base": line.base}
                for line in args.settings.capacity_provider_strategy
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            retention_in_days=args.log_retention_days,
            opts=pulumi.ResourceOptions(parent=self),
        )

        self.name = cluster.name
        self.arn = cluster.arn
        self.log_group_name = logs.name
        self.log_group_arn = logs.arn
        self.register_outputs(
            {
                "name": self.name,
                "arn": self.arn,
                "log_group_name": self.log_group_name,
                "log_group_arn": self.log_group_arn,
            },
        )
