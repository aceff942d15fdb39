"""Lifecycle hooks that are no longer configured: ECS keeps what the provider leaves out."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi

from infra.rollout.lifecycle_hooks import remove_hooks
from tests.unit.infra.rollout.aws import Aws, service

HOOK = {"targetType": "PAUSE", "lifecycleStages": ["POST_SCALE_UP"]}
CONFIGURATION: dict[str, Any] = {
    "strategy": "CANARY",
    "bakeTimeInMinutes": 5,
    "maximumPercent": 200,
    "lifecycleHooks": [{"lifecycleStages": ["POST_SCALE_UP"]}],
}


def updated(old: dict[str, Any], new: dict[str, Any]) -> list[dict[str, Any]]:
    """What ECS is told before an update from one deployment configuration to another."""
    aws: Any = Aws(
        describe_services=service(deploymentConfiguration=CONFIGURATION), update_service={"service": {}}
    )
    known = {"cluster": "cluster", "name": "web-1a2b3c4"}
    args = pulumi.ResourceHookArgs(
        urn="urn",
        id="id",
        name="web",
        type="aws:ecs/service:Service",
        new_inputs={"deploymentConfiguration": new},
        old_outputs={**known, "deploymentConfiguration": old},
    )
    asyncio.run(remove_hooks(aws, args))
    return aws.questions("update_service")


def test_hooks_that_are_removed_are_removed_from_ecs_and_nothing_else_is() -> None:
    assert updated({"lifecycleHooks": [HOOK]}, {"strategy": "CANARY"}) == [
        {
            "cluster": "cluster",
            "service": "web-1a2b3c4",
            "deploymentConfiguration": {**CONFIGURATION, "lifecycleHooks": []},
        }
    ]


def test_hooks_that_are_changed_are_the_provider_s_to_change() -> None:
    assert updated({"lifecycleHooks": [HOOK, HOOK]}, {"lifecycleHooks": [HOOK]}) == []


def test_where_there_were_none_ecs_is_told_nothing() -> None:
    assert updated({"strategy": "ROLLING"}, {"strategy": "CANARY"}) == []
    assert updated({}, {}) == []
