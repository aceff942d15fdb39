"""A cluster with one capacity beside Fargate, for the tests of each kind."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.cluster.cluster import Cluster, ClusterArgs
from infra.cluster.place import Place
from infra.rollout.rollout import Rollout
from infra.settings import CapacityProvider
from tests.unit.infra.factories import account, cluster_settings, held, provider_settings
from tests.unit.infra.recorder import Graph, declare

TAGS = {"Project": "node-on-ecs", "Stack": "dev"}
PROVIDER = "aws:ecs/capacityProvider:CapacityProvider"
PROFILE = "aws:iam/instanceProfile:InstanceProfile"
ROLE = "aws:iam/role:Role"
ATTACHED = "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"


def declared(name: str, settings: Any, *, public: bool = False) -> Graph:
    """Declare a cluster with this capacity, whose services run there by default."""

    def program() -> None:
        rollout = Rollout(provider_settings())
        network = aws.ec2.SecurityGroup("network", opts=held("of-the-network"))
        place = Place(
            account=account(),
            tags=TAGS,
            subnet_ids=["subnet-1", "subnet-2"],
            security_group_id="sg-tasks",
            assign_public_ip=public,
            hooks=rollout.of_capacity,
            cluster_hooks=rollout.of_cluster_capacity,
            prerequisites=[network],
        )
        args = ClusterArgs(
            settings=cluster_settings(capacity={name: settings}),
            default_strategy=(CapacityProvider(capacity_provider=name, weight=1),),
            log_retention_days=30,
            place=place,
        )
        cluster = Cluster("cluster", args, opts=held())
        pulumi.export("registration_command", cluster.registration_command)

    return declare(program)


def trusts(graph: Graph, role: str) -> list[str]:
    """Return who may take a role."""
    document = json.loads(graph.one(ROLE, role).inputs["assumeRolePolicy"])
    return [statement["Principal"]["Service"] for statement in document["Statement"]]


def granted(graph: Graph, role: str) -> dict[str, dict[str, Any]]:
    """Return the statements of a role's own policy."""
    document = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy", role).inputs["policy"])
    return {statement["Sid"]: statement for statement in document["Statement"]}
