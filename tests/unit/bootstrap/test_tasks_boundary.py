"""The permissions boundary of a stack's roles, compared with the policies that the program gives to them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.bootstrap.conftest import ATTACHMENT, INLINE, DeclareAccount, unlimited_role
from tests.unit.bootstrap.simulator import Role, tagged
from tests.unit.infra.conftest import DeclareStack
from tests.unit.infra.fake_cloud import ACCOUNT
from tests.unit.infra.recorder import Declared, Graph
from tests.unit.infra.test_examples import EXAMPLES, declare_example

ROLES = f"arn:aws:iam::{ACCOUNT}:role"
STACKS = [*(path.stem for path in EXAMPLES), "prod"]

# The actions by which ECS uses AWS's policies, below
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/.
AWS_POLICIES = {
    "AmazonECSInfrastructureRolePolicyForLoadBalancers": """
        elasticloadbalancing:DeregisterTargets elasticloadbalancing:DescribeListeners
        elasticloadbalancing:DescribeRules elasticloadbalancing:DescribeTargetGroups
        elasticloadbalancing:DescribeTargetHealth elasticloadbalancing:ModifyListener
        elasticloadbalancing:ModifyRule elasticloadbalancing:RegisterTargets
    """,
    "AmazonECSInfrastructureRolePolicyForManagedInstances": """
        ec2:CreateFleet ec2:CreateLaunchTemplate ec2:CreateLaunchTemplateVersion ec2:CreateTags
        ec2:DescribeInstanceTypes ec2:DescribeInstances ec2:DescribeLaunchTemplates ec2:DescribeSubnets
        ec2:ModifyLaunchTemplate ec2:RunInstances
    """,
    "AmazonECSInstanceRolePolicyForManagedInstances": """
        ecs:DeregisterContainerInstance ecs:DiscoverPollEndpoint ecs:Poll ecs:RegisterContainerInstance
        ecs:StartTelemetrySession ecs:SubmitAttachmentStateChanges ecs:SubmitContainerStateChange
        ecs:SubmitTaskStateChange
    """,
    "service-role/AmazonECSInfrastructureRolePolicyForVolumes": """
        ec2:AttachVolume ec2:CreateTags ec2:CreateVolume ec2:DeleteVolume ec2:DescribeAvailabilityZones
        ec2:DescribeInstances ec2:DescribeVolumes ec2:DetachVolume
    """,
}

BY_ECS = {"aws:ResourceTag/AmazonECSManaged": "true", "ec2:CreateAction": "Create"}
"""ECS tags what it creates."""


@pytest.fixture(scope="module")
def graphs(declare_stack: DeclareStack) -> dict[str, Graph]:
    """Stacks that together have all kinds of roles."""
    keys = {"execute-command": True, "opentelemetry": {}, "flow-logs": "log-group"}
    examples = {path.stem: declare_example(declare_stack, path) for path in EXAMPLES}
    return {**examples, "prod": declare_stack("prod", keys)}


@pytest.fixture(scope="module")
def account(declare_account: DeclareAccount) -> Graph:
    """An account with these stacks."""
    return declare_account({"stacks": [{"name": name} for name in STACKS]})


def _role_of(policy: Declared, stack: str) -> str:
    return f"{ROLES}/node-on-ecs-{stack}/{policy.inputs['role']}"


def _with_path(resource: str, stack: str) -> str:
    # The fake cloud's roles have no path.
    return resource.replace(f"{ROLES}/", f"{ROLES}/node-on-ecs-{stack}/")


def _context(statement: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the keys of the most favourable request that meets a statement's conditions."""
    for conditions in statement.get("Condition", {}).values():
        for key, values in conditions.items():
            value = values if isinstance(values, str) else values[0]
            # A pattern: ec2.*
            yield key, value.replace(".*", ".amazonaws.com")


def _as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _denied(role: Role, policy: Declared, stack: str) -> Iterator[tuple[str, str, str]]:
    for statement in json.loads(policy.inputs["policy"])["Statement"]:
        # `task-role-statements` have no id; those of bootstrap extend the boundary for them.
        if "Sid" not in statement:
            continue
        context = {**tagged(stack), "aws:PrincipalArn": _role_of(policy, stack), **dict(_context(statement))}
        for action in _as_list(statement["Action"]):
            for resource in _as_list(statement["Resource"]):
                if not role.may(action, _with_path(resource, stack), context):
                    yield policy.name, action, resource


def test_boundary_has_the_permissions_that_the_program_gives_to_roles(
    account: Graph, graphs: dict[str, Graph]
) -> None:
    """Otherwise a task does not start, or only on AWS an app has no traces."""
    policies = [(policy, stack) for stack, graph in graphs.items() for policy in graph.all(INLINE)]

    assert len(policies) > 30
    assert [
        denied
        for policy, stack in policies
        for denied in _denied(unlimited_role(account, stack), policy, stack)
    ] == []


def test_boundary_has_the_permissions_of_aws_s_policies(account: Graph, graphs: dict[str, Graph]) -> None:
    attachments = {
        attachment.inputs["policyArn"].removeprefix("arn:aws:iam::aws:policy/"): (attachment, stack)
        for stack, graph in graphs.items()
        for attachment in graph.all(ATTACHMENT)
    }

    assert attachments.keys() == AWS_POLICIES.keys()
    assert [
        (policy, action)
        for policy, (attachment, stack) in attachments.items()
        for action in AWS_POLICIES[policy].split()
        if not unlimited_role(account, stack).may(
            action,
            context={**tagged(stack), **BY_ECS, "aws:PrincipalArn": _role_of(attachment, stack)},
        )
    ] == []
