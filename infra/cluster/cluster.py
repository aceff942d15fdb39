"""The ECS cluster: capacity, Container Insights and the log group of its tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from infra.cluster.capacity import ClusterCapacity
from infra.settings.capacity import FARGATE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.cluster.place import Place
    from infra.settings import CapacityProvider, ClusterSettings


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    """What a :class:`Cluster` needs to know."""

    settings: ClusterSettings
    default_strategy: Sequence[CapacityProvider]
    """For what is started by hand: every service of the stack names a strategy of its own."""
    log_retention_days: int
    log_key_arn: str | None = None
    place: Place | None = None
    """Where instances are; needed only for capacity beside Fargate."""


class Cluster(pulumi.ComponentResource):
    """A cluster with Fargate and other capacity, made or there already, and a log group for its tasks."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    log_group_name: pulumi.Output[str]
    log_group_arn: pulumi.Output[str]
    provider_names: Mapping[str, pulumi.Output[str]]
    """How strategies name the capacity beside Fargate."""
    registration_command: pulumi.Output[str] | None
    """By which machines outside AWS join; None without such capacity."""

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:Cluster", name, None, opts)

        if args.settings.cluster_arn is None:
            self._make(name, args)
        else:
            self.arn = pulumi.Output.from_input(args.settings.cluster_arn)
            self.name = pulumi.Output.from_input(args.settings.cluster_arn.rpartition("/")[2])
            self.provider_names = {}
            self.registration_command = None
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            retention_in_days=args.log_retention_days,
            kms_key_id=args.log_key_arn,
            opts=pulumi.ResourceOptions(parent=self),
        )

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

    def _make(self, name: str, args: ClusterArgs) -> None:
        cluster = aws.ecs.Cluster(
            name,
            settings=[{"name": "containerInsights", "value": args.settings.container_insights}],
            opts=pulumi.ResourceOptions(parent=self),
        )
        capacity = ClusterCapacity(
            args.settings.capacity, args.place, cluster.name, prefix=f"{name}-capacity", parent=self
        )
        names = capacity.provider_names
        aws.ecs.ClusterCapacityProviders(
            name,
            cluster_name=cluster.name,
            capacity_providers=[*FARGATE, *names.values()],
            default_capacity_provider_strategies=[
                {
                    "capacity_provider": names.get(line.capacity_provider, line.capacity_provider),
                    "weight": line.weight,
                    "base": line.base,
                }
                for line in args.default_strategy
                if line.is_fargate or line.capacity_provider in names
            ],
            opts=pulumi.ResourceOptions(
                parent=self,
                # AWS says that a new provider of managed instances is not ACTIVE yet, for half a minute.
                hooks=args.place.cluster_hooks if args.place else None,
            ),
        )
        self.name = cluster.name
        self.arn = cluster.arn
        self.provider_names = names
        self.registration_command = capacity.registration_command
