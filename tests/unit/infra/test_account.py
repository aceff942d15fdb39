"""The provider and the roles: region, tags, credentials, permissions boundary."""

from __future__ import annotations

import ast
import json
from typing import Any

from infra.account import aws_provider
from infra.settings import ProviderSettings
from tests.unit.infra.conftest import ROOT, DeclareStack
from tests.unit.infra.recorder import Declared, Graph, declare

ROLE = "aws:iam/role:Role"
BOUNDARY = "arn:aws:iam::123456789012:policy/node-on-ecs/node-on-ecs-tasks-dev"
HOOK = {"stages": ["POST_SCALE_UP"], "lambda-arn": "arn:aws:lambda:us-east-1:123456789012:function:check"}


def _provider(**changes: Any) -> Declared:
    values = {
        "region": "eu-west-1",
        "profile": None,
        "assume_role_arn": None,
        "permissions_boundary": None,
        "tags": {},
        **changes,
    }
    graph = declare(lambda: aws_provider(ProviderSettings(**values)))
    return graph.one("pulumi:providers:aws", "aws")


def test_provider_has_the_configured_region_and_tags() -> None:
    """The region is that of the stack file, whatever the environment has."""
    inputs = _provider(tags={"Project": "p", "Stack": "dev"}).inputs

    assert inputs["region"] == "eu-west-1"
    assert json.loads(inputs["defaultTags"]) == {"tags": {"Project": "p", "Stack": "dev"}}


def test_provider_without_profile_and_role_uses_the_environment_s_credentials() -> None:
    """An empty profile or role would be looked up and not found."""
    assert {"profile", "assumeRoles"} & _provider().inputs.keys() == set()


def test_provider_assumes_the_configured_role() -> None:
    role = "arn:aws:iam::123456789012:role/deploy"

    inputs = _provider(assume_role_arn=role, profile="prod").inputs

    # A chain of roles, each assumed by the one before.
    assert json.loads(inputs["assumeRoles"]) == [{"roleArn": role}]
    assert inputs["profile"] == "prod"


def test_every_role_has_the_permissions_boundary(declare_stack: DeclareStack) -> None:
    """A deploy role may be allowed to create only roles with it."""
    settings = {"rollout": {"strategy": "canary", "hooks": [HOOK]}, "permissions-boundary": BOUNDARY}
    roles = declare_stack("prod", settings).all(ROLE)

    assert {role.name for role in roles} == {"infrastructure", "web-execution", "web-hooks", "web-task"}
    assert [role.name for role in roles if role.inputs.get("permissionsBoundary") != BOUNDARY] == []


def test_roles_have_no_boundary_by_default(graph: Graph) -> None:
    """IAM refuses an empty one."""
    assert not [role.name for role in graph.all(ROLE) if "permissionsBoundary" in role.inputs]


def test_roles_have_the_path_of_their_stack(declare_stack: DeclareStack, attach: DeclareStack) -> None:
    """The account's deploy roles are limited to it."""
    assert {role.inputs["path"] for role in declare_stack("dev").all(ROLE)} == {"/node-on-ecs-dev/"}
    assert {role.inputs["path"] for role in attach().all(ROLE)} == {"/node-on-ecs-pr-12/"}


def test_only_account_creates_roles() -> None:
    """So that each has path and boundary."""
    modules = {
        file.name
        for file in (ROOT / "infra").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("aws.iam.Role", "iam.Role", "Role")
    }

    assert modules == {"account.py"}
