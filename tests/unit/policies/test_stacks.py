"""Every stack that ships, and every example, against every control."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from automation.init.stack_file import AppKeys, StackFile
from policies.evaluation import Report, evaluate
from tests.unit.infra.conftest import ROOT, STACKS, DeclareStack
from tests.unit.policies.declared import declaration_of

EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.yaml"))
BY_DESIGN = {"ECR.2/app-cache", "ECR.2/api-image-cache"}
"""Repositories of the build cache, whose one tag moves."""
SMALL = {"ECS.2", "ECS.12", "ELB.1", "ELB.5", "ELB.6", "ELB.18", "EC2.6"}
"""What an example does without to be short: NAT gateways, a domain, protection, logs that cost."""
WITHOUT_A_DOMAIN = {"ELB.1", "ELB.18"}
OF_EXAMPLES = {"sidecars": {"ECS.5", "ECS.20"}}
"""FireLens's own router is root, and AWS's collector and the example's first container name no user."""


def config_of(path: Path) -> dict[str, Any]:
    config = yaml.safe_load(path.read_text(encoding="utf-8"))["config"]
    keys = {name.removeprefix("node-on-ecs:"): value for name, value in config.items()}
    # The tests build a folder of their own.
    return {key: value for key, value in keys.items() if key != "app-path"}


def of_stack(declare_stack: DeclareStack, stack: str) -> Report:
    exceptions = config_of(ROOT / f"Pulumi.{stack}.yaml")["exceptions"]
    return evaluate(declaration_of(declare_stack(stack)), exceptions)


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_that_ships_fails_no_control_without_a_reason(
    declare_stack: DeclareStack, stack: str
) -> None:
    report = of_stack(declare_stack, stack)

    assert [str(one) for one in report.failures] == []
    assert report.undecided == {}


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_that_ships_has_no_exception_that_it_does_not_need(
    declare_stack: DeclareStack, stack: str
) -> None:
    assert of_stack(declare_stack, stack).unused == []


def test_prod_does_without_as_little_as_can_be(declare_stack: DeclareStack) -> None:
    report = of_stack(declare_stack, "prod")

    assert {f"{one.control.id}/{one.resource}" for one in report.excepted} == {"ECR.2/app-cache"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_fails_what_makes_it_short_and_nothing_else(
    declare_stack: DeclareStack, path: Path
) -> None:
    graph = declare_stack("example", config_of(path), stack=path.stem)
    failures = evaluate(declaration_of(graph)).failures
    allowed = SMALL | OF_EXAMPLES.get(path.stem, set())

    assert [
        str(one)
        for one in failures
        if one.control.id not in allowed and f"{one.control.id}/{one.resource}" not in BY_DESIGN
    ] == []


def test_a_preview_of_a_new_stack_leaves_open_what_it_cannot_know(declare_stack: DeclareStack) -> None:
    report = evaluate(declaration_of(declare_stack("prod", dry_run=True)))

    assert {*report.undecided} >= {"ECS.5", "ECS.20"}
    assert "ECS.21" not in report.undecided


def test_a_container_that_changes_fails_by_name(declare_stack: DeclareStack) -> None:
    """The controls see what the program makes of the settings, not the settings."""
    sidecar = {"image": f"proxy@sha256:{'a' * 64}", "user": "0"}
    graph = declare_stack("dev", {"sidecars": {"proxy": sidecar}, "multidev": []})
    definition = graph.one("aws:ecs/taskDefinition:TaskDefinition", "web")
    report = evaluate(declaration_of(graph), only="ECS.20")

    assert json.loads(definition.inputs["containerDefinitions"])[1]["user"] == "0"
    assert "ECS.20 web (web, container proxy) runs as root" in [str(one) for one in report.failures]


@pytest.mark.parametrize("zone", ["shop.com", None])
@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_file_that_init_writes_fails_nothing_but_what_a_domain_decides(
    declare_stack: DeclareStack, stack: str, zone: str | None
) -> None:
    app = AppKeys(path="app", dockerfile=None, port=3000, health_path="/readyz")
    text = StackFile(project="node-on-ecs", stack=stack, app=app, region="us-east-1", zone=zone).text()
    config = {
        name.removeprefix("node-on-ecs:"): value for name, value in yaml.safe_load(text)["config"].items()
    }

    report = evaluate(declaration_of(declare_stack("example", config, stack=stack)), config["exceptions"])

    assert {one.control.id for one in report.failures} == (set() if zone else WITHOUT_A_DOMAIN)
    assert report.unused == []
