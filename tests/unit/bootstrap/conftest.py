"""Recorded runs of the program in `bootstrap/`, and the roles that it declares."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from runpy import run_path
from typing import Any
from unittest.mock import patch

import pytest

from tests.unit.bootstrap.simulator import Role
from tests.unit.infra.conftest import app, attach, declare_stack
from tests.unit.infra.fake_cloud import ACCOUNT, REGION, FakeCloud, Made
from tests.unit.infra.recorder import Graph, declare, once

__all__ = ["app", "attach", "declare_stack"]

ROOT = Path(__file__).parents[3]
PROJECT = "node-on-ecs-bootstrap"
REPOSITORY = {"github-repository": "example/web", "github-organization-id": 11, "github-repository-id": 22}
# The same as in docs/workflows.md.
STACKS = [
    {
        "name": "dev",
        "environments": ["dev", "pull-requests"],
        "previews": "pr-*",
        "domains": ["dev.example.com"],
    },
    {"name": "staging", "domains": ["staging.example.com"]},
    {"name": "prod", "domains": ["www.example.com"]},
]
BUCKET = f"node-on-ecs-state-{ACCOUNT}-{REGION}"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/state-id"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"

ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/policy:Policy"
INLINE = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"

EVERYTHING = json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
"""A policy that allows everything."""

DeclareAccount = Callable[..., Graph]


class FakeAccount(FakeCloud):
    """Returns the ARNs of an account's resources."""

    def create(self, token: str, name: str, inputs: Mapping[str, Any], *, dry_run: bool) -> Made:
        made = super().create(token, name, inputs, dry_run=dry_run)
        path = f"{inputs.get('path', '/')}{inputs.get('name')}"
        arns = {
            "aws:kms/key:Key": KEY,
            "aws:iam/openIdConnectProvider:OpenIdConnectProvider": PROVIDER,
            ROLE: f"arn:aws:iam::{ACCOUNT}:role{path}",
            POLICY: f"arn:aws:iam::{ACCOUNT}:policy{path}",
            "aws:sns/topic:Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:{inputs.get('name')}",
        }
        if not dry_run and token in arns:
            made.outputs["arn"] = arns[token]
        return made


@pytest.fixture(scope="session")
def declare_account() -> DeclareAccount:
    """Run the program with some configuration."""

    @once
    def run(changes: Mapping[str, Any] | None = None, *, dry_run: bool = False) -> Graph:
        return declared_account({**REPOSITORY, **(changes or {})}, dry_run=dry_run)

    return run


def declared_account(config: Mapping[str, Any], *, dry_run: bool = False) -> Graph:
    """Return a recorded run of the program with some configuration; keys with None are omitted."""
    own = {f"{PROJECT}:{key}": value for key, value in config.items() if value is not None}
    # Pulumi sets it, for programs that list the keys.
    environment = {"PULUMI_CONFIG": json.dumps({key: json.dumps(value) for key, value in own.items()})}
    with patch("tests.unit.infra.recorder.PROJECT", PROJECT), patch.dict(os.environ, environment):
        return declare(
            lambda: run_path(str(ROOT / "bootstrap" / "__main__.py"), run_name="__main__"),
            stack_name="main",
            config=own,
            dry_run=dry_run,
            cloud=FakeAccount(),
        )


@pytest.fixture
def graph(declare_account: DeclareAccount) -> Graph:
    """An account with three stacks, of which the first has previews."""
    return declare_account({"stacks": STACKS})


@pytest.fixture
def dev(graph: Graph) -> Role:
    """The deploy role of dev and its previews."""
    return role_of(graph, "deploy-dev")


@pytest.fixture
def preview(graph: Graph) -> Role:
    """The read-only role."""
    return role_of(graph, "preview")


def statements(policy: str) -> dict[str, dict[str, Any]]:
    """Return a policy's statements by their ids."""
    return {statement["Sid"]: statement for statement in json.loads(policy)["Statement"]}


def policy_arn(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:policy/node-on-ecs/node-on-ecs-{name}"


def role_of(graph: Graph, name: str) -> Role:
    """Return a role of bootstrap with its policies."""
    role = graph.one(ROLE, name).inputs
    policies = {policy_arn(policy.name): policy.inputs["policy"] for policy in graph.all(POLICY)}
    attached = [
        policies[attachment.inputs["policyArn"]]
        for attachment in graph.all(ATTACHMENT)
        if attachment.inputs["role"] == role["name"]
    ]
    inline = [
        policy.inputs["policy"] for policy in graph.all(INLINE) if policy.inputs["role"] == role["name"]
    ]
    return Role.of([*attached, *inline], policies[role["permissionsBoundary"]])


def unlimited_role(graph: Graph, stack: str) -> Role:
    """Return a role of a stack with all permissions within its boundary."""
    return Role.of([EVERYTHING], graph.one(POLICY, f"tasks-{stack}").inputs["policy"])
