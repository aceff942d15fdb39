"""Differences of task definitions and services, and which of them require replacement."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.resources.base import UNKNOWN, ResourceError
from local.resources.cloud import Cloud
from local.resources.registry import HANDLERS

SERVICE = HANDLERS["aws:ecs/service:Service"]
TASK_DEFINITION = HANDLERS["aws:ecs/taskDefinition:TaskDefinition"]
WEB = {"name": "web", "image": "app@sha256:1", "portMappings": [{"containerPort": 3000}]}


def definition(**container: Any) -> dict[str, Any]:
    return {"family": "web", "containerDefinitions": json.dumps([{**WEB, **container}])}


def test_a_difference_that_the_provider_ignores_is_no_change() -> None:
    assert TASK_DEFINITION.diff(definition(cpu=0, mountPoints=[]), definition()).changed == ()


def test_unknown_container_definitions_replace_the_task_definition() -> None:
    diff = TASK_DEFINITION.diff(definition(), {"family": "web", "containerDefinitions": UNKNOWN})

    assert diff.replace == ("containerDefinitions",)


def test_invalid_container_definitions_are_refused() -> None:
    inputs = {**definition(readOnly=True), "networkMode": "awsvpc"}

    with pytest.raises(ResourceError, match=r"(?s)containerDefinitions.*readOnly"):
        TASK_DEFINITION.check(
            Cloud("http://127.0.0.1:1"), name="web", old=None, new=inputs, random_hex="0123456789"
        )


SPOT = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
FARGATE = [{"capacityProvider": "FARGATE", "weight": 1}]


def test_another_capacity_provider_strategy_requires_a_forced_deployment() -> None:
    old, new = {"capacityProviderStrategies": SPOT}, {"capacityProviderStrategies": FARGATE}
    forced = {"forceNewDeployment": True}

    assert SERVICE.diff({**old, **forced}, {**new, **forced}).replace == ()
    with pytest.raises(ResourceError, match="set `forceNewDeployment`"):
        SERVICE.diff(old, new)


@pytest.mark.parametrize(
    ("forced", "old", "new", "changed"),
    [
        (True, {"a": "1"}, {"a": "2"}, ("triggers",)),
        (False, {"a": "1"}, {"a": "2"}, ()),
        (True, {"a": "1"}, {}, ()),
    ],
)
def test_triggers_are_ignored_without_a_forced_deployment(
    *, forced: bool, old: dict[str, str], new: dict[str, str], changed: tuple[str, ...]
) -> None:
    diff = SERVICE.diff(
        {"forceNewDeployment": forced, "triggers": old}, {"forceNewDeployment": forced, "triggers": new}
    )

    assert diff.changed == changed
