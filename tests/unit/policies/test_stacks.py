"""The shipped stacks and examples against every control."""

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
"""Repositories of the build cache, which is one mutable tag."""
SMALL = {"ECS.2", "ECS.12", "ELB.1", "ELB.5", "ELB.6", "ELB.18", "EC2.6"}
"""Controls that examples fail to stay short: NAT gateways, a domain, protection, logs that cost."""
WITHOUT_A_DOMAIN = {"ELB.1", "ELB.18"}
OF_EXAMPLES = {"sidecars": {"ECS.5", "ECS.20"}}
"""FireLens's router runs as root; AWS's collector and the example's first container set no user."""


def config_of(path: Path) -> dict[str, Any]:
    config = yaml.safe_load(path.read_text(encoding="utf-8"))["config"]
    keys = {name.removeprefix("node-on-ecs:"): value for name, value in config.items()}
    # The tests build their own folder.
    return {key: value for key, value in keys.items() if key != "app-path"}


def report_of(declare_stack: DeclareStack, stack: str) -> Report:
    exceptions = config_of(ROOT / f"Pulumi.{stack}.yaml")["exceptions"]
    return evaluate(declaration_of(declare_stack(stack)), exceptions)


@pytest.mark.parametrize("stack", STACKS)
def test_shipped_stacks_fail_no_control_and_need_all_their_exceptions(
    declare_stack: DeclareStack, stack: str
) -> None:
    report = report_of(declare_stack, stack)

    assert [str(finding) for finding in report.failures] == []
    assert report.undecided == {}
    assert report.unused == []


def test_prod_has_an_exception_for_the_build_cache_only(declare_stack: DeclareStack) -> None:
    excepted = report_of(declare_stack, "prod").excepted

    assert {f"{finding.control.id}/{finding.resource}" for finding in excepted} == {"ECR.2/app-cache"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_fail_only_the_controls_that_keep_them_short(
    declare_stack: DeclareStack, path: Path
) -> None:
    graph = declare_stack("example", config_of(path), stack=path.stem)
    failures = evaluate(declaration_of(graph)).failures
    allowed = SMALL | OF_EXAMPLES.get(path.stem, set())

    assert [
        str(finding)
        for finding in failures
        if finding.control.id not in allowed and f"{finding.control.id}/{finding.resource}" not in BY_DESIGN
    ] == []


def test_preview_of_a_new_stack_is_undecided_about_unknown_values(declare_stack: DeclareStack) -> None:
    report = evaluate(declaration_of(declare_stack("prod", dry_run=True)))

    assert {*report.undecided} >= {"ECS.5", "ECS.20"}
    assert "ECS.21" not in report.undecided


def test_finding_names_the_container(declare_stack: DeclareStack) -> None:
    """Controls check what the program declares, not the settings."""
    sidecar = {"image": f"proxy@sha256:{'a' * 64}", "user": "0"}
    graph = declare_stack("dev", {"sidecars": {"proxy": sidecar}, "multidev": []})
    definition = graph.one("aws:ecs/taskDefinition:TaskDefinition", "web")
    report = evaluate(declaration_of(graph), only="ECS.20")

    assert json.loads(definition.inputs["containerDefinitions"])[1]["user"] == "0"
    assert "ECS.20 web (web, container proxy) runs as root" in [str(finding) for finding in report.failures]


@pytest.mark.parametrize("zone", ["shop.com", None])
@pytest.mark.parametrize("stack", STACKS)
def test_stack_files_of_init_fail_only_the_controls_that_need_a_domain(
    declare_stack: DeclareStack, stack: str, zone: str | None
) -> None:
    app = AppKeys(path="app", dockerfile=None, port=3000, health_path="/readyz")
    text = StackFile(project="node-on-ecs", stack=stack, app=app, region="us-east-1", zone=zone).text()
    config = {
        name.removeprefix("node-on-ecs:"): value for name, value in yaml.safe_load(text)["config"].items()
    }

    report = evaluate(declaration_of(declare_stack("example", config, stack=stack)), config["exceptions"])

    assert {finding.control.id for finding in report.failures} == (set() if zone else WITHOUT_A_DOMAIN)
    assert report.unused == []
