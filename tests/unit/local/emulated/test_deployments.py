"""The circuit breaker judges first deployments, and those that MiniStack has completed."""

from __future__ import annotations

from typing import Any

import pytest

from local.emulated import deployments, ministack

ecs = ministack("services.ecs")

CLUSTER = "arn:aws:ecs:us-east-1:000000000000:cluster/shop"
TASK = {"taskArn": "arn:task", "clusterArn": CLUSTER, "group": "service:web", "_deployment_id": "1"}


def test_a_deployment_starts_in_progress() -> None:
    started = deployments._in_progress(ecs._make_deployment, "arn:definition", 2)

    assert (started["rolloutState"], started["desiredCount"]) == ("IN_PROGRESS", 2)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A service with a circuit breaker and one deployment, which MiniStack has completed."""
    service: dict[str, Any] = {
        "serviceName": "web",
        "status": "ACTIVE",
        "desiredCount": 9,
        "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": True, "rollback": False}},
        "deployments": [{**ecs._make_deployment("arn:definition", 9), "id": "1"}],
        "events": [],
    }
    monkeypatch.setattr(ecs, "_services", {"shop/web": service})
    monkeypatch.setattr(ecs, "_reconcile_service_tasks", lambda *_: None)
    return service


@pytest.mark.parametrize(("enabled", "state"), [(True, "FAILED"), (False, "COMPLETED")])
def test_a_failed_task_ends_a_completed_deployment_only_with_a_circuit_breaker(
    service: dict[str, Any], *, enabled: bool, state: str
) -> None:
    service["deploymentConfiguration"]["deploymentCircuitBreaker"]["enable"] = enabled

    deployments._fail_deployment("shop/web", dict(TASK))

    assert service["deployments"][0]["rolloutState"] == state


def test_a_deployment_that_the_circuit_breaker_has_rolled_back_stays_failed(service: dict[str, Any]) -> None:
    service["deployments"][0] |= {"status": "ACTIVE", "rolloutState": "FAILED"}

    deployments._fail_deployment("shop/web", dict(TASK))

    assert service["deployments"][0]["rolloutState"] == "FAILED"
