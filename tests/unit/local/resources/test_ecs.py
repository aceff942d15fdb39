"""What counts as a change of a task definition or a service, and what replaces them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.resources.base import ResourceError
from local.resources.cloud import Cloud
from local.resources.ecs_service import Service
from local.resources.ecs_task_definition import TaskDefinition

WEB = {"name": "web", "image": "app@sha256:1", "portMappings": [{"containerPort": 3000}]}


def definition(**container: Any) -> dict[str, Any]:
    return {"family": "web", "containerDefinitions": json.dumps([{**WEB, **container}])}


@pytest.mark.parametrize(
    "default",
    [
        {"cpu": 0},
        {"essential": True},
        {"environment": [], "mountPoints": [], "volumesFrom": [], "systemControls": []},
        {"portMappings": [{"containerPort": 3000, "hostPort": 3000, "protocol": "tcp"}]},
    ],
)
def test_a_default_that_ecs_writes_out_is_no_change(default: dict[str, Any]) -> None:
    assert TaskDefinition().diff(definition(), definition(**default)).changed == ()


def test_the_order_of_environment_variables_is_no_change() -> None:
    variables = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]

    old, new = definition(environment=variables), definition(environment=variables[::-1])

    assert TaskDefinition().diff(old, new).changed == ()


@pytest.mark.parametrize(
    "change",
    [
        {"image": "app@sha256:2"},
        {"command": ["node", "other.js"]},
        {"environment": [{"name": "A", "value": "1"}]},
        {"essential": False},
        {"portMappings": [{"containerPort": 3001}]},
    ],
)
def test_any_other_change_is_a_new_revision(change: dict[str, Any]) -> None:
    assert TaskDefinition().diff(definition(), definition(**change)).replace == ("containerDefinitions",)


def test_the_order_of_a_command_matters() -> None:
    old, new = definition(command=["a", "b"]), definition(command=["b", "a"])

    assert TaskDefinition().diff(old, new).changed == ("containerDefinitions",)


def test_tags_alone_make_no_new_revision() -> None:
    diff = TaskDefinition().diff({**definition(), "tags": {}}, {**definition(), "tags": {"A": "b"}})

    assert (diff.changed, diff.replace) == (("tags",), ())


@pytest.mark.parametrize("text", ["no json", '{"name": "web"}'])
def test_container_definitions_that_are_no_list_are_refused(text: str) -> None:
    inputs = {"family": "web", "containerDefinitions": text}

    with pytest.raises(ResourceError, match="containerDefinitions"):
        TaskDefinition().check(
            Cloud("http://127.0.0.1:1"), name="web", old=None, new=inputs, random_hex="0123456"
        )


SPOT = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
FARGATE = [{"capacityProvider": "FARGATE", "weight": 1}]


def test_another_strategy_is_a_new_service_unless_a_deployment_is_forced() -> None:
    old, new = {"capacityProviderStrategies": SPOT}, {"capacityProviderStrategies": FARGATE}
    forced = {**new, "forceNewDeployment": True}

    assert Service().diff(old, new).replace == ("capacityProviderStrategies",)
    assert Service().diff({**old, "forceNewDeployment": True}, forced).replace == ()


def test_a_first_strategy_is_a_new_service_even_then() -> None:
    forced = {"forceNewDeployment": True}

    diff = Service().diff(forced, {**forced, "capacityProviderStrategies": SPOT})

    assert diff.replace == ("capacityProviderStrategies",)


def test_a_strategy_means_the_same_with_its_zeros_written_out() -> None:
    written_out = [{"base": 0, **SPOT[0]}]

    diff = Service().diff({"capacityProviderStrategies": SPOT}, {"capacityProviderStrategies": written_out})

    assert diff.changed == ()


def test_what_the_emulator_would_ignore_is_refused_by_name() -> None:
    with pytest.raises(ResourceError, match="serviceConnectConfiguration"):
        Service().check(
            Cloud("http://127.0.0.1:1"),
            name="web",
            old=None,
            new={"serviceConnectConfiguration": {"enabled": True}},
            random_hex="0123456",
        )
