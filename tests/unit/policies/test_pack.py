"""The policy pack that Pulumi starts: what it declares, with a stand-in for Pulumi's policy SDK."""

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
class Given:
    """A resource as Pulumi's SDK hands it over."""

    resource_type: str
    urn: str
    props: dict[str, Any]
    property_dependencies: dict[str, Sequence[Any]] = field(default_factory=dict)


def given(type_: str, name: str, **props: Any) -> Given:
    return Given(type_, f"urn:pulumi:dev::node-on-ecs::{type_}::{name}", props)


def started(monkeypatch: pytest.MonkeyPatch, exceptions: dict[str, str] | None = None) -> dict[str, Policy]:
    """Run the pack as a program, and return its policies by name."""
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
    return {one.name: one for one in pack["policies"]}


def said(policy: Policy, *resources: Given) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    policy.validate(SimpleNamespace(resources=resources), lambda text, urn: found.append((text, urn)))
    return found


def test_each_control_is_a_policy_of_its_level(monkeypatch: pytest.MonkeyPatch) -> None:
    levels = {one.description: one.enforcement_level.value for one in started(monkeypatch).values()}

    assert levels == {f"{one.id}: {one.title}": one.level for one in CONTROLS.values()}


def test_a_violation_names_the_resource_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    repository = given("aws:ecr/repository:Repository", "app", imageTagMutability="MUTABLE")

    ((text, urn),) = said(started(monkeypatch)["ecr-2"], repository)

    assert text.startswith("ECR.2 app lets a tag move to another image; fix: imageTagMutability IMMUTABLE")
    assert urn == repository.urn


def test_what_is_not_known_yet_is_no_violation(monkeypatch: pytest.MonkeyPatch) -> None:
    definition = given("aws:ecs/taskDefinition:TaskDefinition", "web", containerDefinitions=_UNKNOWN)

    assert said(started(monkeypatch)["ecs-5"], definition) == []


def test_the_stack_s_exceptions_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    policies = started(monkeypatch, {"ECS.12": "dev is small"})

    assert said(policies["ecs-12"], given("aws:ecs/cluster:Cluster", "cluster", settings=[])) == []


def test_an_exception_that_is_wrong_stops_the_pack(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ExceptionsError, match="no control of the policy pack has this id"):
        started(monkeypatch, {"ECS.99": "dev is small"})


def test_pulumi_finds_the_pack() -> None:
    project = yaml.safe_load((PACK / "PulumiPolicy.yaml").read_text())

    assert project["runtime"] == {"name": "python", "options": {"virtualenv": ".venv"}}
