"""The most that a role made by a stack may do: its tasks' roles, and those that ECS itself takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from account.deployments import not_of_other_stacks
from account.statements import Condition, Statement, allow, deny

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pulumi

    from account.place import Place
    from account.settings import StackSettings

_LOG: Final = ["logs:CreateLogStream", "logs:PutLogEvents"]
_PULL: Final = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetAuthorizationToken",
    "ecr:GetDownloadUrlForLayer",
]
_EXEC_CHANNELS: Final = [
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
]
_USE: Final = [
    "ecs:RunTask",
    "elasticloadbalancing:*",
    "lambda:InvokeFunction",
    "secretsmanager:GetSecretValue",
    "sqs:SendMessage",
    "ssm:GetParameter",
    "ssm:GetParameters",
]
"""What starts by the clock, what ECS moves in a canary, functions that a deployment calls, and secrets."""
NEVER: Final = ("account", "iam", "organizations", "sts")
"""Services that could make a task more than it is."""
_TO_TASKS: Final = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
"""How AWS says that a task's roles are handed to ECS, as EventBridge Scheduler does when it starts a task."""
_TO_INSTANCES: Final = {"iam:PassedToService": "ec2.amazonaws.com"}
"""How AWS says that an instance's role is handed to EC2, as ECS does when it starts a managed instance."""
_AGENT: Final = [
    *("ec2:DescribeTags", "ecs:DeregisterContainerInstance", "ecs:DiscoverPollEndpoint", "ecs:Poll"),
    *("ecs:PutSystemLogEvents", "ecs:RegisterContainerInstance", "ecs:StartTelemetrySession"),
    *("ecs:Submit*", "ecs:TagResource", "ecs:UpdateContainerInstancesState", "ec2messages:*"),
    *("ssm:DescribeAssociation", "ssm:DescribeDocument", "ssm:GetDocument", "ssm:GetManifest"),
    *("ssm:List*Associations", "ssm:PutComplianceItems", "ssm:PutConfigurePackageResult"),
    *("ssm:PutInventory", "ssm:UpdateAssociationStatus", "ssm:UpdateInstance*"),
]
"""What ECS's agent needs on an instance, and Systems Manager's on a machine outside AWS."""
_INSTANCES: Final = [
    *("ec2:CreateFleet", "ec2:CreateLaunchTemplate*", "ec2:CreateTags", "ec2:DeleteLaunchTemplate*"),
    *("ec2:Describe*", "ec2:RunInstances", "ec2:TerminateInstances"),
]
"""By which ECS starts and ends managed instances."""


def boundary(
    place: Place, stack: StackSettings, *, bucket: str, key_arn: pulumi.Input[str]
) -> Iterator[Statement]:
    """Yield the boundary of a stack's roles: nothing of others, and nothing that would make them more.

    Args:
        place: the account and region.
        stack: whose roles they are.
        bucket: where the state of all stacks is.
        key_arn: encrypts the state, and the secrets in it.
    """
    yield allow("Log", _LOG, place.arn("logs", "*"))
    yield allow("Pull", _PULL, "*")
    yield allow("Exec", _EXEC_CHANNELS, "*")
    own_roles = [place.roles_of(pattern) for pattern in stack.patterns]
    # Roles of capacity, and no task's.
    of_capacity: Condition = {
        "ArnLike": {"aws:PrincipalArn": [f"{own.removesuffix('*')}cluster-capacity-*" for own in own_roles]}
    }
    yield allow("Machines", [*_AGENT, *_INSTANCES], "*", of_capacity)
    to_instances: Condition = {**of_capacity, "StringEquals": {**_TO_INSTANCES}}
    yield allow("HandInstanceRoles", ["iam:PassRole"], own_roles, to_instances)
    of_flow_logs: Condition = {
        "ArnLike": {"aws:PrincipalArn": [f"{own.removesuffix('*')}flow-logs-*" for own in own_roles]}
    }
    yield allow("FlowLogs", ["logs:DescribeLogGroups", "logs:DescribeLogStreams"], "*", of_flow_logs)
    yield allow("Look", ["elasticloadbalancing:Describe*"], "*")
    yield allow(
        "Own",
        _USE,
        "*",
        {
            "StringEquals": {"aws:ResourceTag/Project": place.project},
            "StringLike": {"aws:ResourceTag/Stack": list(stack.patterns)},
        },
    )
    through = [f"{service}.{place.region}.amazonaws.com" for service in ("secretsmanager", "ssm")]
    yield allow("Decrypt", ["kms:Decrypt"], "*", {"StringEquals": {"kms:ViaService": through}})
    for number, statement in enumerate(stack.task_role_statements):
        yield allow(f"App{number}", statement.actions, statement.resources)
    objects = f"arn:{place.partition}:s3:::{bucket}"
    yield allow("HandRoles", ["iam:PassRole"], own_roles, {"StringEquals": {**_TO_TASKS}})
    yield allow("TagTasks", ["ecs:TagResource"], "*", {"StringEquals": {"ecs:CreateAction": "RunTask"}})
    yield deny("Never", [f"{service}:*" for service in NEVER if service != "iam"], "*")
    # A negated condition holds for a key that is not there, and only PassRole has it.
    passed = [one["iam:PassedToService"] for one in (_TO_TASKS, _TO_INSTANCES)]
    handed: Condition = {"StringNotEquals": {"iam:PassedToService": passed}}
    yield {**deny("NeverIam", ["iam:*"], "*"), "Condition": handed}
    yield deny("State", ["s3:*"], [objects, f"{objects}/*"])
    yield deny("StateKey", ["kms:*"], key_arn)
    yield not_of_other_stacks(place, stack)
