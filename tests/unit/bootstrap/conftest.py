"""An account, declared by the real program in `bootstrap/`, and the stacks that its roles deploy."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from runpy import run_path
from typing import Any
from unittest.mock import patch

import pytest

from tests.unit.infra.conftest import app, declare_stack
from tests.unit.infra.fake_cloud import ACCOUNT, REGION, FakeCloud, Made
from tests.unit.infra.recorder import Graph, declare

__all__ = ["app", "declare_stack"]

ROOT = Path(__file__).parents[3]
PROJECT = "node-on-ecs-bootstrap"
REPOSITORY = {
    "github-repository": "example/web",
    "github-organization-id": 11,
    "github-repository-id": 22,
}
BUCKET = f"node-on-ecs-state-{ACCOUNT}-{REGION}"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/state-id"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/node-on-ecs/node-on-ecs-boundary"
TASKS_BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/node-on-ecs/node-on-ecs-tasks-boundary"

ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/policy:Policy"
INLINE = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"

DeclareAccount = Callable[..., Graph]


class FakeAccount(FakeCloud):
    """Knows the ARNs of what an account gets."""

    def create(self, token: str, name: str, inputs: Mapping[str, Any], *, dry_run: bool) -> Made:
        made = super().create(token, name, inputs, dry_run=dry_run)
        named = f"{inputs.get('path', '/')}{inputs.get('name')}"
        arns = {
            "aws:kms/key:Key": KEY,
            "aws:iam/openIdConnectProvider:OpenIdConnectProvider": PROVIDER,
            ROLE: f"arn:aws:iam::{ACCOUNT}:role{named}",
            POLICY: f"arn:aws:iam::{ACCOUNT}:policy{named}",
        }
        if not dry_run and token in arns:
            made.outputs["arn"] = arns[token]
        return made


@pytest.fixture(scope="session")
def declare_account() -> DeclareAccount:
    """Run the real program with some keys."""

    def run(changes: Mapping[str, Any] | None = None, *, dry_run: bool = False) -> Graph:
        own = {f"{PROJECT}:{key}": value for key, value in {**REPOSITORY, **(changes or {})}.items()}
        with patch("tests.unit.infra.recorder.PROJECT", PROJECT):
            return declare(
                lambda: run_path(str(ROOT / "bootstrap" / "__main__.py"), run_name="__main__"),
                stack_name="main",
                config={key: value for key, value in own.items() if value is not None},
                dry_run=dry_run,
                cloud=FakeAccount(),
            )

    return run


@pytest.fixture(scope="session")
def account(declare_account: DeclareAccount) -> Callable[[], Graph]:
    return cache(declare_account)


@pytest.fixture
def graph(account: Callable[[], Graph]) -> Graph:
    """An account as `bootstrap/Pulumi.yaml` has it."""
    return account()


def statements(policy: str) -> dict[str, dict[str, Any]]:
    """Return a policy's statements by their ids."""
    return {statement["Sid"]: statement for statement in json.loads(policy)["Statement"]}


def policies_of(graph: Graph, role: str) -> list[dict[str, Any]]:
    """Return all statements that a role has, inline or attached."""
    arns = {a.inputs["policyArn"] for a in graph.all(ATTACHMENT) if a.inputs["role"] == role}
    texts = [p.inputs["policy"] for p in graph.all(INLINE) if p.inputs["role"] == role]
    texts += [
        p.inputs["policy"]
        for p in graph.all(POLICY)
        if f"arn:aws:iam::{ACCOUNT}:policy{p.inputs['path']}{p.inputs['name']}" in arns
    ]
    return [statement for text in texts for statement in json.loads(text)["Statement"]]
