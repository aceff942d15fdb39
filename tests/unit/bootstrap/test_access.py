"""Who may deploy, and what they may do then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest

from account.actions import load_actions
from tests.unit.bootstrap.conftest import (
    BOUNDARY,
    BUCKET,
    INLINE,
    KEY,
    POLICY,
    PROVIDER,
    ROLE,
    TASKS_BOUNDARY,
    DeclareAccount,
    policies_of,
    statements,
)
from tests.unit.infra.conftest import STACKS
from tests.unit.infra.fake_cloud import ACCOUNT, REGION
from tests.unit.infra.recorder import Graph

ACTIONS = load_actions()
STATE_READ = {"s3:ListBucket", "s3:GetObject", "kms:Decrypt", "kms:DescribeKey"}
STATE_WRITE = {"s3:PutObject", "s3:DeleteObject", "kms:Encrypt", "kms:GenerateDataKey"}
LARGEST_POLICY = 6144
LARGEST_INLINE_POLICY = 10_240


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _allowed(graph: Graph, role: str) -> set[str]:
    return {
        action
        for statement in policies_of(graph, f"node-on-ecs-{role}")
        if statement["Effect"] == "Allow"
        for action in _listed(statement["Action"])
    }


def _statements_with(graph: Graph, role: str, action: str) -> Iterator[dict[str, Any]]:
    for statement in policies_of(graph, f"node-on-ecs-{role}"):
        if statement["Effect"] == "Allow" and action in _listed(statement["Action"]):
            yield statement


@pytest.mark.parametrize("stack", STACKS)
def test_only_jobs_of_a_stacks_environment_may_deploy_it(graph: Graph, stack: str) -> None:
    """In both forms that GitHub has for a repository; nothing but equality."""
    role = graph.one(ROLE, f"deploy-{stack}").inputs

    assert role["name"] == f"node-on-ecs-deploy-{stack}"
    assert json.loads(role["assumeRolePolicy"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": PROVIDER},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {
                        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                        "token.actions.githubusercontent.com:sub": [
                            f"repo:example/web:environment:{stack}",
                            f"repo:example@11/web@22:environment:{stack}",
                        ],
                    }
                },
            }
        ],
    }


def _subjects(graph: Graph, role: str) -> list[str]:
    (statement,) = json.loads(graph.one(ROLE, role).inputs["assumeRolePolicy"])["Statement"]
    assert statement["Condition"].keys() == {"StringEquals"}
    return statement["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"]


def test_pull_requests_may_only_look(graph: Graph) -> None:
    assert _subjects(graph, "preview") == [
        "repo:example/web:pull_request",
        "repo:example@11/web@22:pull_request",
    ]


def test_other_workflows_that_only_look_are_named(declare_account: DeclareAccount) -> None:
    graph = declare_account({"read-only-subjects": ["pull_request", "ref:refs/heads/main"]})

    assert _subjects(graph, "preview")[2:] == [
        "repo:example/web:ref:refs/heads/main",
        "repo:example@11/web@22:ref:refs/heads/main",
    ]


def test_a_stack_can_have_several_environments(declare_account: DeclareAccount) -> None:
    stacks = [{"name": "dev", "environments": ["dev", "pull-requests"], "previews": "pr-*"}]

    graph = declare_account({"stacks": stacks})

    assert _subjects(graph, "deploy-dev")[::2] == [
        "repo:example/web:environment:dev",
        "repo:example/web:environment:pull-requests",
    ]


def test_the_provider_is_githubs(graph: Graph) -> None:
    provider = graph.one("aws:iam/openIdConnectProvider:OpenIdConnectProvider").inputs

    assert provider["url"] == "https://token.actions.githubusercontent.com"
    assert provider["clientIdLists"] == ["sts.amazonaws.com"]


def test_an_accounts_own_provider_is_used(declare_account: DeclareAccount) -> None:
    """An account can have only one for each address."""
    graph = declare_account({"oidc-provider-arn": PROVIDER})

    assert graph.all("aws:iam/openIdConnectProvider:OpenIdConnectProvider") == []
    (statement,) = json.loads(graph.one(ROLE, "preview").inputs["assumeRolePolicy"])["Statement"]
    assert statement["Principal"] == {"Federated": PROVIDER}


def test_every_role_has_the_boundary_and_stands_below_the_projects_path(graph: Graph) -> None:
    for role in graph.all(ROLE):
        assert role.inputs["permissionsBoundary"] == BOUNDARY
    assert {r.inputs["path"] for r in [*graph.all(ROLE), *graph.all(POLICY)]} == {"/node-on-ecs/"}


@pytest.mark.parametrize("stack", STACKS)
def test_a_deploy_role_may_do_what_is_in_the_list_and_nothing_else(graph: Graph, stack: str) -> None:
    assert _allowed(graph, f"deploy-{stack}") == ACTIONS.of_deployments | STATE_READ | STATE_WRITE


def test_the_preview_role_may_look_and_nothing_else(graph: Graph) -> None:
    assert _allowed(graph, "preview") == ACTIONS.of_previews | STATE_READ


def test_policies_are_small_enough(graph: Graph) -> None:
    assert max(len(policy.inputs["policy"]) for policy in graph.all(POLICY)) <= LARGEST_POLICY
    assert max(len(policy.inputs["policy"]) for policy in graph.all(INLINE)) <= LARGEST_INLINE_POLICY


def test_ids_of_statements_are_what_iam_takes(graph: Graph) -> None:
    for policy in [*graph.all(POLICY), *graph.all(INLINE)]:
        sids = [statement["Sid"] for statement in json.loads(policy.inputs["policy"])["Statement"]]
        assert len(set(sids)) == len(sids)
        assert all(sid.isalnum() for sid in sids)


@pytest.mark.parametrize(
    ("action", "conditions"),
    [
        (
            "iam:PassRole",
            {"StringEquals": {"iam:PassedToService": ["ecs-tasks.amazonaws.com", "ecs.amazonaws.com"]}},
        ),
        (
            "iam:AttachRolePolicy",
            {
                "ArnEquals": {
                    "iam:PolicyARN": "arn:aws:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers"
                }
            },
        ),
        (
            "iam:CreateServiceLinkedRole",
            {
                "StringEquals": {
                    "iam:AWSServiceName": [
                        "ecs.amazonaws.com",
                        "ecs.application-autoscaling.amazonaws.com",
                        "elasticloadbalancing.amazonaws.com",
                    ]
                }
            },
        ),
    ],
)
def test_what_could_give_a_role_more_is_held_narrow(
    graph: Graph, action: str, conditions: dict[str, Any]
) -> None:
    (statement,) = _statements_with(graph, "deploy-dev", action)

    assert statement["Condition"] == conditions
    assert statement["Resource"].startswith(f"arn:aws:iam::{ACCOUNT}:role/")


def test_roles_can_be_made_with_the_boundary_alone(declare_account: DeclareAccount) -> None:
    graph = declare_account({"require-boundary": True})

    for action in (
        "iam:CreateRole",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
        "iam:AttachRolePolicy",
    ):
        (statement,) = _statements_with(graph, "deploy-dev", action)
        assert statement["Condition"]["StringEquals"] == {"iam:PermissionsBoundary": TASKS_BOUNDARY}


def test_a_role_that_must_have_the_boundary_cannot_lose_it(declare_account: DeclareAccount) -> None:
    """Without it, what the role was given under it would hold in full."""
    required = declare_account({"require-boundary": True})

    free = declare_account()

    assert [*_statements_with(required, "deploy-dev", "iam:DeleteRolePermissionsBoundary")] == []
    assert [*_statements_with(free, "deploy-dev", "iam:DeleteRolePermissionsBoundary")] != []


def test_what_is_in_a_region_stays_in_it(graph: Graph) -> None:
    (statement,) = _statements_with(graph, "deploy-dev", "ecs:CreateService")

    assert statement["Condition"] == {"StringEquals": {"aws:RequestedRegion": REGION}}


@pytest.mark.parametrize("role", ["deploy-dev", "preview"])
def test_parameters_that_are_not_the_programs_are_not_read(graph: Graph, role: str) -> None:
    """They may hold the secrets of others."""
    (statement,) = _statements_with(graph, role, "ssm:GetParameter")

    assert statement["Resource"] == f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/*-migrations-*"


def _object(path: str) -> str:
    return f"arn:aws:s3:::{BUCKET}/.pulumi/{path}"


def _may(graph: Graph, role: str, action: str, resource: str) -> bool:
    return any(
        fnmatchcase(resource, pattern)
        for statement in _statements_with(graph, role, action)
        for pattern in _listed(statement["Resource"])
    )


OWN = [
    "stacks/node-on-ecs/dev.json",
    "stacks/node-on-ecs/dev.json.bak",
    "history/node-on-ecs/dev/dev-1.history.json",
    "backups/node-on-ecs/dev/dev.1.json",
    "locks/organization/node-on-ecs/dev/1.json",
]


@pytest.mark.parametrize("path", OWN)
def test_a_deploy_role_writes_its_own_stacks_state(graph: Graph, path: str) -> None:
    assert _may(graph, "deploy-dev", "s3:PutObject", _object(path))
    assert _may(graph, "deploy-dev", "s3:DeleteObject", _object(path))


@pytest.mark.parametrize("path", OWN)
def test_a_deploy_role_reads_other_stacks_state_and_leaves_it_alone(graph: Graph, path: str) -> None:
    """A stack may follow another one's image."""
    other = path.replace("dev", "prod")

    assert _may(graph, "deploy-dev", "s3:GetObject", _object(other))
    assert not _may(graph, "deploy-dev", "s3:PutObject", _object(other))
    assert not _may(graph, "deploy-dev", "s3:DeleteObject", _object(other))


def test_a_name_that_begins_alike_is_another_stack(graph: Graph) -> None:
    assert not _may(graph, "deploy-dev", "s3:PutObject", _object("stacks/node-on-ecs/dev2.json"))
    assert not _may(graph, "deploy-dev", "s3:PutObject", _object("history/node-on-ecs/dev2/1"))


def test_no_role_reaches_the_state_of_this_program(graph: Graph) -> None:
    for role in ("deploy-dev", "preview"):
        for action in ("s3:GetObject", "s3:PutObject"):
            assert not _may(graph, role, action, _object("stacks/node-on-ecs-bootstrap/main.json"))


def test_a_role_deploys_the_previews_that_are_its_stacks(declare_account: DeclareAccount) -> None:
    graph = declare_account({"stacks": [{"name": "dev", "previews": "pr-*"}, {"name": "prod"}]})

    for stack, may in (("dev", True), ("prod", False)):
        role = f"deploy-{stack}"
        assert _may(graph, role, "s3:PutObject", _object("stacks/node-on-ecs/pr-7.json")) is may
        assert _may(graph, role, "s3:PutObject", _object("locks/organization/node-on-ecs/pr-7/1")) is may
    deny = statements(graph.one(INLINE, "deploy-dev").inputs["policy"])["OtherStacks"]
    assert deny["Condition"]["StringNotLike"] == {"aws:ResourceTag/Stack": ["dev", "pr-*"]}


def test_a_deploy_role_keeps_off_what_carries_another_stacks_tag(graph: Graph) -> None:
    deny = statements(graph.one(INLINE, "deploy-dev").inputs["policy"])["OtherStacks"]

    assert deny == {
        "Sid": "OtherStacks",
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {
            "StringEquals": {"aws:ResourceTag/Project": "node-on-ecs"},
            "StringNotLike": {"aws:ResourceTag/Stack": ["dev"]},
            "Null": {"aws:ResourceTag/Stack": "false"},
        },
    }


def test_what_is_shared_carries_no_stacks_tag(graph: Graph) -> None:
    """Else no deploy role could use it."""
    tags = json.loads(graph.one("pulumi:providers:aws").inputs["defaultTags"])["tags"]

    assert tags == {"Project": "node-on-ecs", "ManagedBy": "pulumi"}
    assert [r.name for r in graph.resources if "Stack" in r.inputs.get("tags", {})] == []


def test_the_boundary_leaves_room_for_the_list(graph: Graph) -> None:
    boundary = statements(graph.one(POLICY, "boundary").inputs["policy"]).values()
    patterns = [
        pattern
        for statement in boundary
        if statement["Effect"] == "Allow"
        for pattern in _listed(statement["Action"])
    ]

    wanted = ACTIONS.of_deployments | STATE_READ | STATE_WRITE
    assert [a for a in wanted if not any(fnmatchcase(a, pattern) for pattern in patterns)] == []
    assert "*" not in patterns
    assert not {"iam:*", "s3:*", "kms:*", "sts:*"} & set(patterns)


def test_the_boundary_denies_what_is_made_here(graph: Graph) -> None:
    boundary = statements(graph.one(POLICY, "boundary").inputs["policy"])

    assert boundary["WhatIsMadeHere"]["Effect"] == "Deny"
    assert boundary["WhatIsMadeHere"]["Action"] == ["iam:*"]
    assert boundary["WhatIsMadeHere"]["Resource"] == [
        f"arn:aws:iam::{ACCOUNT}:role/node-on-ecs/*",
        f"arn:aws:iam::{ACCOUNT}:policy/node-on-ecs/*",
        PROVIDER,
    ]
    assert boundary["OtherRoles"]["Action"] == ["sts:AssumeRole"]
    assert boundary["SharedImages"]["Resource"] == f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/node-on-ecs"
    assert {"ecr:DeleteRepository", "ecr:BatchDeleteImage"} <= set(boundary["SharedImages"]["Action"])


def test_tasks_never_reach_iam_or_the_state(graph: Graph) -> None:
    boundary = statements(graph.one(POLICY, "tasks-boundary").inputs["policy"])

    assert {sid: statement["Effect"] for sid, statement in boundary.items()} == {
        "Anything": "Allow",
        "Accounts": "Deny",
        "State": "Deny",
        "Secrets": "Deny",
    }
    assert "iam:*" in boundary["Accounts"]["Action"]
    assert boundary["State"]["Resource"] == [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]
    assert boundary["Secrets"]["Resource"] == KEY


def test_a_deployment_has_time_for_a_canary(graph: Graph) -> None:
    assert {r.name: r.inputs["maxSessionDuration"] for r in graph.all(ROLE)} == {
        "deploy-dev": 7200,
        "deploy-staging": 7200,
        "deploy-prod": 7200,
        "preview": 3600,
    }


def test_outputs_tell_what_workflows_need(graph: Graph) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/node-on-ecs/node-on-ecs"

    assert graph.exports["deploy_role_arns"] == {stack: f"{arn}-deploy-{stack}" for stack in STACKS}
    assert graph.exports["preview_role_arn"] == f"{arn}-preview"
    assert graph.exports["tasks_boundary_arn"] == TASKS_BOUNDARY
