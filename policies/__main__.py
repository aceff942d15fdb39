"""The controls as a Pulumi policy pack: `pulumi preview --policy-pack policies`, in a Python of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pulumi

# The CLI runs this folder as a program.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from policies.engine import name_of, plain
from policies.evaluation import CONTROLS, checked_exceptions, evaluate
from policies.resources import Declaration, Resource

# Not a dependency of the project: it holds protobuf at an older major version than the one there.
_sdk: Any = import_module("pulumi_policy")


def _resource(given: Any) -> Resource:
    properties = plain(given.props)
    return Resource(
        type=given.resource_type,
        name=name_of(given.urn),
        urn=given.urn,
        inputs=properties,
        outputs=properties,
        refers={
            key: frozenset(one.urn for one in others) for key, others in given.property_dependencies.items()
        },
    )


def _check(id_: str) -> Callable[[Any, Callable[[str, str], None]], None]:
    def validate(stack: Any, report_violation: Callable[[str, str], None]) -> None:
        given: Sequence[Any] = stack.resources
        report = evaluate(Declaration.of(map(_resource, given)), _exceptions(), only=id_)
        urns = {name_of(one.urn): one.urn for one in given if one.resource_type in CONTROLS[id_].types}
        for finding in (*report.failures, *report.advice):
            report_violation(f"{finding}; fix: {finding.control.fix}", urns.get(finding.resource, ""))

    return validate


def _exceptions() -> dict[str, str]:
    return pulumi.Config("node-on-ecs").get_object("exceptions") or {}


checked_exceptions(_exceptions())
_sdk.PolicyPack(
    name="node-on-ecs",
    enforcement_level=_sdk.EnforcementLevel.MANDATORY,
    policies=[
        _sdk.StackValidationPolicy(
            name=control.id.lower().replace(".", "-"),
            description=f"{control.id}: {control.title}",
            enforcement_level=_sdk.EnforcementLevel(control.level),
            validate=_check(control.id),
        )
        for control in CONTROLS.values()
    ],
)
