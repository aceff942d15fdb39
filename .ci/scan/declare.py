# ruff: noqa: INP001 - a folder of scripts, not a package
"""Writes what scanners read: a Terraform plan for each stack and for an account, and every policy by itself.

What the program declares comes from the unit tests' recorder, where every value is known and no account,
Docker or Pulumi CLI is needed; what awsx makes of a VPC comes from the local run's stand-in.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pulumi
import yaml

from local.resources.awsx import construct_vpc
from local.resources.construct import Attribute, Child, Registered
from policies.resources import Declaration, Resource
from policies.terraform_plan import terraform_plan
from tests.unit.bootstrap.conftest import REPOSITORY, STACKS, declared_account
from tests.unit.infra.conftest import STACKS as SHIPPED
from tests.unit.infra.conftest import create_app_folder, declare_program
from tests.unit.infra.recorder import Declared, Graph
from tests.unit.policies.declared import declaration_of

ROOT: Final = Path(__file__).resolve().parents[2]
_VPC: Final = "awsx:ec2:Vpc"
_IDENTITY: Final = ("aws:iam/policy:Policy", "aws:iam/rolePolicy:RolePolicy")
"""Policies of roles. parliament reads no others: policies of resources and of trust name principals."""


@dataclass
class _Children:
    """Keeps what a component registers, as the program's transforms leave it."""

    component: Declared
    resources: list[Resource] = field(default_factory=list)

    def register(self, child: Child) -> Registered:
        token, name, plain = child.token, child.name, child.plain_inputs
        urn = f"{child.parent}${token}::{name}"
        refers = {
            key: frozenset({value.urn}) for key, value in child.inputs.items() if isinstance(value, Attribute)
        }
        for transform in self.component.transforms:
            changed = transform(
                pulumi.ResourceTransformArgs(
                    custom=True, type_=token, name=name, props=plain, opts=pulumi.ResourceOptions()
                )
            )
            plain = plain if changed is None else dict(changed.props)
        # As the provider fills it in.
        plain = {**({"domain": "vpc"} if token.endswith(":Eip") else {}), **plain}
        self.resources.append(Resource(type=token, name=name, inputs=plain, urn=urn, refers=refers))
        return Registered(urn, f"{name}-id", {"allocationId": f"{name}-id", **plain})


def whole(graph: Graph) -> Declaration:
    """Return a stack's resources with those in the VPC, to which everything that names the VPC refers."""
    resources = list(declaration_of(graph).resources)
    for component in graph.all(_VPC):
        children = _Children(component)
        construct_vpc(children.register, name=component.name, urn=component.urn, inputs=component.inputs)
        vpc = children.resources[0]
        inside = frozenset(one.urn for one in children.resources if one.type.endswith(":Subnet"))
        resources = [_reaching(one, component.urn, vpc.urn, inside) for one in resources]
        resources += children.resources
    return Declaration.of(resources)


def _reaching(one: Resource, component: str, vpc: str, subnets: frozenset[str]) -> Resource:
    refers = {
        key: (urns - {component}) | (subnets if "ubnet" in key else {vpc}) if component in urns else urns
        for key, urns in one.refers.items()
    }
    return replace(one, refers=refers)


def policies_of(graph: Graph) -> Iterator[tuple[str, str]]:
    """Yield each policy that says what a role may do, with a name."""
    for one in graph.resources:
        if one.type in _IDENTITY:
            yield f"{one.type.rpartition(':')[2]}.{one.name}", one.inputs["policy"]


def config_of(path: Path) -> Mapping[str, Any]:
    """Return the program's own keys of a stack file, but the folder that it builds."""
    config: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))["config"]
    keys = {name.removeprefix("node-on-ecs:"): value for name, value in config.items()}
    return {key: value for key, value in keys.items() if key != "app-path"}


def main(folder: Path) -> None:
    """Write all of it below a folder."""
    (folder / "policies").mkdir(parents=True)
    with TemporaryDirectory() as work:
        app = create_app_folder(Path(work))
        graphs = {stack: declare_program(stack, app=app) for stack in SHIPPED}
        plans = {**graphs, "bootstrap": declared_account({**REPOSITORY, "stacks": STACKS})}
        for name, graph in plans.items():
            (folder / f"{name}.json").write_text(json.dumps(terraform_plan(whole(graph))))
        examples = {
            f"examples.{path.stem}": declare_program("example", config_of(path), app=app, stack=path.stem)
            for path in sorted((ROOT / "docs" / "examples").glob("*.yaml"))
        }
    for stack, graph in {**plans, **examples}.items():
        for name, text in policies_of(graph):
            (folder / "policies" / f"{stack}.{name}.json").write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
