"""The ECS cluster: capacity, Container Insights and the log group of its tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from infra.cluster.capacity import InstanceArgs, strategy_items
from infra.cluster.ec2_instances import Ec2Instances
from infra.cluster.external_machines import ExternalMachines
from infra.cluster.managed_instances import ManagedInstances
from infra.settings.capacity import FARGATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.settings import CapacityProvider, ClusterSettings


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    """Inputs of a :class:`Cluster`."""

    settings: ClusterSettings
    default_strategy: Sequence[CapacityProvider]
    """For tasks that are started by hand: every service of the stack has its own strategy."""
    log_retention_days: int
    log_key_arn: str | None = None
    instances: InstanceArgs
    """For capacity other than Fargate."""
    hooks: pulumi.ResourceHookBinding
    """Retry while new capacity is not active, and refuse to detach capacity that a service still uses."""


class Cluster(pulumi.ComponentResource):
    """A new or existing cluster with Fargate and other capacity, and a log group for its tasks."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    log_group_name: pulumi.Output[str]
    log_group_arn: pulumi.Output[str]
    provider_names: dict[str, pulumi.Output[str]]
    """Capacity provider of each EC2 and managed capacity, by its name in the settings."""
    registration_command: pulumi.Output[str] | None
    """Registers a machine outside AWS; None without such capacity."""

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:Cluster", name, None, opts)
        self.provider_names = {}
        self.registration_command = None

        if args.settings.cluster_arn is None:
            cluster = self._create_cluster(name, args)
            self.arn, self.name = cluster.arn, cluster.name
        else:
            self.arn = pulumi.Output.from_input(args.settings.cluster_arn)
            self.name = pulumi.Output.from_input(args.settings.cluster_arn.rpartition("/")[2])
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

    def _create_cluster(self, name: str, args: ClusterArgs) -> aws.ecs.Cluster:
        cluster = aws.ecs.Cluster(
            name,
            settings=[{"name": "containerInsights", "value": args.settings.container_insights}],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._create_capacity(f"{name}-capacity", args, cluster.name)
        aws.ecs.ClusterCapacityProviders(
            name,
            cluster_name=cluster.name,
            capacity_providers=[*FARGATE, *self.provider_names.values()],
            default_capacity_provider_strategies=strategy_items(
                [
                    item
                    for item in args.default_strategy
                    if item.is_fargate or item.capacity_provider in self.provider_names
                ],
                self.provider_names,
            ),
            # A new provider of managed instances is not ACTIVE for half a minute.
            opts=pulumi.ResourceOptions(parent=self, hooks=args.hooks),
        )
        return cluster

    def _create_capacity(self, prefix: str, args: ClusterArgs, cluster_name: pulumi.Output[str]) -> None:
        for name, settings in sorted(args.settings.capacity.items()):
            resource_name, child = f"{prefix}-{name}", pulumi.ResourceOptions(parent=self)
            match settings.type:
                case "ec2":
                    ec2 = Ec2Instances(resource_name, settings, cluster_name, args.instances, child)
                    self.provider_names[name] = ec2.provider_name
                case "managed-instances":
                    managed = ManagedInstances(resource_name, settings, cluster_name, args.instances, child)
                    self.provider_names[name] = managed.provider_name
                case "external":
                    machines = ExternalMachines(resource_name, settings, cluster_name, args.instances, child)
                    self.registration_command = machines.registration_command
