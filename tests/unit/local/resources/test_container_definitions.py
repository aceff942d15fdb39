"""ECS's answers and the official provider's comparison, by its own test cases and by reports of users.

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
"""What ECS answers unasked."""


def text(**container: Any) -> str:
    return json.dumps([{**WEB, **container}])


def answered(container: dict[str, Any] | None = None) -> dict[str, Any]:
    [told] = json.loads(answer(parse(text(**(container or {})))))
    return told


def is_same_after_answer(**container: Any) -> bool:
    """Whether an unchanged `up` has nothing to do: the state has ECS's answer, the program asks again."""
    asked = text(**container)
    return equivalent(answer(parse(asked)), asked)


def test_ecs_answers_with_its_defaults() -> None:
    ports = [{"containerPort": 3000, "hostPort": 3000, "protocol": "tcp"}]

    assert answered() == {**WEB, **ADDED, "portMappings": ports}


@pytest.mark.parametrize("key", ["environment", "secrets"])
def test_what_has_no_order_is_answered_by_name(key: str) -> None:
    second, first = {"name": "B", "value": "2"}, {"name": "A", "value": "1"}

    assert answered({key: [second, first]})[key] == [first, second]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"capabilities": {"drop": ["ALL"]}}, {"capabilities": {"add": [], "drop": ["ALL"]}}),
        ({"capabilities": {"add": ["SYS_PTRACE"]}}, {"capabilities": {"add": ["SYS_PTRACE"], "drop": []}}),
        ({"capabilities": {}, "initProcessEnabled": True}, {"initProcessEnabled": True}),
        ({"initProcessEnabled": True}, {"initProcessEnabled": True}),
    ],
)
def test_linux_parameters_as_reported(asked: dict[str, Any], told: dict[str, Any]) -> None:
    assert answered({"linuxParameters": asked})["linuxParameters"] == told


def test_health_checks_and_log_routers_get_the_documented_defaults() -> None:
    told = answered(
        {
            "healthCheck": {"command": ["CMD", "true"], "retries": 5},
            "firelensConfiguration": {"type": "fluentbit"},
        }
    )

    assert told["healthCheck"] == {"command": ["CMD", "true"], "interval": 30, "retries": 5, "timeout": 5}
    assert told["user"] == "0"


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
def test_an_unchanged_definition_is_the_same_after_ecs_answered(container: dict[str, Any]) -> None:
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
def test_what_the_provider_does_not_even_out_is_a_new_revision_at_each_up(container: dict[str, Any]) -> None:
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
def test_any_other_change_is_one(change: dict[str, Any]) -> None:
    assert not equivalent(text(), text(**change))


def test_the_order_of_a_command_matters_and_that_of_containers_does_not() -> None:
    both = [{"name": "web", "image": "a"}, {"name": "agent", "image": "b"}]

    assert not equivalent(text(command=["a", "b"]), text(command=["b", "a"]))
    assert equivalent(json.dumps(both), json.dumps(both[::-1]))


def test_a_host_port_may_be_left_out() -> None:
    fixed, open_ = (
        text(portMappings=[mapping])
        for mapping in ({"containerPort": 80, "hostPort": 80}, {"containerPort": 80})
    )

    assert equivalent(fixed, open_)


@pytest.mark.parametrize("bad", ["no json", '{"name": "web"}', '["web"]', "3"])
def test_a_text_that_is_not_a_list_of_objects_is_refused(bad: str) -> None:
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
def test_keys_and_types_that_ecs_does_not_have_are_named_without_their_values(
    container: dict[str, Any], named: str
) -> None:
    model = botocore.session.get_session().get_service_model("ecs")

    with pytest.raises(ResourceError, match=named) as raised:
        validate(parse(text(**container)), model)

    assert "hunter2" not in str(raised.value)
    assert "12345" not in str(raised.value)
