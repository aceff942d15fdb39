"""What counts as a change of a task definition or a service, and what replaces them."""

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


def test_a_difference_that_ecs_adds_and_the_provider_does_not_even_out_is_a_new_revision() -> None:
    drop = {"capabilities": {"drop": ["ALL"]}}
    told = {"capabilities": {"add": [], "drop": ["ALL"]}}

    diff = TASK_DEFINITION.diff(definition(linuxParameters=told), definition(linuxParameters=drop))

    assert diff.replace == ("containerDefinitions",)


def test_a_difference_that_the_provider_evens_out_is_none() -> None:
    assert TASK_DEFINITION.diff(definition(cpu=0, mountPoints=[]), definition()).changed == ()


def test_a_preview_that_does_not_know_the_containers_yet_replaces() -> None:
    diff = TASK_DEFINITION.diff(definition(), {"family": "web", "containerDefinitions": UNKNOWN})

    assert diff.replace == ("containerDefinitions",)


def test_tags_alone_make_no_new_revision() -> None:
    diff = TASK_DEFINITION.diff({**definition(), "tags": {}}, {**definition(), "tags": {"A": "b"}})

    assert (diff.changed, diff.replace) == (("tags",), ())


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"containerDefinitions": "no json"}, "containerDefinitions"),
        ({"containerDefinitions": '{"name": "web"}'}, "containerDefinitions"),
        ({"containerDefinitions": '[{"name": "web", "readOnly": true}]'}, "containerDefinitions.*readOnly"),
    ],
)
def test_what_ecs_would_not_read_is_refused(inputs: dict[str, Any], message: str) -> None:
    asked = {**definition(), "networkMode": "awsvpc", **inputs}

    with pytest.raises(ResourceError, match=f"(?s){message}"):
        TASK_DEFINITION.check(
            Cloud("http://127.0.0.1:1"), name="web", old=None, new=asked, random_hex="0123456789"
        )


SPOT = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
FARGATE = [{"capacityProvider": "FARGATE", "weight": 1}]


def test_another_strategy_is_made_in_place_by_a_forced_deployment_only() -> None:
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
def test_triggers_count_where_a_deployment_is_forced(
    *, forced: bool, old: dict[str, str], new: dict[str, str], changed: tuple[str, ...]
) -> None:
    diff = SERVICE.diff(
        {"forceNewDeployment": forced, "triggers": old}, {"forceNewDeployment": forced, "triggers": new}
    )

    assert diff.changed == changed


def test_a_strategy_means_the_same_with_its_zeros_written_out() -> None:
    written_out = [{"base": 0, **SPOT[0]}]

    diff = SERVICE.diff({"capacityProviderStrategies": SPOT}, {"capacityProviderStrategies": written_out})

    assert diff.changed == ()


def test_what_the_emulator_would_ignore_is_refused_by_name() -> None:
    with pytest.raises(ResourceError, match="vpcLatticeConfigurations"):
        SERVICE.check(
            Cloud("http://127.0.0.1:1"),
            name="web",
            old=None,
            new={"vpcLatticeConfigurations": {"enabled": True}},
            random_hex="0123456",
        )
