"""Stacks read from Pulumi's state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from automation.cost.resources import Resource, read_export, stack_of
from automation.errors import AutomationError

ADDRESS = "aws:ec2/eip:Eip"


def state(token: str, name: str, **fields: Any) -> dict[str, Any]:
    return {"type": token, "urn": f"urn:pulumi:dev::node-on-ecs::{token}::{name}", "custom": True, **fields}


PROVIDER = state("pulumi:providers:aws", "aws", inputs={"region": "eu-west-1"})
SERVICE = state(
    "aws:ecs/service:Service",
    "web",
    inputs={"desiredCount": 2},
    outputs={"desiredCount": 3, "arn": "arn:web"},
)


def exported(folder: Path, text: str) -> Path:
    path = folder / "stack.json"
    path.write_text(text)
    return path


def test_outputs_take_precedence_over_inputs(tmp_path: Path) -> None:
    document = {"version": 3, "deployment": {"resources": [PROVIDER, SERVICE]}}
    stack = read_export(exported(tmp_path, json.dumps(document)))

    (service,) = stack.resources
    assert (stack.name, stack.region) == ("dev", "eu-west-1")
    assert (service.type, service.name, service.integer("desiredCount")) == (SERVICE["type"], "web", 3)
    assert stack.by_arn("arn:web") is service


def test_components_and_deleted_and_external_resources_are_left_out() -> None:
    others = (
        {**state("node-on-ecs:infra:Network", "network"), "custom": False},
        state(ADDRESS, "replaced", delete=True),
        state(ADDRESS, "read", external=True),
        state("pulumi:pulumi:StackReference", "dev"),
    )

    assert stack_of([PROVIDER, *others], origin="dev", name="dev").resources == ()


def test_the_id_is_a_property() -> None:
    template = state("aws:ec2/launchTemplate:LaunchTemplate", "own", id="lt-1")

    assert stack_of([PROVIDER, template], origin="dev", name="dev").resources[0].properties["id"] == "lt-1"


def test_a_destroyed_stack_is_empty(tmp_path: Path) -> None:
    path = exported(tmp_path, json.dumps({"version": 3, "deployment": {"manifest": {}}}))

    assert read_export(path).resources == ()


@pytest.mark.parametrize("text", ["[]", "{}", '{"deployment": []}', '{"checkpoint": {"latest": {}}}'])
def test_other_json_files_are_rejected_with_the_command_that_writes_an_export(
    text: str, tmp_path: Path
) -> None:
    with pytest.raises(
        AutomationError, match="not the export of a stack: `pulumi stack export --file` writes it"
    ):
        read_export(exported(tmp_path, text))


def test_invalid_json_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(AutomationError, match="is not valid JSON"):
        read_export(exported(tmp_path, "{"))


def test_a_missing_file_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(AutomationError, match="cannot be read: No such file"):
        read_export(tmp_path / "nowhere.json")


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ([SERVICE], "dev: its AWS providers name no region; one is needed"),
        (["web"], "dev: a resource has `urn` None, which must be a string"),
        ([{**SERVICE, "urn": None}], "dev: a resource has `urn` None, which must be a string"),
        ([{**SERVICE, "type": 1}], "dev: a resource has `type` 1, which must be a string"),
        ([{**SERVICE, "inputs": []}], r"dev: a resource has `inputs` \[\], which must be an object"),
    ],
    ids=["no region", "no object", "no URN", "no type", "wrong inputs"],
)
def test_resources_of_another_form_are_rejected(resources: list[Any], message: str) -> None:
    """Somebody may have edited the state by hand."""
    with pytest.raises(AutomationError, match=message):
        stack_of(resources, origin="dev", name="dev")


def test_a_number_that_is_not_one_is_rejected_with_its_resource() -> None:
    service = Resource(type="aws:ecs/service:Service", name="web", properties={"desiredCount": "two"})

    with pytest.raises(AutomationError, match=r"Service web: desiredCount = 'two' is not an integer"):
        service.integer("desiredCount")
