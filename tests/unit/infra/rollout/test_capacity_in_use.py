"""Capacity may be removed only if no service uses it."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi
import pytest

from infra.rollout.capacity_in_use import refuse_capacity_in_use
from tests.unit.infra.rollout.aws import Aws, update

POOL = "cluster-capacity-pool-1a2b3c4"


def _update(new: list[str], *, services: list[dict[str, Any]]) -> Aws:
    """Update the providers of a cluster, and return the fake AWS."""
    aws: Any = Aws(
        list_services={"serviceArns": [f"arn:{number}" for number, _ in enumerate(services)]},
        describe_services=lambda request: {
            "services": [services[int(arn.partition(":")[2])] for arn in request["services"]]
        },
    )
    old = {"clusterName": "cluster-1", "capacityProviders": ["FARGATE", "FARGATE_SPOT", POOL]}
    asyncio.run(refuse_capacity_in_use(aws, update(old, {"capacityProviders": new})))
    return aws


def _on(provider: str, name: str = "web-1") -> dict[str, Any]:
    return {"serviceName": name, "capacityProviderStrategy": [{"capacityProvider": provider, "weight": 1}]}


def test_service_on_removed_capacity_is_named_with_the_way_out() -> None:
    many = [_on("FARGATE", f"web-{number}") for number in range(12)]

    with pytest.raises(pulumi.RunError, match=f"the service api-1 still runs on {POOL}. .* run `pulumi up`"):
        _update(["FARGATE", "FARGATE_SPOT"], services=[*many, _on(POOL, "api-1")])


def test_unused_capacity_may_be_removed() -> None:
    aws = _update(["FARGATE", "FARGATE_SPOT"], services=[_on("FARGATE"), {"serviceName": "outside"}])

    assert aws.requests("list_services") == [{"cluster": "cluster-1"}]


def test_added_capacity_needs_no_request() -> None:
    assert _update(["FARGATE", "FARGATE_SPOT", POOL, "another"], services=[_on(POOL)]).calls == []
