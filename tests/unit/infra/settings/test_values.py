"""Types of values: text from the CLI, YAML, and invalid values."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import keys
from infra.settings.faults import nearest
from tests.unit.infra.settings_fixtures import fault_of, refuses, settings_of


@pytest.mark.parametrize("value", [3, "3"])
def test_a_whole_number_may_be_text(value: object) -> None:
    assert settings_of({"desired-count": value}).main.desired_count == 3


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("three", '"three"'),
        ("", '""'),
        ("1_000", '"1_000"'),
        ("2.5", "2.5"),
        (2.5, "2.5"),
        (True, "true"),
        (None, "null"),
        ([1], "[1]"),
        ("9" * 30, "9" * 30),
    ],
)
def test_other_values_are_refused_as_whole_numbers(value: object, shown: str) -> None:
    assert fault_of({"desired-count": value}) == f"desired-count = {shown}: a whole number from 0 to 5000"


@pytest.mark.parametrize(("value", "read"), [("true", True), (True, True), ("false", False), (False, False)])
def test_a_flag_may_be_text(value: object, read: bool) -> None:  # noqa: FBT001 - it is what is read
    assert settings_of({"protect": value}).protect is read


@pytest.mark.parametrize(("value", "shown"), [("yes", '"yes"'), ("True", '"True"'), (1, "1"), ("", '""')])
def test_other_values_are_refused_as_flags(value: object, shown: str) -> None:
    assert fault_of({"protect": value}) == f"protect = {shown}: true or false"


def test_a_number_is_accepted_as_text() -> None:
    assert settings_of({"user": 1001}).main.user == "1001"


@pytest.mark.parametrize("value", [["node", "server.js"], '["node", "server.js"]'])
def test_a_list_may_be_json(value: object) -> None:
    assert settings_of({"command": value}).main.command == ("node", "server.js")


LINE = {"capacity-provider": "FARGATE", "weight": 1}
STATEMENT = {"actions": ["s3:GetObject"], "resources": ["*"]}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"command": "node server.js"}, "command … a list, each item text"),
        ({"command": {"a": 1}}, "command … a list, each item text"),
        ({"command": ["node", 1]}, "command[1] … text"),
        ({"command": [""]}, "command[0] … text that is not empty"),
        ({"environment": ["A=1"]}, "environment … an object of names, each with text"),
        ({"environment": "A=1"}, "environment … an object of names, each with text"),
        ({"nat": ["none"]}, "nat … one of none, single, one-per-az"),
        ({"name": {"a": 1}}, "name … lowercase letters"),
        ({"egress": ["x"]}, "egress[0] … an object with port, cidr, description, protocol"),
        ({"egress": {"port": 1}}, "egress … a list, each item an object with port, cidr"),
        ({"multidev": "alice"}, "multidev … a list, each item a name, or an object with name"),
        ({"multidev": [7]}, "multidev[0] … a name, or an object with name"),
        ({"multidev": [["a"]]}, "multidev[0] … a name, or an object with name"),
        # Inside an object text is not converted.
        ({"multidev": [{"name": "alice", "cpu": "256"}]}, "multidev[0].cpu … a whole number"),
        ({"multidev": [{"name": 7}]}, "multidev[0].name … lowercase letters"),
        (
            {"capacity-provider-strategy": [{**LINE, "weight": True}]},
            "capacity-provider-strategy[0].weight … a whole number from 0 to 1000",
        ),
        (
            {"task-role-statements": [{**STATEMENT, "actions": "s3:GetObject"}]},
            "task-role-statements[0].actions … a list with at least one item, each item an action",
        ),
        # Unknown and missing keys of an object.
        ({"multidev": [{"name": "alice", "desired": 2}]}, "multidev[0].desired … nearest is `desired-count`"),
        (
            {"capacity-provider-strategy": [{**LINE, "bas": 1}]},
            "capacity-provider-strategy[0].bas … there is no such key; the nearest is `base`",
        ),
        (
            {"task-role-statements": [{**STATEMENT, "Effect": "Deny"}]},
            "task-role-statements[0].Effect … there is no such key (of actions, resources)",
        ),
        ({"multidev": [{}]}, "multidev[0].name is missing: … lowercase letters"),
        ({"egress": [{"port": 1, "cidr": "10.0.0.0/8"}]}, "egress[0].description is missing: … 1 to 255"),
        (
            {"capacity-provider-strategy": [{"capacity-provider": "FARGATE"}]},
            "capacity-provider-strategy[0].weight is missing: … a whole number from 0 to 1000",
        ),
    ],
)
def test_values_of_the_wrong_shape_are_refused_at_their_path(config: dict[str, Any], message: str) -> None:
    refuses(config, message)


def test_plain_values_are_converted_to_text() -> None:
    environment = settings_of(
        {"environment": {"A": "a", "B": 1, "C": 1.5, "D": True, "E": ""}}
    ).main.environment

    assert environment == {"A": "a", "B": "1", "C": "1.5", "D": "true", "E": ""}


def test_a_name_that_yaml_reads_as_a_number_is_refused() -> None:
    assert fault_of({"environment": {1: "a"}}).startswith("environment.1: the name must be letters")


@pytest.mark.parametrize("value", [None, [1], {"a": 1}])
def test_a_variable_s_value_must_be_plain(value: object) -> None:
    assert fault_of({"environment": {"A": value}}).endswith(
        ': text, a number, true or false ("" for an empty one)'
    )


def test_a_long_value_is_truncated() -> None:
    fault = fault_of({"nat": "x" * 500})

    assert "x" * 100 in fault
    assert "x" * 130 not in fault


@pytest.mark.parametrize(
    ("name", "near"),
    [("environmnt", "environment"), ("replicas", None), ("dockerfiles", "dockerfile"), ("cronjobs", None)],
)
def test_nearest_returns_only_a_similar_name(name: str, near: str | None) -> None:
    assert nearest(name, keys()) == near


VALID: dict[str, list[Any]] = {
    "aws:region": ["eu-central-1"],
    "profile": ["prod-admin"],
    "assume-role-arn": ["arn:aws:iam::123456789012:role/ci/deploy"],
    "cidr": ["10.0.0.0/16", "10.0.4.0/22", "172.16.0.0/18", "192.168.0.0/20", "100.64.0.0/16"],
    # A certificate's first name may have 64 characters.
    "domain": [f"{'a' * 52}.example.com"],
    "name": ["a" * 16],
    "user": ["1000", "node", "1000:1000", "node:node", "1000:0", "10", "rootless"],
    "health-check-command": [(), ("CMD", "true"), ("CMD-SHELL", "exit 0")],
    "health-check-path": ["/", "/readyz", "/health?deep=1"],
    "image": [
        *("nginx", "nginx:1.29", "library/nginx:1.29-alpine", "localhost:5000/app:dev"),
        "ghcr.io/team/app__next",
        f"123456789012.dkr.ecr.us-east-1.amazonaws.com/app@sha256:{'0' * 64}",
        f"app:v1@sha256:{'0' * 64}",
    ],
}


@pytest.mark.parametrize(
    ("key", "value"), [(key, value) for key, values in VALID.items() for value in values]
)
def test_valid_values_are_kept_unchanged(key: str, value: Any) -> None:
    part = getattr(settings_of({key: value}), str(keys()[key].part).replace("-", "_"))

    assert getattr(part, keys()[key].name) == value
