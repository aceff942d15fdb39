"""The cluster: capacity and logs."""

from __future__ import annotations

from typing import Any

from infra.cluster.cluster import Cluster, ClusterArgs
from tests.unit.infra.factories import ON_DEMAND, SPOT, cluster_settings, held
from tests.unit.infra.recorder import Graph, declare, once


@once
def _cluster(*, log_retention_days: int = 30, **changes: Any) -> Graph:
    args = ClusterArgs(
        settings=cluster_settings(**changes),
        default_strategy=(ON_DEMAND, SPOT),
        log_retention_days=log_retention_days,
    )
    return declare(lambda: Cluster("cluster", args, opts=held()))


def test_container_insights_are_what_the_settings_say() -> None:
    cluster = _cluster(container_insights="enhanced").one("aws:ecs/cluster:Cluster", "cluster")

    assert cluster.inputs["settings"] == [{"name": "containerInsights", "value": "enhanced"}]


def test_fargate_and_spot_are_there_whichever_is_used() -> None:
    """Moving a service from one to the other must not wait for the cluster."""
    capacity = _cluster().one("aws:ecs/clusterCapacityProviders:ClusterCapacityProviders", "cluster")

    assert capacity.inputs["capacityProviders"] == ["FARGATE", "FARGATE_SPOT"]
    assert capacity.inputs["defaultCapacityProviderStrategies"] == [
        {"capacityProvider": "FARGATE", "weight": 1, "base": 1},
        {"capacityProvider": "FARGATE_SPOT", "weight": 3, "base": 0},
    ]


def test_logs_are_kept_as_long_as_the_settings_say() -> None:
    logs = _cluster(log_retention_days=7).one("aws:cloudwatch/logGroup:LogGroup", "cluster-logs")

    assert logs.inputs == {"retentionInDays": 7}


def test_of_a_cluster_that_is_there_already_nothing_is_changed() -> None:
    graph = _cluster(cluster_arn="arn:aws:ecs:us-east-1:123456789012:cluster/shared")
    outputs = graph.component_outputs("node-on-ecs:infra:Cluster", "cluster")

    assert not graph.all("aws:ecs/cluster:Cluster")
    assert not graph.all("aws:ecs/clusterCapacityProviders:ClusterCapacityProviders")
    assert (outputs["name"], outputs["arn"]) == (
        "shared",
        "arn:aws:ecs:us-east-1:123456789012:cluster/shared",
    )
    assert outputs["log_group_name"] == "cluster-logs-1a2b3c4"
