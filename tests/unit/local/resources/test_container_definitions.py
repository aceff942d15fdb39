"""ECS's answers and the official provider's comparison, by its test cases and users' reports.

Cases: hashicorp/terraform-provider-aws internal/service/ecs/container_definitions_test.go.
"""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest

from local.resources.base import ResourceError
from local.resources.container_definitions import answer, equivalent, parse, validate

WEB: dict[str, Any] = {"name": "web", "image": "app@sha256:1", "portMappings": [{"containerPort": 3000}]}
ADDED = {
    "cpu": 0,
    "essential": True,
    "environment": [],
    "mountPoints": [],
    "systemControls": [],
    "volumesFrom": [],
}
"""Members that ECS adds."""


def text(**container: Any) -> str:
    return json.dumps([{**WEB, **container}])


def returned(container: dict[str, Any] | None = None) -> dict[str, Any]:
    [definition] = json.loads(answer(parse(text(**(container or {})))))
    return definition


def is_same_after_answer(**container: Any) -> bool:
    """Whether an unchanged `up` has nothing to do: the state has ECS's answer."""
    configured = text(**container)
    return equivalent(answer(parse(configured)), configured)


def test_ecs_returns_its_defaults() -> None:
    ports = [{"containerPort": 3000, "hostPort": 3000, "protocol": "tcp"}]

    assert returned() == {**WEB, **ADDED, "portMappings": ports}


@pytest.mark.parametrize("key", ["environment", "secrets"])
def test_environment_and_secrets_are_sorted_by_name(key: str) -> None:
    second, first = {"name": "B", "value": "2"}, {"name": "A", "value": "1"}

    assert returned({key: [second, first]})[key] == [first, second]


@pytest.mark.parametrize(
    ("configured", "expected"),
    [
        ({"capabilities": {"drop": ["ALL"]}}, {"capabilities": {"add": [], "drop": ["ALL"]}}),
        ({"capabilities": {"add": ["SYS_PTRACE"]}}, {"capabilities": {"add": ["SYS_PTRACE"], "drop": []}}),
        ({"capabilities": {}, "initProcessEnabled": True}, {"initProcessEnabled": True}),
        ({"initProcessEnabled": True}, {"initProcessEnabled": True}),
    ],
)
def test_capabilities_are_completed_or_dropped(configured: dict[str, Any], expected: dict[str, Any]) -> None:
    assert returned({"linuxParameters": configured})["linuxParameters"] == expected


def test_health_checks_and_log_routers_get_documented_defaults() -> None:
    definition = returned(
        {
            "healthCheck": {"command": ["CMD", "true"], "retries": 5},
            "firelensConfiguration": {"type": "fluentbit"},
        }
    )

    assert definition["healthCheck"] == {
        "command": ["CMD", "true"],
        "interval": 30,
        "retries": 5,
        "timeout": 5,
    }
    assert definition["user"] == "0"


@pytest.mark.parametrize(
    "container",
    [
        {},
        {"cpu": 0, "essential": True, "versionConsistency": ""},
        {"environment": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]},
        {"environment": [None], "mountPoints": [{"containerPath": None}], "secrets": None, "user": None},
        {"healthCheck": {"command": ["CMD-SHELL", "curl -f http://localhost:8080/health || exit 1"]}},
        {"linuxParameters": {"capabilities": {"add": [], "drop": ["ALL"]}, "initProcessEnabled": True}},
        {"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "web"}}},
        {"portMappings": [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}, {}]},
        {"dependsOn": [], "dnsServers": [], "entryPoint": [], "links": [], "ulimits": [], "command": [""]},
    ],
)
def test_an_unchanged_definition_is_equivalent_to_ecs_answer(container: dict[str, Any]) -> None:
    assert is_same_after_answer(**container)


@pytest.mark.parametrize(
    "container",
    [
        {"linuxParameters": {"capabilities": {"drop": ["ALL"]}}},
        {"linuxParameters": {"capabilities": {}}},
        {"environment": [{"name": "EMPTY", "value": ""}]},
        {"firelensConfiguration": {"type": "fluentbit"}},
    ],
)
def test_differences_that_the_provider_does_not_ignore_remain(container: dict[str, Any]) -> None:
    assert not is_same_after_answer(**container)


@pytest.mark.parametrize(
    "change",
    [
        {"image": "app@sha256:2"},
        {"command": ["node", "other.js"]},
        {"environment": [{"name": "A", "value": "1"}]},
        {"essential": False},
        {"portMappings": [{"containerPort": 3001}]},
        {"portMappings": [{"containerPort": 3000, "protocol": "udp"}]},
        {"dockerLabels": {}},
        {"dockerLabels": {"type": ""}},
        {"readonlyRootFilesystem": False},
    ],
)
def test_any_other_change_is_a_difference(change: dict[str, Any]) -> None:
    assert not equivalent(text(), text(**change))


def test_order_matters_for_commands_but_not_for_containers() -> None:
    both = [{"name": "web", "image": "a"}, {"name": "agent", "image": "b"}]

    assert not equivalent(text(command=["a", "b"]), text(command=["b", "a"]))
    assert equivalent(json.dumps(both), json.dumps(both[::-1]))


def test_a_host_port_equal_to_the_container_port_may_be_omitted() -> None:
    fixed, open_ = (
        text(portMappings=[mapping])
        for mapping in ({"containerPort": 80, "hostPort": 80}, {"containerPort": 80})
    )

    assert equivalent(fixed, open_)


@pytest.mark.parametrize("bad", ["no json", '{"name": "web"}', '["web"]', "3"])
def test_json_other_than_a_list_of_objects_is_refused(bad: str) -> None:
    with pytest.raises(ResourceError, match="containerDefinitions"):
        parse(bad)


@pytest.mark.parametrize(
    ("container", "named"),
    [
        ({"readOnly": True}, r'Unknown parameter in \[0\]: "readOnly"'),
        ({"environment": {"PASSWORD": "hunter2"}}, r"\[0\]\.environment, type: <class 'dict'>"),
        (
            {"environment": [{"name": "PASSWORD", "value": 12345}]},
            r"\[0\]\.environment\[0\]\.value, type: <class 'int'>",
        ),
        ({"portMappings": [{"containerPort": "3000"}]}, r"\[0\]\.portMappings\[0\]\.containerPort"),
    ],
)
def test_invalid_keys_and_types_are_reported_without_their_values(
    container: dict[str, Any], named: str
) -> None:
    model = botocore.session.get_session().get_service_model("ecs")

    with pytest.raises(ResourceError, match=named) as raised:
        validate(parse(text(**container)), model)

    assert "hunter2" not in str(raised.value)
    assert "12345" not in str(raised.value)
