"""Hooks and volumes that are no longer configured: ECS keeps what the provider leaves out."""

from __future__ import annotations

import asyncio
from typing import Any

from infra.rollout.removals import remove_hooks, remove_volume
from tests.unit.infra.rollout.aws import Aws, service, update

HOOK = {"targetType": "PAUSE", "lifecycleStages": ["POST_SCALE_UP"]}
CONFIGURATION: dict[str, Any] = {
    "strategy": "CANARY",
    "bakeTimeInMinutes": 5,
    "maximumPercent": 200,
    "lifecycleHooks": [{"lifecycleStages": ["POST_SCALE_UP"]}],
}


def _update(old: dict[str, Any], new: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the requests before an update from one deployment configuration to another."""
    aws: Any = Aws(
        describe_services=service(deploymentConfiguration=CONFIGURATION), update_service={"service": {}}
    )
    outputs = {"cluster": "cluster", "name": "web-1a2b3c4", "deploymentConfiguration": old}
    asyncio.run(remove_hooks(aws, update(outputs, {"deploymentConfiguration": new})))
    return aws.requests("update_service")


def test_removed_hooks_are_removed_from_ecs_and_nothing_else_changes() -> None:
    assert _update({"lifecycleHooks": [HOOK]}, {"strategy": "CANARY"}) == [
        {
            "cluster": "cluster",
            "service": "web-1a2b3c4",
            "deploymentConfiguration": {**CONFIGURATION, "lifecycleHooks": []},
        }
    ]


def test_changed_hooks_are_left_to_the_provider() -> None:
    assert _update({"lifecycleHooks": [HOOK, HOOK]}, {"lifecycleHooks": [HOOK]}) == []


def test_service_without_hooks_is_not_updated() -> None:
    assert _update({"strategy": "ROLLING"}, {"strategy": "CANARY"}) == []
    assert _update({}, {}) == []


VOLUME = {"name": "data", "managedEbsVolume": {"sizeInGb": 20}}


def _update_volume(old: dict[str, Any], new: dict[str, Any]) -> list[dict[str, Any]]:
    aws: Any = Aws(update_service={"service": {}})
    outputs = {"cluster": "cluster", "name": "web-1a2b3c4", **old}
    asyncio.run(remove_volume(aws, update(outputs, {"taskDefinition": "web:2", **new})))
    return aws.requests("update_service")


def test_removed_volume_is_removed_from_ecs_together_with_its_task_definition() -> None:
    """ECS refuses a task definition without the volume that the service still has."""
    assert _update_volume({"volumeConfiguration": VOLUME}, {}) == [
        {
            "cluster": "cluster",
            "service": "web-1a2b3c4",
            "taskDefinition": "web:2",
            "volumeConfigurations": [],
        }
    ]


def test_changed_and_new_volumes_are_left_to_the_provider() -> None:
    larger = {"volumeConfiguration": {**VOLUME, "managedEbsVolume": {"sizeInGb": 40}}}

    assert _update_volume({"volumeConfiguration": VOLUME}, larger) == []
    assert _update_volume({}, larger) == []
    assert _update_volume({}, {}) == []
