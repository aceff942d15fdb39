"""A cluster with capacity other than Fargate, for the tests of each kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.cluster.capacity import InstanceArgs
from infra.cluster.cluster import Cluster, ClusterArgs
from infra.rollout.rollout import Rollout
from infra.settings import CapacityProvider, ClusterSettings
from tests.unit.infra.factories import account, child_options, provider_settings
from tests.unit.infra.recorder import Graph, declare

TAGS = {"Project": "node-on-ecs", "Stack": "dev"}
PROVIDER = "aws:ecs/capacityProvider:CapacityProvider"
PROFILE = "aws:iam/instanceProfile:InstanceProfile"
ATTACHED = "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"


def instance_args(
    rollout: Rollout, prerequisites: Sequence[pulumi.Resource] = (), *, public: bool = False
) -> InstanceArgs:
    """Return the arguments that all kinds of capacity share."""
    return InstanceArgs(
        account=account(),
        tags=TAGS,
        subnet_ids=["subnet-1", "subnet-2"],
        security_group_id="sg-tasks",
        assign_public_ip=public,
        hooks=rollout.retries,
        prerequisites=prerequisites,
    )


def declare_capacity(name: str, settings: Any, *, public: bool = False) -> Graph:
    """Declare a cluster with this capacity, on which tasks run by default."""

    def program() -> None:
        rollout = Rollout(provider_settings())
        network = aws.ec2.SecurityGroup("network", opts=child_options("of-the-network"))
        args = ClusterArgs(
            settings=ClusterSettings(capacity={name: settings}),
            default_strategy=(CapacityProvider(capacity_provider=name, weight=1),),
            log_retention_days=30,
            instances=instance_args(rollout, [network], public=public),
            hooks=rollout.cluster_capacity_hooks,
        )
        cluster = Cluster("cluster", args, opts=child_options())
        pulumi.export("registration_command", cluster.registration_command)

    return declare(program)
