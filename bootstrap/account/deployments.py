"""Permissions of GitHub's jobs: to deploy one stack, or to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from account.resource_policies import KEY_READ, KEY_WRITE, STATE_READ, STATE_WRITE
from account.statements import Condition, Statement, allow, deny

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    import pulumi

    from account.account import Account
    from account.settings import StackSettings

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AmazonECSInfrastructureRolePolicyForLoadBalancers.html
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-instances-instance-profile.html
_AWS_MANAGED_POLICIES: Final = (
    "policy/AmazonECSInfrastructureRolePolicyForLoadBalancers",
    "policy/AmazonECSInfrastructureRolePolicyForManagedInstances",
    "policy/AmazonECSInstanceRolePolicyForManagedInstances",
    "policy/service-role/AmazonECSInfrastructureRolePolicyForVolumes",
)
_SERVICES_THAT_ASSUME_ROLES: Final = [
    "ec2.amazonaws.com",
    "ecs-tasks.amazonaws.com",
    "ecs.amazonaws.com",
    "scheduler.amazonaws.com",
    "ssm.amazonaws.com",
    "vpc-flow-logs.amazonaws.com",
]
_SERVICE_LINKED: Final = "role/aws-service-role/*"
_SERVICES_WITH_LINKED_ROLE: Final = [
    "autoscaling.amazonaws.com",
    "ecs-compute.amazonaws.com",
    "ecs.amazonaws.com",
    "ecs.application-autoscaling.amazonaws.com",
    "elasticfilesystem.amazonaws.com",
    "elasticloadbalancing.amazonaws.com",
]
"""Their first resource in an account creates the role."""
_DELETE_BOUNDARY: Final = "iam:DeleteRolePermissionsBoundary"
_CHANGE_RECORDS: Final = "route53:ChangeResourceRecordSets"
_RECORD_NAMES: Final = "route53:ChangeResourceRecordSetsNormalizedRecordNames"
_PARAMETERS: Final = "parameter/*-migrations-*"
"""The parameters that the program creates; others may contain secrets."""
_READ_BOOTSTRAP: Final = "ssm:GetParametersByPath"
_MACHINE_IMAGES: Final = "parameter/aws/service/ecs/*"
"""AWS's public parameters, which have no account in their ARNs."""
_SSM_WITHOUT_RESOURCE: Final = frozenset(
    {"ssm:CreateActivation", "ssm:DeleteActivation", "ssm:DescribeActivations", "ssm:DescribeParameters"}
)
_SCALING_ALARMS: Final = "alarm:TargetTracking-service/*"
"""Application Auto Scaling creates them for ECS services, without tags."""
_CREATE_ACTIONS: Final = {
    "ec2:CreateTags": "ec2:CreateAction",
    "ecs:TagResource": "ecs:CreateAction",
    "elasticloadbalancing:AddTags": "elasticloadbalancing:CreateAction",
}
"""Condition keys of tagging actions, which AWS sets only when a resource is tagged on its creation."""
_DASHBOARD_ACTIONS: Final = ("cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard")
"""Limited by name: dashboards have no region, and AWS does not compare their tags."""
_RETIRE_GRANTS: Final = "kms:RetireGrant"
_ECR_KEY: Final = "alias/aws/ecr"
"""ECR's AWS managed key."""
_UPDATE_ACL: Final = "wafv2:UpdateWebACL"
_MANAGED_RULES: Final = "regional/managedruleset/*"
"""AWS's managed rule groups, as far as IAM knows them."""
_NEW_RULES: Final = ["ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress"]


def shared_permissions(
    account: Account, actions: Collection[str], owned: Collection[str]
) -> dict[str, list[Statement]]:
    """Return the permissions of every deploy role, in parts that fit into a policy.

    Args:
        account: of the role.
        actions: of deployments.
        owned: the actions of :func:`tagged_permissions`.
    """
    unconditional = sorted(set(actions) - set(owned) - {*_DASHBOARD_ACTIONS, _RETIRE_GRANTS})
    network = _actions_of(unconditional, "ec2", "elasticloadbalancing")
    elsewhere = _actions_of(unconditional, "iam", "route53")
    others = sorted({*unconditional} - {*network} - {*elsewhere})
    return {
        "network": [
            *_regional(account, network),
            # A new rule has no tags yet; its group has the stack's tags.
            allow("NewRules", _NEW_RULES, account.arn("ec2", "security-group-rule/*")),
        ],
        "services": [
            *_regional(account, others),
            _hosted_zones(set(unconditional) - {_CHANGE_RECORDS}),
            _retire_grants_of_ecr(account),
            # AWS also checks the rule groups of the web ACL, which have no tags.
            allow("ManagedRules", [_UPDATE_ACL], account.arn("wafv2", _MANAGED_RULES)),
            allow("ScalingAlarms", ["cloudwatch:DeleteAlarms"], account.arn("cloudwatch", _SCALING_ALARMS)),
            *(
                allow(f"TagNew{_service(action)}", [action], "*", {"Null": {key: "false"}})
                for action, key in _CREATE_ACTIONS.items()
            ),
        ],
    }


def tagged_permissions(account: Account, stack: StackSettings, owned: Collection[str]) -> Iterator[Statement]:
    """Yield the permissions of a stack's deploy role for resources with the stack's tags.

    Args:
        account: of the role.
        stack: of the role.
        owned: actions that change or delete a resource, and for which AWS compares its tags.
    """
    has_tags = own_tags(account, stack, "aws:ResourceTag")
    has_tags["StringEquals"]["aws:RequestedRegion"] = account.region
    yield allow("Own", sorted(owned), "*", has_tags)
    yield allow(
        "DefaultGroup",
        # AWS creates it with the VPC, without tags.
        ["ec2:CreateTags"],
        account.arn("ec2", "security-group/*"),
        own_tags(account, stack, "aws:RequestTag"),
    )
    # A group is tagged when it is created, and has no tags before.
    yield allow(
        "NewGroups", ["autoscaling:CreateOrUpdateTags"], "*", own_tags(account, stack, "aws:RequestTag")
    )


def stack_permissions(
    account: Account, stack: StackSettings, actions: Collection[str], *, tasks_boundary: pulumi.Input[str]
) -> Iterator[Statement]:
    """Yield the permissions of a stack's deploy role for records, dashboards and roles, and its denials.

    Args:
        account: of the role.
        stack: of the role.
        actions: of deployments.
        tasks_boundary: the permissions boundary that the stack's roles must have.
    """
    if stack.domains:
        yield allow("Records", [_CHANGE_RECORDS], "*", _names_below(stack.domains))
    dashboards = f"arn:{account.partition}:cloudwatch::{account.id}:dashboard/{account.project}"
    yield allow("Dashboards", _DASHBOARD_ACTIONS, [f"{dashboards}-{pattern}" for pattern in stack.patterns])
    yield from _roles(account, stack, actions, tasks_boundary)
    # Also for actions that are allowed without a condition on tags.
    yield deny_other_stacks(account, stack)


def read_permissions(account: Account, actions: Collection[str]) -> Iterator[Statement]:
    """Yield the permissions of the read-only role."""
    yield from _regional(account, set(actions) - {*_actions_of(actions, "iam", "route53")})
    yield _hosted_zones(actions)
    yield allow("Roles", _actions_of(actions, "iam"), [account.stack_roles("*"), account.stack_profiles("*")])


def deny_other_stacks(account: Account, stack: StackSettings) -> Statement:
    """Return a statement that denies access to resources with the tags of another stack."""
    other_tags: Condition = {
        "StringEquals": {"aws:ResourceTag/Project": account.project},
        "StringNotLike": {"aws:ResourceTag/Stack": list(stack.patterns)},
        # A negated condition is true for a missing tag, and shared resources have none.
        "Null": {"aws:ResourceTag/Stack": "false"},
    }
    return deny("OtherStacks", ["*"], "*", other_tags)


def boundary(
    account: Account,
    actions: Collection[str],
    *,
    bucket: str,
    key_arn: pulumi.Input[str],
    provider_arn: pulumi.Input[str],
    repository_arn: str | None,
) -> Iterator[Statement]:
    """Yield the permissions boundary of all roles of bootstrap."""
    services = sorted({_service(action) for action in actions} - {"iam", "kms"})
    yield allow("Services", [f"{service}:*" for service in services], "*")
    yield _retire_grants_of_ecr(account)
    roles = [account.iam_arn(f"{kind}/*") for kind in ("instance-profile", "role")]
    yield allow("Iam", _actions_of(actions, "iam"), roles)
    objects = account.bucket_arn(bucket)
    yield allow("State", ["s3:ListBucket", *STATE_READ, *STATE_WRITE], [objects, f"{objects}/.pulumi/*"])
    yield allow("Secrets", [*KEY_READ, *KEY_WRITE], key_arn)
    own = [account.iam_arn(f"{kind}{account.iam_path}*") for kind in ("role", "policy")]
    yield deny("BootstrapResources", ["iam:*"], [*own, provider_arn])
    # A boundary without this denial would not apply to roles whose trust policy names this role's session.
    yield deny("OtherRoles", ["sts:AssumeRole"], "*")
    if repository_arn is not None:
        yield deny(
            "SharedImages",
            [
                "ecr:BatchDeleteImage",
                "ecr:DeleteLifecyclePolicy",
                "ecr:DeleteRepository",
                "ecr:PutImageTagMutability",
                "ecr:PutLifecyclePolicy",
                "ecr:SetRepositoryPolicy",
            ],
            repository_arn,
        )


def _roles(
    account: Account, stack: StackSettings, actions: Collection[str], tasks_boundary: pulumi.Input[str]
) -> Iterator[Statement]:
    own = [account.stack_roles(pattern) for pattern in stack.patterns]
    service_linked = account.iam_arn(_SERVICE_LINKED)
    has_boundary: Condition = {"StringEquals": {"iam:PermissionsBoundary": tasks_boundary}}
    policies = [f"arn:{account.partition}:iam::aws:{policy}" for policy in _AWS_MANAGED_POLICIES]
    aws_managed: Condition = {**has_boundary, "ArnEquals": {"iam:PolicyARN": policies}}
    conditional = {
        "iam:PassRole": (own, {"StringEquals": {"iam:PassedToService": _SERVICES_THAT_ASSUME_ROLES}}),
        "iam:AttachRolePolicy": (own, aws_managed),
        "iam:CreateServiceLinkedRole": (
            service_linked,
            {"StringEquals": {"iam:AWSServiceName": _SERVICES_WITH_LINKED_ROLE}},
        ),
    }
    grants = ["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
    for action, (resource, condition) in conditional.items():
        yield allow(action.partition(":")[2], [action], resource, condition)
    yield allow("BoundRoles", grants, own, has_boundary)
    profiles = [account.stack_profiles(pattern) for pattern in stack.patterns]
    others = set(actions) - conditional.keys() - set(grants) - {_DELETE_BOUNDARY}
    yield allow("Roles", _actions_of(others, "iam"), [*own, *profiles])
    yield {
        "Sid": "OtherRoles",
        "Effect": "Deny",
        "Action": ["iam:*"],
        "NotResource": [*own, *profiles, service_linked],
    }
    # Without its boundary a role would have all permissions of its policies.
    yield deny("KeepBoundary", [_DELETE_BOUNDARY], "*")


def _retire_grants_of_ecr(account: Account) -> Statement:
    """Return the permission to delete an encrypted repository, by which ECR retires its grants on the key."""
    aliases: Condition = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": _ECR_KEY}}
    return allow("GrantsOfImages", [_RETIRE_GRANTS], account.arn("kms", "key/*"), aliases)


def own_tags(account: Account, stack: StackSettings, key: str) -> Condition:
    """Return a condition on the tags of a stack; `key` is aws:ResourceTag or aws:RequestTag."""
    return {
        "StringEquals": {f"{key}/Project": account.project},
        "StringLike": {f"{key}/Stack": list(stack.patterns)},
    }


def _names_below(domains: Sequence[str]) -> Condition:
    return {
        "ForAllValues:StringLike": {
            _RECORD_NAMES: [name for domain in domains for name in (domain, f"*.{domain}")]
        },
        # ForAllValues is true without any values.
        "Null": {_RECORD_NAMES: "false"},
    }


def _regional(account: Account, actions: Iterable[str]) -> Iterator[Statement]:
    parameters = {*_actions_of(actions, "ssm")} - _SSM_WITHOUT_RESOURCE
    own = sorted(parameters - {_READ_BOOTSTRAP})
    in_region: Condition = {"StringEquals": {"aws:RequestedRegion": account.region}}
    yield allow("Regional", sorted(set(actions) - parameters), "*", in_region)
    if _READ_BOOTSTRAP in parameters:
        # AWS compares the requested path.
        path = account.arn("ssm", f"parameter/bootstrap/{account.project}")
        yield allow("Bootstrapped", [_READ_BOOTSTRAP], [path, f"{path}/*"])
    if own:
        yield allow("Parameters", own, account.arn("ssm", _PARAMETERS))
        machine_images = f"arn:{account.partition}:ssm:{account.region}::{_MACHINE_IMAGES}"
        yield allow("Images", ["ssm:GetParameter"], machine_images)


def _hosted_zones(actions: Iterable[str]) -> Statement:
    return allow("Zones", _actions_of(actions, "route53"), "*")


def _actions_of(actions: Iterable[str], *services: str) -> list[str]:
    return sorted(action for action in actions if _service(action) in services)


def _service(action: str) -> str:
    return action.partition(":")[0]
