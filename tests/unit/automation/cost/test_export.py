"""What a stack consists of now, by its export."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from automation.cost.export import read_export
from automation.errors import AutomationError


def state(token: str, name: str, **more: Any) -> dict[str, Any]:
    return {"type": token, "urn": f"urn:pulumi:dev::node-on-ecs::{token}::{name}", "custom": True, **more}


PROVIDER = state("pulumi:providers:aws", "aws", inputs={"region": "eu-west-1"})
SERVICE = state(
    "aws:ecs/service:Service",
    "web",
    inputs={"desiredCount": 2},
    outputs={"desiredCount": 3, "arn": "arn:web"},
)


def exported(folder: Path, *resources: dict[str, Any]) -> Path:
    path = folder / "stack.json"
    path.write_text(json.dumps({"version": 3, "deployment": {"resources": list(resources)}}))
    return path


def test_a_resource_is_what_it_came_to_be(tmp_path: Path) -> None:
    stack = read_export(exported(tmp_path, PROVIDER, SERVICE))

    (service,) = stack.resources
    assert (stack.name, stack.region) == ("dev", "eu-west-1")
    assert (service.type, service.name, service.whole("desiredCount")) == (
        "aws:ecs/service:Service",
        "web",
        3,
    )
    assert stack.by_arn("arn:web") is service


def test_components_and_what_is_deleted_or_only_read_do_not_count(tmp_path: Path) -> None:
    token = "aws:ec2/eip:Eip"
    others = (
        {**state("node-on-ecs:infra:Network", "network"), "custom": False},
        state(token, "replaced", delete=True),
        state(token, "read", external=True),
        state("pulumi:pulumi:StackReference", "dev"),
    )

    assert read_export(exported(tmp_path, PROVIDER, *others)).resources == ()


def test_a_resource_has_the_id_by_which_others_lead_to_it(tmp_path: Path) -> None:
    template = state("aws:ec2/launchTemplate:LaunchTemplate", "own", id="lt-1")

    (found,) = read_export(exported(tmp_path, PROVIDER, template)).resources

    assert found.properties["id"] == "lt-1"


def test_a_stack_that_was_destroyed_has_nothing_in_it(tmp_path: Path) -> None:
    path = tmp_path / "stack.json"
    path.write_text(json.dumps({"version": 3, "deployment": {"manifest": {}}}))

    assert read_export(path).resources == ()


@pytest.mark.parametrize("text", ["[]", "{}", '{"deployment": []}', '{"checkpoint": {"latest": {}}}'])
def test_another_file_is_refused_with_the_way_to_get_the_right_one(text: str, tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text(text)

    with pytest.raises(
        AutomationError, match="not the export of a stack: `pulumi stack export --file` writes it"
    ):
        read_export(path)


def test_what_is_no_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_text("{")

    with pytest.raises(AutomationError, match="is not valid JSON"):
        read_export(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AutomationError, match="cannot be read: No such file"):
        read_export(tmp_path / "nowhere.json")


def test_a_stack_without_a_region_cannot_be_priced(tmp_path: Path) -> None:
    with pytest.raises(AutomationError, match="no region; one is needed"):
        read_export(exported(tmp_path, SERVICE))
