"""The list of actions, held against what the stacks' program really makes and asks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pulumi_aws
import pulumi_docker_build
import pulumi_random
import pytest
from botocore import xform_name

from account.actions import STEPS, load_actions
from local.resources.registry import CONSTRUCTORS
from tests.unit.bootstrap.conftest import ROOT
from tests.unit.infra.conftest import STACKS, DeclareStack
from tests.unit.infra.fake_cloud import DIGEST, FakeCloud
from tests.unit.infra.recorder import Graph

ACTIONS = load_actions()
PACKAGES = {"aws": pulumi_aws, "docker_build": pulumi_docker_build, "random": pulumi_random}

# What is made, read and deleted, but never changed, or not by an action.
WITHOUT = {
    "aws:acm/certificateValidation:CertificateValidation": {"update", "delete"},
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": {"delete"},
    "aws:ecs/taskDefinition:TaskDefinition": {"delete"},
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {"update"},
    "docker-build:index:Image": {"delete"},
    "random:index/randomId:RandomId": set(STEPS),
}

# What the local run's handlers can do and the stacks do not ask for: managed and repository policies,
# logs with a key of their own, and the end of what stays on AWS.
BEYOND_THE_STACKS = {
    "ecr:BatchDeleteImage",
    "ecr:DeleteRepositoryPolicy",
    "ecr:SetRepositoryPolicy",
    "ecs:DeregisterTaskDefinition",
    "iam:CreatePolicy",
    "iam:CreatePolicyVersion",
    "iam:DeletePolicy",
    "iam:DeletePolicyVersion",
    "iam:TagPolicy",
    "iam:UntagPolicy",
    "logs:AssociateKmsKey",
    "logs:DisassociateKmsKey",
    # The emulator's own zone: on AWS it is there before.
    "route53:CreateHostedZone",
}

# By IAM's prefix, where AWS's SDK has another name for the service.
SDK_NAMES = {"elasticloadbalancing": "elbv2"}
NO_OPERATION = {"iam:PassRole"}

SHAPES: list[Mapping[str, Any]] = [
    {},
    {"ipv6": True, "nat": "single"},
    {"domain": "", "zone": ""},
    {"repository": "shared", "image-from": "other"},
    {"image": "ghcr.io/example/web:1"},
    {"vpc-id": "vpc-01234567", "public-subnet-ids": ["subnet-01234567", "subnet-89abcdef"], "nat": "none"},
]


@cache
def _operations(service: str) -> frozenset[str]:
    model = botocore.session.get_session().get_service_model(SDK_NAMES.get(service, service))
    return frozenset(model.operation_names)


def _made(graph: Graph) -> set[str]:
    """Return types that ask a cloud for something."""
    own = ("pulumi:", "node-on-ecs:")
    return {resource.type for resource in graph.resources if not resource.type.startswith(own)}


def _dotted(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Attribute):
        yield from _dotted(node.value)
        yield node.attr
    elif isinstance(node, ast.Name):
        yield node.id


def _makeable() -> set[str]:
    """Return types that some configuration may make, from the program's text."""
    tokens: set[str] = set()
    for file in sorted((ROOT / "infra").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call):
                package, *names = [*_dotted(node.func)] or [""]
                thing: Any = PACKAGES.get(package)
                for name in names if thing else []:
                    thing = getattr(thing, name)
                token = getattr(thing, "pulumi_type", None)
                if isinstance(thing, type) and token and "::" not in token and names[-1] != "Provider":
                    tokens.add(token)
    return tokens


@pytest.mark.parametrize("changes", SHAPES, ids=str)
@pytest.mark.parametrize("stack", STACKS)
def test_everything_that_a_stack_makes_is_in_the_list(
    declare_stack: DeclareStack, stack: str, changes: Mapping[str, Any]
) -> None:
    """Else a deployment fails half way, for want of a permission."""
    other = {"organization/node-on-ecs/other": {"image": f"shared@{DIGEST}"}}
    graph = declare_stack(stack, changes, cloud=FakeCloud(stacks=other))

    assert _made(graph) - ACTIONS.resources.keys() - ACTIONS.components.keys() == set()
    asked = {i.token for i in graph.invokes if not i.token.startswith("pulumi:")}
    assert asked - ACTIONS.functions.keys() == set()


def test_everything_that_an_attached_stack_makes_is_in_the_list(declare_stack: DeclareStack) -> None:
    """The role of the stack that it attaches to deploys it."""
    dev = {"organization/node-on-ecs/dev": declare_stack("dev").exports}
    changes = {"attach-to": "dev", "nat": "single", "container-insights": "enabled", "multidev": []}
    graph = declare_stack("dev", changes, stack="pr-1", cloud=FakeCloud(stacks=dev))

    assert _made(graph) - ACTIONS.resources.keys() == set()
    asked = {i.token for i in graph.invokes if not i.token.startswith("pulumi:")}
    assert asked - ACTIONS.functions.keys() == set()


def test_everything_that_the_program_can_make_is_in_the_list() -> None:
    """By its text: no test has every configuration."""
    assert _makeable() - ACTIONS.resources.keys() == set()
    assert len(_makeable()) > 20


def test_nothing_is_in_the_list_that_the_program_does_not_make() -> None:
    """A permission that nothing needs is one that only an intruder uses."""
    inside = {child for children in ACTIONS.components.values() for child in children}

    assert ACTIONS.resources.keys() - _makeable() - inside == set()


def test_every_component_in_the_list_is_one_that_the_program_uses(declare_stack: DeclareStack) -> None:
    assert ACTIONS.components.keys() == CONSTRUCTORS.keys()
    assert ACTIONS.components.keys() <= {r.type for r in declare_stack("prod").resources}


def test_what_a_component_makes_is_in_the_list() -> None:
    for children in ACTIONS.components.values():
        assert set(children) <= ACTIONS.resources.keys()


@pytest.mark.parametrize("token", ACTIONS.resources)
def test_each_type_can_be_made_read_changed_and_deleted(token: str) -> None:
    assert set(STEPS) - ACTIONS.resources[token].keys() == WITHOUT.get(token, set())
    assert all(ACTIONS.resources[token].values())


@pytest.mark.parametrize("action", sorted(ACTIONS.of_deployments - NO_OPERATION))
def test_each_action_is_one_that_aws_has(action: str) -> None:
    """IAM takes a misspelt one without a word."""
    service, _, name = action.partition(":")

    assert name in _operations(service)


def test_looking_changes_nothing() -> None:
    changing = [
        action
        for action in ACTIONS.of_previews
        if not re.match(r"[a-z0-9-]+:(Describe|Get|List|BatchGet)", action)
    ]

    assert changing == []


def test_no_action_is_a_pattern() -> None:
    assert [
        action for action in ACTIONS.of_deployments if not re.fullmatch(r"[a-z0-9-]+:[A-Za-z0-9]+", action)
    ] == []


def _called(folder: Path, services: Sequence[str]) -> set[str]:
    """Return actions by the names of the SDK's calls in a folder."""
    calls = {
        xform_name(operation): f"{service}:{operation}"
        for service in services
        for operation in _operations(service)
    }
    called: set[str] = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            # Some are named in text, for a paginator.
            name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "value", None)
            if isinstance(name, str) and name in calls:
                called.add(calls[name])
    return called


def test_what_the_program_asks_by_itself_is_in_the_list() -> None:
    folder = ROOT / "infra" / "rollout"
    called = _called(folder, ("cloudwatch", "ecs", "elasticloadbalancing", "logs", "ssm"))

    assert called - set(ACTIONS.rollout) == set()
    if folder.exists():
        assert set(ACTIONS.rollout) - called == NO_OPERATION


def test_whatever_the_local_run_does_to_make_a_type_is_in_the_list() -> None:
    """It makes the same types by the same interface: what it needs there, a deployment needs on AWS."""
    services = {action.partition(":")[0] for action in ACTIONS.of_deployments}
    done = _called(ROOT / "local" / "resources", sorted(services))
    looking = re.compile(r".*:(Describe|Get|List|BatchGet)")

    changing = {action for action in done if not looking.match(action)}
    assert len(changing) > 50
    assert changing - ACTIONS.of_deployments - BEYOND_THE_STACKS == set()
