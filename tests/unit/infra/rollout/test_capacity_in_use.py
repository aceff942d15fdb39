"""Capacity that is taken away: not from under a service."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi
import pytest

from infra.rollout.capacity_in_use import refuse_capacity_in_use
from tests.unit.infra.rollout.aws import Aws

POOL = "cluster-capacity-pool-1a2b3c4"


def _updated(new: list[str], *, services: list[dict[str, Any]]) -> Aws:
    """Take away what is not among the new providers, and return whom that asked."""
    aws: Any = Aws(
        list_services={"serviceArns": [f"arn:{number}" for number, _ in enumerate(services)]},
        describe_services=lambda question: {
            "services": [services[int(arn.partition(":")[2])] for arn in question["services"]]
        },
    )
    args = pulumi.ResourceHookArgs(
        urn="urn",
        id="id",
        name="cluster",
        type="aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
        new_inputs={"capacityProviders": new},
        old_outputs={"clusterName": "cluster-1", "capacityProviders": ["FARGATE", "FARGATE_SPOT", POOL]},
    )
    asyncio.run(refuse_capacity_in_use(aws, args))
    return aws


def _on(provider: str, name: str = "web-1") -> dict[str, Any]:
    return {"serviceName": name, "capacityProviderStrategy": [{"capacityProvider": provider, "weight": 1}]}


def test_a_service_that_still_runs_there_is_named_with_what_to_do() -> None:
    many = [_on("FARGATE", f"web-{number}") for number in range(12)]

    with pytest.raises(pulumi.RunError, match=f"the service api-1 still runs on {POOL}. .* run `pulumi up`"):
        _updated(["FARGATE", "FARGATE_SPOT"], services=[*many, _on(POOL, "api-1")])


def test_what_nobody_uses_may_go() -> None:
    aws = _updated(["FARGATE", "FARGATE_SPOT"], services=[_on("FARGATE"), {"serviceName": "outside"}])

    assert aws.questions("list_services") == [{"cluster": "cluster-1"}]


def test_what_comes_needs_no_question() -> None:
    assert _updated(["FARGATE", "FARGATE_SPOT", POOL, "another"], services=[_on(POOL)]).asked == []
