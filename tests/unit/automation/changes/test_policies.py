"""`policies`: output and exit code for a preview and for the state."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from automation.changes.events import Events
from automation.changes.policies import policies

CLUSTER = "aws:ecs/cluster:Cluster"
DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def state(type_: str, name: str = "it", **inputs: Any) -> dict[str, Any]:
    return {"type": type_, "urn": f"urn:pulumi:dev::node-on-ecs::{type_}::{name}", "id": "", "inputs": inputs}


def step(op: str, *, old: Any = None, new: Any = None) -> dict[str, Any]:
    known = new or old
    return {
        "resourcePreEvent": {
            "metadata": {"op": op, "urn": known["urn"], "type": known["type"], "old": old, "new": new}
        }
    }


@dataclass
class Settings:
    exceptions: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Stacks:
    planned: Sequence[Any] = ()
    deployed: Sequence[Any] = ()
    exceptions: Mapping[str, str] = field(default_factory=dict)
    previewed: bool = False

    def settings(self, stack: str) -> Settings:
        return Settings(self.exceptions)

    def preview(self, stack: str) -> Events:
        self.previewed = True
        return Events(self.planned)

    def resources(self, stack: str) -> Sequence[Any]:
        return self.deployed


GOOD = state(CLUSTER, settings=[{"name": "containerInsights", "value": "enabled"}])
BAD = state(CLUSTER, settings=[])


def run(stacks: Stacks, *arguments: str) -> Result:
    return CliRunner().invoke(policies, ["dev", *arguments], obj=stacks, standalone_mode=False)


def test_failures_are_printed_with_their_fixes() -> None:
    result = run(Stacks([step("create", new=BAD)]))

    assert result.return_value == 1
    assert result.stdout.splitlines() == [
        "FAILED     ECS.12 it has no Container Insights",
        "           fix: container-insights: enabled or enhanced",
        "dev: 1 control, 1 failed, 0 advice, 0 by exception",
    ]


def test_resources_that_the_update_deletes_do_not_count() -> None:
    result = run(Stacks([step("update", old=BAD, new=GOOD), step("delete", old=state(CLUSTER, "deleted"))]))

    assert result.return_value == 0
    assert result.stdout == "dev: 1 control, 0 failed, 0 advice, 0 by exception\n"


def test_exceptions_are_printed_with_their_reasons() -> None:
    result = run(
        Stacks([step("same", old=BAD, new=BAD)], exceptions={"ECS.12": "it is small", "ECS.2": "nat"})
    )

    assert result.return_value == 0
    assert result.stdout.splitlines() == [
        "exception  ECS.12 it has no Container Insights: it is small",
        "unused     exceptions.ECS.2: no resource needs it any more",
        "dev: 1 control, 0 failed, 0 advice, 1 by exception",
    ]


def test_controls_that_depend_on_unknown_values_are_printed() -> None:
    result = run(
        Stacks([step("create", new=state(DEFINITION, containerDefinitions=_UNKNOWN, pidMode="task"))])
    )

    assert (
        "later      ECS.5 it: not known before the update; check it with --deployed afterwards"
        in result.stdout
    )


def test_deployed_checks_the_state_without_a_preview() -> None:
    stacks = Stacks(deployed=[BAD])
    result = run(stacks, "--deployed")

    assert (result.return_value, stacks.previewed) == (1, False)


def test_an_invalid_exception_is_reported_before_the_preview() -> None:
    stacks = Stacks([step("create", new=GOOD)], exceptions={"ECS.99": "it is small"})
    result = run(stacks)

    assert "no control of the policy pack has this id" in str(result.exception)
    assert not stacks.previewed


def test_a_stack_without_resources_is_an_error() -> None:
    assert "dev has no resources" in str(run(Stacks(), "--deployed").exception)


def test_the_resources_are_written_as_a_terraform_plan(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    run(Stacks([step("create", new=BAD)]), "--terraform-plan", str(file))

    (planned,) = json.loads(file.read_text())["planned_values"]["root_module"]["resources"]
    assert planned["address"] == "aws_ecs_cluster.it"


def test_json_has_all_findings() -> None:
    result = run(Stacks([step("create", new=BAD)]), "--json")

    assert json.loads(result.stdout) == {
        "stack": "dev",
        "failed": [
            {
                "control": "ECS.12",
                "level": "mandatory",
                "resource": "it",
                "violation": "has no Container Insights",
                "fix": "container-insights: enabled or enhanced",
                "reason": None,
            }
        ],
        "advice": [],
        "exceptions": [],
        "not_evaluated": {},
        "unused_exceptions": [],
        "checked": 1,
    }
