"""What the roles that GitHub's jobs take may do: deploy one stack, or read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from account.resource_policies import KEY_READ, KEY_WRITE, STATE_READ, STATE_WRITE
from account.statements import Condition, Statement, allow, deny

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    import pulumi

    from account.place import Place
    from account.settings import StackSettings

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AmazonECSInfrastructureRolePolicyForLoadBalancers.html
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-instances-instance-profile.html
_ATTACHED: Final = (
    "policy/AmazonECSInfrastructureRolePolicyForLoadBalancers",
    "policy/AmazonECSInfrastructureRolePolicyForManagedInstances",
    "policy/AmazonECSInstanceRolePolicyForManagedInstances",
    "policy/service-role/AmazonECSInfrastructureRolePolicyForVolumes",
)
_ROLES_GO_TO: Final = [
    "ec2.amazonaws.com",
    "ecs-tasks.amazonaws.com",
    "ecs.amazonaws.com",
    "scheduler.amazonaws.com",
    "ssm.amazonaws.com",
    "vpc-flow-logs.amazonaws.com",
]
_SERVICE_LINKED: Final = "role/aws-service-role/*"
_SERVICES_WITH_THEIR_OWN_ROLE: Final = [
    "autoscaling.amazonaws.com",
    "ecs-compute.amazonaws.com",
    "ecs.amazonaws.com",
    "ecs.application-autoscaling.amazonaws.com",
    "elasticloadbalancing.amazonaws.com",
]
_UNBIND: Final = "iam:DeleteRolePermissionsBoundary"
_CHANGE_RECORDS: Final = "route53:ChangeResourceRecordSets"
_RECORD_NAMES: Final = "route53:ChangeResourceRecordSetsNormalizedRecordNames"
_PARAMETERS: Final = "parameter/*-migrations-*"
"""All that the program makes: others may hold secrets."""
_BOOTSTRAPPED: Final = "ssm:GetParametersByPath"
_IMAGES: Final = "parameter/aws/service/ecs/*"
"""AWS's own parameters, which belong to no account."""
_SSM_WITHOUT_NAME: Final = (
    *("ssm:CreateActivation", "ssm:DeleteActivation", "ssm:DescribeActivations", "ssm:DescribeParameters"),
)
_SCALING_ALARMS: Final = "alarm:TargetTracking-service/*"
"""Application Auto Scaling makes them for ECS services, without tags."""
_CREATE_ACTIONS: Final = {
    "ec2:CreateTags": "ec2:CreateAction",
    "ecs:TagResource": "ecs:CreateAction",
    "elasticloadbalancing:AddTags": "elasticloadbalancing:CreateAction",
}
"""How AWS says that an action comes with the creation of what it tags, where it does."""
_OF_DASHBOARDS: Final = ("cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard")
"""By name: a dashboard is its account's, in no region, and AWS compares no tags."""
_RETIRE_GRANTS: Final = "kms:RetireGrant"
_ENCRYPTS_IMAGES: Final = "alias/aws/ecr"
"""The key that AWS keeps for ECR in each account."""
_NEW_RULES: Final = ["ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress"]


def shared_by_stacks(
    place: Place, actions: Collection[str], owned: Collection[str]
) -> dict[str, list[Statement]]:
    """Return what every deploy role may do, in parts that are each small enough for a policy.

    Args:
        place: the account and region.
        actions: what deployments need.
        owned: those of them that :func:`own_things` allows, on things with a stack's tags alone.
    """
    free = sorted(set(actions) - set(owned) - {*_OF_DASHBOARDS, _RETIRE_GRANTS})
    network = [one for one in free if _service(one) in ("ec2", "elasticloadbalancing")]
    others = [one for one in free if _service(one) not in ("ec2", "elasticloadbalancing", "iam", "route53")]
    return {
        "network": [
            *_regional(place, network),
            # A new rule has no tags yet; the group that it is for is one of the stack's own.
            allow("NewRules", _NEW_RULES, place.arn("ec2", "security-group-rule/*")),
        ],
        "services": [
            *_regional(place, others),
            *_zones([one for one in free if one != _CHANGE_RECORDS]),
            _grants_of_images(place),
            allow("ScalingAlarms", ["cloudwatch:DeleteAlarms"], place.arn("cloudwatch", _SCALING_ALARMS)),
            *(
                allow(f"TagNew{_service(action)}", [action], "*", {"Null": {key: "false"}})
                for action, key in _CREATE_ACTIONS.items()
            ),
        ],
    }


def own_things(place: Place, stack: StackSettings, owned: Collection[str]) -> Iterator[Statement]:
    """Yield what the deploy role of one stack may do to things with its tags.

    Args:
        place: the account and region.
        stack: whose role it is.
        owned: actions that change or remove a thing, and for which AWS compares its tags.
    """
    own_tags = _own_tags(place, stack, "aws:ResourceTag")
    own_tags["StringEquals"]["aws:RequestedRegion"] = place.region
    yield allow("Own", sorted(owned), "*", own_tags)
    yield allow(
        "DefaultGroup",
        # AWS made it with the VPC, without tags; the program tags it, then empties it.
        ["ec2:CreateTags"],
        place.arn("ec2", "security-group/*"),
        _own_tags(place, stack, "aws:RequestTag"),
    )
    # A group is tagged when it is made, and has no tags yet.
    yield allow(
        "NewGroups", ["autoscaling:CreateOrUpdateTags"], "*", _own_tags(place, stack, "aws:RequestTag")
    )


def of_stack(
    place: Place,
    stack: StackSettings,
    actions: Collection[str],
    *,
    tasks_boundary: pulumi.Input[str],
) -> Iterator[Statement]:
    """Yield what the deploy role of one stack may do to its records and roles, and what it may not.

    Args:
        place: the account and region.
        stack: whose role it is.
        actions: what deployments need.
        tasks_boundary: the permissions boundary that the stack's roles must have.
    """
    if stack.domains:
        yield allow("Records", [_CHANGE_RECORDS], "*", _names_below(stack.domains))
    dashboards = f"arn:{place.partition}:cloudwatch::{place.account}:dashboard/{place.project}"
    yield allow("Dashboards", _OF_DASHBOARDS, [f"{dashboards}-{pattern}" for pattern in stack.patterns])
    yield from _roles(place, stack, actions, tasks_boundary)
    # What carries the tags of another stack, also where an action is allowed without looking at tags.
    yield not_of_other_stacks(place, stack)


def reading(place: Place, actions: Collection[str]) -> Iterator[Statement]:
    """Yield what the role may do that only reads."""
    yield from _regional(place, [one for one in actions if _service(one) not in ("iam", "route53")])
    yield from _zones(actions)
    yield allow("Roles", _of_iam(actions), [place.roles_of("*"), place.profiles_of("*")])


def not_of_other_stacks(place: Place, stack: StackSettings) -> Statement:
    """Return what keeps a role from things that carry the tags of another stack."""
    return {
        **deny("OtherStacks", ["*"], "*"),
        "Condition": {
            "StringEquals": {"aws:ResourceTag/Project": place.project},
            "StringNotLike": {"aws:ResourceTag/Stack": list(stack.patterns)},
            # A negated condition holds for a tag that is not there, and what is shared has none.
            "Null": {"aws:ResourceTag/Stack": "false"},
        },
    }


def boundary(
    place: Place,
    actions: Collection[str],
    *,
    bucket: str,
    key_arn: pulumi.Input[str],
    provider_arn: pulumi.Input[str],
    repository_arn: str | None,
) -> Iterator[Statement]:
    """Yield the most that any role made here may ever do, whatever is attached to it later."""
    services = sorted({_service(action) for action in actions} - {"iam", "kms"})
    yield allow("Services", [f"{service}:*" for service in services], "*")
    yield _grants_of_images(place)
    yield allow(
        "Iam", _of_iam(actions), [place.iam_arn(f"{kind}/*") for kind in ("instance-profile", "role")]
    )
    objects = f"arn:{place.partition}:s3:::{bucket}"
    yield allow("State", ["s3:ListBucket", *STATE_READ, *STATE_WRITE], [objects, f"{objects}/.pulumi/*"])
    yield allow("Secrets", [*KEY_READ, *KEY_WRITE], key_arn)
    made_here = [place.iam_arn(f"{kind}{place.iam_path}*") for kind in ("role", "policy")]
    yield deny("MadeHere", ["iam:*"], [*made_here, provider_arn])
    # An implicit denial in a boundary does not hold against a role that trusts this one's session by name.
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
    place: Place, stack: StackSettings, actions: Collection[str], tasks_boundary: pulumi.Input[str]
) -> Iterator[Statement]:
    own = [place.roles_of(pattern) for pattern in stack.patterns]
    service_linked = place.iam_arn(_SERVICE_LINKED)
    bound: Condition = {"StringEquals": {"iam:PermissionsBoundary": tasks_boundary}}
    attached: Condition = {
        **bound,
        "ArnEquals": {"iam:PolicyARN": [f"arn:{place.partition}:iam::aws:{one}" for one in _ATTACHED]},
    }
    special = {
        "iam:PassRole": (own, {"StringEquals": {"iam:PassedToService": _ROLES_GO_TO}}),
        "iam:AttachRolePolicy": (own, attached),
        "iam:CreateServiceLinkedRole": (
            service_linked,
            {"StringEquals": {"iam:AWSServiceName": _SERVICES_WITH_THEIR_OWN_ROLE}},
        ),
    }
    give = ["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
    for action, (resource, condition) in special.items():
        yield allow(action.partition(":")[2], [action], resource, condition)
    yield allow("BoundRoles", give, own, bound)
    profiles = [place.profiles_of(pattern) for pattern in stack.patterns]
    others = _of_iam(set(actions) - special.keys() - set(give) - {_UNBIND})
    yield allow("Roles", others, [*own, *profiles])
    yield {
        "Sid": "OtherRoles",
        "Effect": "Deny",
        "Action": ["iam:*"],
        "NotResource": [*own, *profiles, service_linked],
    }
    # Without its boundary, what a role was given under it would hold in full.
    yield deny("Unbind", [_UNBIND], "*")


def _grants_of_images(place: Place) -> Statement:
    """Return what deletes an encrypted repository: ECR's grants on its key go with it."""
    aliases: Condition = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": _ENCRYPTS_IMAGES}}
    return allow("GrantsOfImages", [_RETIRE_GRANTS], place.arn("kms", "key/*"), aliases)


def _own_tags(place: Place, stack: StackSettings, key: str) -> Condition:
    return {
        "StringEquals": {f"{key}/Project": place.project},
        "StringLike": {f"{key}/Stack": list(stack.patterns)},
    }


def _names_below(domains: Sequence[str]) -> Condition:
    return {
        "ForAllValues:StringLike": {
            _RECORD_NAMES: [name for domain in domains for name in (domain, f"*.{domain}")]
        },
        # All of none would be true.
        "Null": {_RECORD_NAMES: "false"},
    }


def _regional(place: Place, actions: Iterable[str]) -> Iterator[Statement]:
    of_ssm = {one for one in actions if _service(one) == "ssm" and one not in _SSM_WITHOUT_NAME}
    named = sorted(of_ssm - {_BOOTSTRAPPED})
    here: dict[str, Any] = {"StringEquals": {"aws:RequestedRegion": place.region}}
    yield allow("Regional", sorted(set(actions) - of_ssm), "*", here)
    if _BOOTSTRAPPED in of_ssm:
        # AWS compares the path that is asked for.
        path = place.arn("ssm", f"parameter/bootstrap/{place.project}")
        yield allow("Bootstrapped", [_BOOTSTRAPPED], [path, f"{path}/*"])
    if named:
        yield allow("Parameters", named, place.arn("ssm", _PARAMETERS))
        images = f"arn:{place.partition}:ssm:{place.region}::{_IMAGES}"
        yield allow("Images", ["ssm:GetParameter"], images)


def _zones(actions: Iterable[str]) -> Iterator[Statement]:
    yield allow("Zones", sorted(one for one in actions if _service(one) == "route53"), "*")


def _of_iam(actions: Iterable[str]) -> list[str]:
    return sorted(one for one in actions if _service(one) == "iam")


def _service(action: str) -> str:
    return action.partition(":")[0]
