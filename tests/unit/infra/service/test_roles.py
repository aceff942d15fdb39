"""Roles that ECS itself takes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.service.roles import HookRole, InfrastructureRole
from infra.settings import RolloutHook
from tests.unit.infra.factories import account, held, rollout_settings
from tests.unit.infra.recorder import Graph, declare

ROLE = "aws:iam/role:Role"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:check"


def _trusted(graph: Graph) -> list[Any]:
    (role,) = graph.all(ROLE)
    return [statement["Principal"] for statement in json.loads(role.inputs["assumeRolePolicy"])["Statement"]]


@pytest.mark.parametrize("partition", ["aws", "aws-cn"])
def test_ecs_may_move_traffic(partition: str) -> None:
    graph = declare(lambda: InfrastructureRole("infrastructure", account(partition=partition), opts=held()))

    attachment = graph.one("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "infrastructure").inputs
    assert _trusted(graph) == [{"Service": "ecs.amazonaws.com"}]
    assert attachment == {
        "role": "infrastructure-1a2b3c4",
        "policyArn": (f"arn:{partition}:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers"),
    }


def test_ecs_may_call_the_functions_of_hooks_and_no_others() -> None:
    def hook(lambda_arn: str | None) -> RolloutHook:
        return RolloutHook(stages=("POST_SCALE_UP",), lambda_arn=lambda_arn)

    rollout = rollout_settings("canary", hooks=(hook(FUNCTION), hook(None), hook(FUNCTION)))
    graph = declare(lambda: HookRole("web", rollout, account(), opts=held()))

    (statement,) = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])["Statement"]
    assert _trusted(graph) == [{"Service": "ecs.amazonaws.com"}]
    assert (statement["Action"], statement["Resource"]) == ("lambda:InvokeFunction", [FUNCTION])
