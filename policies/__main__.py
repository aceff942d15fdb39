"""The controls as a Pulumi policy pack: `pulumi preview --policy-pack policies`, with its own virtualenv."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pulumi

# The CLI runs this folder as a program.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from policies.engine import name_of, plain
from policies.evaluation import CONTROLS, checked_exceptions, evaluate
from policies.resources import Declaration, Resource

# Not a dependency of the project: it requires an older major version of protobuf.
_sdk: Any = import_module("pulumi_policy")


def _resource(resource: Any) -> Resource:
    properties = plain(resource.props)
    return Resource(
        type=resource.resource_type,
        name=name_of(resource.urn),
        urn=resource.urn,
        inputs=properties,
        outputs=properties,
        refers={
            key: frozenset(dependency.urn for dependency in dependencies)
            for key, dependencies in resource.property_dependencies.items()
        },
    )


def _check(id_: str) -> Callable[[Any, Callable[[str, str], None]], None]:
    def validate(stack: Any, report_violation: Callable[[str, str], None]) -> None:
        declaration = Declaration.of(map(_resource, stack.resources))
        report = evaluate(declaration, _exceptions(), only=id_)
        urns = {resource.name: resource.urn for resource in declaration.all(*CONTROLS[id_].types)}
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
