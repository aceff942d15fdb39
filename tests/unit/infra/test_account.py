"""The provider and the roles: account, region, tags, and no role without the boundary that the account asks for."""

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
    settings = {
        "region": "eu-west-1",
        "profile": None,
        "assume_role_arn": None,
        "permissions_boundary": None,
        "tags": {},
        **changes,
    }
    graph = declare(lambda: aws_provider(ProviderSettings(**settings)))
    return graph.one("pulumi:providers:aws", "aws")


def test_region_and_tags_are_the_settings() -> None:
    """Whatever the shell says, a stack goes where its file says, and can be found by its tags."""
    inputs = _provider(tags={"Project": "p", "Stack": "dev"}).inputs

    assert inputs["region"] == "eu-west-1"
    assert json.loads(inputs["defaultTags"]) == {"tags": {"Project": "p", "Stack": "dev"}}


def test_without_profile_and_role_the_surroundings_credentials_are_used() -> None:
    """An empty profile or role would be looked up, and not found."""
    assert {"profile", "assumeRoles"} & _provider().inputs.keys() == set()


def test_a_role_is_assumed_so_that_a_stack_can_have_an_account_of_its_own() -> None:
    role = "arn:aws:iam::123456789012:role/deploy"

    inputs = _provider(assume_role_arn=role, profile="prod").inputs

    # pulumi-aws 7 takes a list of roles, each assumed by the one before.
    assert json.loads(inputs["assumeRoles"]) == [{"roleArn": role}]
    assert inputs["profile"] == "prod"


def test_every_role_has_the_boundary(declare_stack: DeclareStack) -> None:
    """One without it, and a deploy role that has to set it cannot make the stack."""
    every_kind = {"rollout": {"strategy": "canary", "hooks": [HOOK]}, "permissions-boundary": BOUNDARY}
    roles = declare_stack("prod", every_kind).all(ROLE)

    assert {role.name for role in roles} == {"infrastructure", "web-execution", "web-hooks", "web-task"}
    assert [role.name for role in roles if role.inputs.get("permissionsBoundary") != BOUNDARY] == []


def test_without_a_boundary_roles_name_none(graph: Graph) -> None:
    """An empty text would be one that IAM refuses."""
    assert not [role.name for role in graph.all(ROLE) if "permissionsBoundary" in role.inputs]


def test_the_roles_of_a_stack_have_a_path_of_its_own(
    declare_stack: DeclareStack, attach: DeclareStack
) -> None:
    """By it the account's deploy roles are kept from the roles of other stacks."""
    assert {role.inputs["path"] for role in declare_stack("dev").all(ROLE)} == {"/node-on-ecs-dev/"}
    assert {role.inputs["path"] for role in attach().all(ROLE)} == {"/node-on-ecs-pr-12/"}


def test_roles_are_made_in_one_place() -> None:
    """By the program's text, so that no other kind of role goes without the boundary."""
    makers = {
        file.name
        for file in (ROOT / "infra").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("aws.iam.Role", "iam.Role", "Role")
    }

    assert makers == {"account.py"}
