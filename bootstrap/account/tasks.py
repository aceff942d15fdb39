"""The most that a role made by a stack may do: its tasks' roles, and those that ECS itself takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from account.deployments import not_of_other_stacks
from account.statements import Statement, allow, deny

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
    own_roles = [place.roles_of(pattern) for pattern in stack.patterns]
    yield allow("HandRoles", ["iam:PassRole"], own_roles, {"StringEquals": {**_TO_TASKS}})
    yield allow("TagTasks", ["ecs:TagResource"], "*", {"StringEquals": {"ecs:CreateAction": "RunTask"}})
    yield deny("Never", [f"{service}:*" for service in NEVER if service != "iam"], "*")
    # A negated condition holds for a key that is not there, and only PassRole has it.
    yield {**deny("NeverIam", ["iam:*"], "*"), "Condition": {"StringNotEquals": {**_TO_TASKS}}}
    yield deny("State", ["s3:*"], [objects, f"{objects}/*"])
    yield deny("StateKey", ["kms:*"], key_arn)
    yield not_of_other_stacks(place, stack)
