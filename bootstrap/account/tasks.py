"""The permissions boundary of the roles of a stack: those of its tasks, and those that ECS assumes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from account.deployments import deny_other_stacks, own_tags
from account.statements import Condition, Statement, allow, deny

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pulumi

    from account.account import Account
    from account.settings import StackSettings

_WRITE_LOGS: Final = ["logs:CreateLogStream", "logs:PutLogEvents"]
_PULL_IMAGES: Final = [
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
_OWN_RESOURCES: Final = [
    "ecs:RunTask",
    "elasticfilesystem:ClientMount",
    "elasticfilesystem:ClientWrite",
    "elasticloadbalancing:*",
    "lambda:InvokeFunction",
    "secretsmanager:GetSecretValue",
    "sqs:SendMessage",
    "ssm:GetParameter",
    "ssm:GetParameters",
]
"""Scheduled tasks, file systems, target groups of canary deployments, functions of deployments, secrets."""
NEVER: Final = ("account", "iam", "organizations", "sts")
"""Services by which a task could extend its permissions."""
_TASKS: Final = "ecs-tasks.amazonaws.com"
"""EventBridge Scheduler passes a task's roles to it when it starts the task."""
_EC2: Final = "ec2.amazonaws.com"
"""ECS passes an instance's role to it when it starts a managed instance."""
_AGENT: Final = [
    *("ec2:DescribeTags", "ecs:DeregisterContainerInstance", "ecs:DiscoverPollEndpoint", "ecs:Poll"),
    *("ecs:PutSystemLogEvents", "ecs:RegisterContainerInstance", "ecs:StartTelemetrySession"),
    *("ecs:Submit*", "ecs:TagResource", "ecs:UpdateContainerInstancesState", "ec2messages:*"),
    *("ssm:DescribeAssociation", "ssm:DescribeDocument", "ssm:GetDocument", "ssm:GetManifest"),
    *("ssm:List*Associations", "ssm:PutComplianceItems", "ssm:PutConfigurePackageResult"),
    *("ssm:PutInventory", "ssm:UpdateAssociationStatus", "ssm:UpdateInstance*"),
]
"""The ECS agent on an instance, and the Systems Manager agent on a machine outside AWS."""
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonECSInfrastructureRolePolicyForManagedInstances.html
_INSTANCES: Final = [
    "ec2:CreateFleet",
    "ec2:CreateLaunchTemplate*",
    "ec2:Describe*",
    "ec2:ModifyLaunchTemplate",
    "ec2:RunInstances",
]
"""ECS starts managed instances by them; it terminates them by its service-linked role."""
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonECSInfrastructureRolePolicyForVolumes.html
_VOLUMES: Final = [
    "ec2:CreateVolume",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeInstances",
    "ec2:DescribeVolumes",
]
"""ECS creates the EBS volumes of tasks by them."""
_ATTACH: Final = ["ec2:AttachVolume", "ec2:DetachVolume"]
_OF_ECS: Final[Condition] = {"StringEquals": {"aws:ResourceTag/AmazonECSManaged": "true"}}
"""ECS gives this tag to the volumes that it creates."""
_TRACES: Final = ["xray:GetSampling*", "xray:PutTelemetryRecords", "xray:PutTraceSegments"]
_METRICS_LOG_GROUP: Final = "log-group:/aws/ecs/application/metrics*"
"""The OpenTelemetry collector creates it for the metrics of all stacks."""


def boundary(
    account: Account, stack: StackSettings, *, bucket: str, key_arn: pulumi.Input[str]
) -> Iterator[Statement]:
    """Yield the boundary of a stack's roles: no access to other stacks, and no way to extend permissions.

    Args:
        account: of the roles.
        stack: of the roles.
        bucket: of the state of all stacks.
        key_arn: the key of the state and its secrets.
    """
    yield allow("Log", _WRITE_LOGS, account.arn("logs", "*"))
    yield allow("Pull", _PULL_IMAGES, "*")
    yield allow("Exec", _EXEC_CHANNELS, "*")
    own_roles = [account.stack_roles(pattern) for pattern in stack.patterns]
    capacity, flow_logs, volumes = (
        _by_roles(account, name) for name in ("cluster-capacity", "flow-logs", "*-volumes")
    )
    creators = _by_roles(account, "cluster-capacity", "*-volumes")
    yield allow("Machines", [*_AGENT, *_INSTANCES], "*", capacity)
    yield allow("PassInstanceRoles", ["iam:PassRole"], own_roles, {**capacity, **_passed_to(_EC2)})
    yield allow("Volumes", _VOLUMES, "*", volumes)
    yield allow("AttachVolumes", _ATTACH, account.arn("ec2", "instance/*"), volumes)
    yield allow("EcsVolumes", [*_ATTACH, "ec2:DeleteVolume"], "*", {**volumes, **_OF_ECS})
    yield allow("TagNew", ["ec2:CreateTags"], "*", {**creators, "Null": {"ec2:CreateAction": "false"}})
    yield allow("FlowLogs", ["logs:DescribeLogGroups", "logs:DescribeLogStreams"], "*", flow_logs)
    yield allow("Traces", _TRACES, "*")
    yield allow(
        "Metrics",
        ["logs:CreateLogGroup", "logs:DescribeLogStreams"],
        account.arn("logs", _METRICS_LOG_GROUP),
    )
    yield allow("DescribeLoadBalancers", ["elasticloadbalancing:Describe*"], "*")
    yield allow("Own", _OWN_RESOURCES, "*", own_tags(account, stack, "aws:ResourceTag"))
    through = [f"{service}.{account.region}.amazonaws.com" for service in ("secretsmanager", "ssm")]
    yield allow("Decrypt", ["kms:Decrypt"], "*", {"StringEquals": {"kms:ViaService": through}})
    for number, statement in enumerate(stack.task_role_statements):
        yield allow(f"App{number}", statement.actions, statement.resources)
    objects = account.bucket_arn(bucket)
    yield allow("PassTaskRoles", ["iam:PassRole"], own_roles, _passed_to(_TASKS))
    yield allow("TagTasks", ["ecs:TagResource"], "*", {"StringEquals": {"ecs:CreateAction": "RunTask"}})
    yield deny("Never", [f"{service}:*" for service in NEVER if service != "iam"], "*")
    # A negated condition is true for actions without the key, which only PassRole has.
    yield deny("NeverIam", ["iam:*"], "*", {"StringNotEquals": {"iam:PassedToService": [_TASKS, _EC2]}})
    yield deny("State", ["s3:*"], [objects, f"{objects}/*"])
    yield deny("StateKey", ["kms:*"], key_arn)
    yield deny_other_stacks(account, stack)


def _by_roles(account: Account, *names: str) -> Condition:
    """Return a condition for those of a stack's roles whose names begin with one of some names.

    Without the stack's path: only roles with that path have the boundary.
    """
    return {"ArnLike": {"aws:PrincipalArn": [account.iam_arn(f"role/*/{name}-*") for name in names]}}


def _passed_to(service: str) -> Condition:
    return {"StringEquals": {"iam:PassedToService": service}}
