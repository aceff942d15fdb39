"""The ECS cluster: Container Insights, Fargate capacity and logs."""

from __future__ import annotations

from typing import Any

from infra.cluster.cluster import Cluster, ClusterArgs
from infra.rollout.rollout import Rollout
from infra.settings import ClusterSettings
from tests.unit.infra.cluster.capacity import instance_args
from tests.unit.infra.factories import ON_DEMAND, SPOT, child_options, provider_settings
from tests.unit.infra.recorder import Graph, declare, once


@once
def _declare(**changes: Any) -> Graph:
    def program() -> None:
        rollout = Rollout(provider_settings())
        args = ClusterArgs(
            settings=ClusterSettings(**changes),
            default_strategy=(ON_DEMAND, SPOT),
            log_retention_days=7,
            instances=instance_args(rollout),
            hooks=rollout.cluster_capacity_hooks,
        )
        Cluster("cluster", args, opts=child_options())

    return declare(program)


def test_container_insights_are_configurable() -> None:
    cluster = _declare(container_insights="enhanced").one("aws:ecs/cluster:Cluster", "cluster")

    assert cluster.inputs["settings"] == [{"name": "containerInsights", "value": "enhanced"}]


def test_cluster_always_has_fargate_and_fargate_spot() -> None:
    """A service can move from one to the other without a change of the cluster."""
    capacity = _declare().one("aws:ecs/clusterCapacityProviders:ClusterCapacityProviders", "cluster")

    assert capacity.inputs["capacityProviders"] == ["FARGATE", "FARGATE_SPOT"]
    assert capacity.inputs["defaultCapacityProviderStrategies"] == [
        {"capacityProvider": "FARGATE", "weight": 1, "base": 1},
        {"capacityProvider": "FARGATE_SPOT", "weight": 3, "base": 0},
    ]


def test_logs_are_kept_for_the_configured_days() -> None:
    logs = _declare().one("aws:cloudwatch/logGroup:LogGroup", "cluster-logs")

    assert logs.inputs == {"retentionInDays": 7}


def test_existing_cluster_is_not_changed() -> None:
    graph = _declare(cluster_arn="arn:aws:ecs:us-east-1:123456789012:cluster/shared")
    outputs = graph.component_outputs("node-on-ecs:infra:Cluster", "cluster")

    assert not graph.all("aws:ecs/cluster:Cluster")
    assert not graph.all("aws:ecs/clusterCapacityProviders:ClusterCapacityProviders")
    assert (outputs["name"], outputs["arn"]) == (
        "shared",
        "arn:aws:ecs:us-east-1:123456789012:cluster/shared",
    )
    assert outputs["log_group_name"] == "cluster-logs-1a2b3c4"
