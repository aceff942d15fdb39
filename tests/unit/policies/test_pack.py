"""The policy pack as a program, with a fake of Pulumi's policy SDK."""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest
import yaml

from policies.evaluation import CONTROLS, ExceptionsError

PACK = Path(__file__).parents[3] / "policies"
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


class EnforcementLevel(Enum):
    ADVISORY = "advisory"
    MANDATORY = "mandatory"


@dataclass(frozen=True, kw_only=True)
class Policy:
    name: str
    description: str
    enforcement_level: EnforcementLevel
    validate: Callable[[Any, Callable[[str, str], None]], None]


@dataclass(frozen=True)
class PolicyResource:
    """A resource of Pulumi's policy SDK."""

    resource_type: str
    urn: str
    props: dict[str, Any]
    property_dependencies: dict[str, Sequence[Any]] = field(default_factory=dict)


def resource(type_: str, name: str, **props: Any) -> PolicyResource:
    return PolicyResource(type_, f"urn:pulumi:dev::node-on-ecs::{type_}::{name}", props)


def run_pack(monkeypatch: pytest.MonkeyPatch, exceptions: dict[str, str] | None = None) -> dict[str, Policy]:
    """Run the pack, and return its policies by name."""
    packs: list[dict[str, Any]] = []
    sdk = SimpleNamespace(
        EnforcementLevel=EnforcementLevel,
        StackValidationPolicy=Policy,
        PolicyPack=lambda **pack: packs.append(pack),
    )
    monkeypatch.setitem(sys.modules, "pulumi_policy", sdk)  # type: ignore[arg-type]
    monkeypatch.setattr(sys, "path", [*sys.path])
    text = json.dumps(exceptions) if exceptions else None
    monkeypatch.setattr(pulumi.Config, "get_object", lambda _self, key: json.loads(text) if text else None)
    runpy.run_path(str(PACK), run_name="__main__")
    (pack,) = packs
    return {policy.name: policy for policy in pack["policies"]}


def violations(policy: Policy, *resources: PolicyResource) -> list[tuple[str, str]]:
    reported: list[tuple[str, str]] = []
    policy.validate(SimpleNamespace(resources=resources), lambda text, urn: reported.append((text, urn)))
    return reported


def test_every_control_is_a_policy_with_its_level(monkeypatch: pytest.MonkeyPatch) -> None:
    levels = {policy.description: policy.enforcement_level.value for policy in run_pack(monkeypatch).values()}

    assert levels == {f"{control.id}: {control.title}": control.level for control in CONTROLS.values()}


def test_violation_names_the_resource_and_the_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    repository = resource("aws:ecr/repository:Repository", "app", imageTagMutability="MUTABLE")

    ((text, urn),) = violations(run_pack(monkeypatch)["ecr-2"], repository)

    assert text.startswith("ECR.2 app has mutable tags; fix: imageTagMutability IMMUTABLE")
    assert urn == repository.urn


def test_unknown_values_are_not_violations(monkeypatch: pytest.MonkeyPatch) -> None:
    definition = resource("aws:ecs/taskDefinition:TaskDefinition", "web", containerDefinitions=_UNKNOWN)

    assert violations(run_pack(monkeypatch)["ecs-5"], definition) == []


def test_exceptions_in_the_stack_file_apply(monkeypatch: pytest.MonkeyPatch) -> None:
    policies = run_pack(monkeypatch, {"ECS.12": "dev is small"})

    assert violations(policies["ecs-12"], resource("aws:ecs/cluster:Cluster", "cluster", settings=[])) == []


def test_invalid_exceptions_stop_the_pack(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ExceptionsError, match="no control of the policy pack has this id"):
        run_pack(monkeypatch, {"ECS.99": "dev is small"})


def test_pack_runs_in_its_own_virtual_environment() -> None:
    project = yaml.safe_load((PACK / "PulumiPolicy.yaml").read_text())

    assert project["runtime"] == {"name": "python", "options": {"virtualenv": ".venv"}}
