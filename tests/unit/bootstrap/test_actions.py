"""The list of actions, compared with the program, AWS's reference and the roles."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pulumi_aws
import pulumi_docker_build
import pulumi_random
from botocore import xform_name

from account.actions import load_actions
from local.resources.registry import CONSTRUCTORS
from local.resources.row import Row
from local.resources.table import ROWS
from tests.unit.bootstrap.conftest import ROOT, policy_arn
from tests.unit.bootstrap.simulator import Role, compares_tags, exists, reads, resources_of, tagged, tags
from tests.unit.infra.conftest import DeclareStack
from tests.unit.infra.fake_cloud import ACCOUNT, DIGEST, REGION
from tests.unit.infra.recorder import Graph
from tests.unit.infra.test_examples import EXAMPLES, declare_example

ACTIONS = load_actions()
STEPS = ("create", "read", "update", "delete")
PACKAGES = {"aws": pulumi_aws, "docker_build": pulumi_docker_build, "random": pulumi_random}

# Types without an update or deletion by an action.
MISSING_STEPS = {
    "aws:acm/certificateValidation:CertificateValidation": {"update", "delete"},
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": {"delete"},
    "aws:ecs/taskDefinition:TaskDefinition": {"delete"},
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {"update"},
    "aws:lb/listenerCertificate:ListenerCertificate": {"update"},
    "aws:wafv2/webAclAssociation:WebAclAssociation": {"update"},
    "docker-build:index:Image": {"delete"},
    "random:index/randomId:RandomId": set(STEPS),
}

# Actions of the local run that stacks do not need on AWS.
LOCAL_ONLY = {
    "ecr:BatchDeleteImage",
    "ecs:DeregisterTaskDefinition",
    "iam:DeletePolicyVersion",
    "iam:DeleteRolePermissionsBoundary",
    # On AWS these exist before: the zone is the user's, and the key that of bootstrap/.
    "route53:CreateHostedZone",
    "kms:CreateKey",
}
# Actions of users' own credentials: a shell, `status`, and the test of an account.
OF_USERS = {"cloudwatch:GetMetricData", "ecs:ExecuteCommand", "logs:FilterLogEvents", "logs:StartLiveTail"}

DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
"""AWS creates and deletes it with a VPC."""

# IAM's names of services, where they differ from the SDK's.
IAM_NAMES = {"efs": "elasticfilesystem", "elbv2": "elasticloadbalancing", "service-quotas": "servicequotas"}
SDK_NAMES = {prefix: name for name, prefix in IAM_NAMES.items()}
PASS_ROLE = "iam:PassRole"

SHAPES: list[tuple[str, Mapping[str, Any]]] = [
    ("prod", {}),
    ("dev", {"ipv6": True}),
    ("dev", {"domain": "", "zone": ""}),
    ("staging", {"repository": "shared", "image-from": "other"}),
    ("staging", {"image": "ghcr.io/example/web:1"}),
    (
        "staging",
        {
            "vpc-id": "vpc-01234567",
            "nat": "none",
            "public-subnet-ids": ["subnet-01234567", "subnet-89abcdef"],
        },
    ),
]


@cache
def _operations(service: str) -> frozenset[str]:
    model = botocore.session.get_session().get_service_model(SDK_NAMES.get(service, service))
    return frozenset(model.operation_names)


def _created(graph: Graph) -> set[str]:
    """Return the types of providers' resources."""
    own = ("pulumi:", "node-on-ecs:")
    return {resource.type for resource in graph.resources if not resource.type.startswith(own)}


def _missing(graph: Graph) -> set[str]:
    """Return types and functions that are missing in the list."""
    functions = {i.token for i in graph.invokes if not i.token.startswith("pulumi:")}
    types = _created(graph) - ACTIONS.resources.keys() - ACTIONS.components.keys()
    return types | (functions - ACTIONS.functions.keys())


def _dotted(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Attribute):
        yield from _dotted(node.value)
        yield node.attr
    elif isinstance(node, ast.Name):
        yield node.id


@cache
def _declarable() -> frozenset[str]:
    """Return the types in the program's source code, which some configuration may declare."""
    tokens: set[str] = set()
    for file in sorted((ROOT / "infra").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call):
                package, *names = [*_dotted(node.func)] or [""]
                value: Any = PACKAGES.get(package)
                for name in names if value else []:
                    value = getattr(value, name)
                token = getattr(value, "pulumi_type", None)
                if isinstance(value, type) and token and "::" not in token and names[-1] != "Provider":
                    tokens.add(token)
    return frozenset(tokens)


# The program


def test_list_has_all_types_and_functions_of_stacks_and_examples(
    declare_stack: DeclareStack, attach: DeclareStack
) -> None:
    """Otherwise a deployment fails half way by a missing permission."""
    other = {"organization/node-on-ecs/other": {"image": f"shared@{DIGEST}"}}
    graphs = [
        attach(),
        *(declare_stack(stack, changes, stacks=other) for stack, changes in SHAPES),
        *(declare_example(declare_stack, path) for path in EXAMPLES),
    ]

    assert set[str]().union(*map(_missing, graphs)) == set()
    assert ACTIONS.components.keys() <= _created(declare_stack("prod"))


def test_list_has_exactly_the_types_in_the_source_code() -> None:
    """No test has every configuration, and an unnecessary permission only serves an intruder."""
    inside = {child for children in ACTIONS.components.values() for child in children}

    assert len(_declarable()) > 20
    assert _declarable() | inside == ACTIONS.resources.keys()
    assert ACTIONS.components.keys() == CONSTRUCTORS.keys()


def test_each_type_has_actions_to_create_read_update_and_delete_it() -> None:
    missing = {token: set(STEPS) - steps.keys() for token, steps in ACTIONS.resources.items()}

    assert {token: steps for token, steps in missing.items() if steps} == MISSING_STEPS
    assert all(actions for steps in ACTIONS.resources.values() for actions in steps.values())


def _called(folders: list[Path], services: list[str]) -> set[str]:
    """Return the actions of all SDK calls in folders."""
    calls = {
        xform_name(operation): f"{service}:{operation}"
        for service in services
        for operation in _operations(service)
    }
    called: set[str] = set()
    for file in (file for folder in folders for file in folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            # The name of a paginator's operation is a string.
            name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "value", None)
            if isinstance(name, str) and name in calls:
                called.add(calls[name])
    return called


def test_list_has_the_calls_of_the_program() -> None:
    services = ["cloudwatch", "ecs", "elasticloadbalancing", "logs", "ssm"]
    called = _called([ROOT / "infra" / "rollout"], services)

    assert called
    assert set(ACTIONS.rollout) == called | {PASS_ROLE}


def test_list_has_the_calls_of_the_commands() -> None:
    """In workflows they use the same role, for tags of images and quotas of load balancers."""
    folders = [ROOT / "automation" / name for name in ("changes", "previews", "promotion", "services")]
    called = _called(folders, ["cloudwatch", "ecr", "ecs", "elasticloadbalancing", "logs", "servicequotas"])

    assert len(called) > 10
    assert {*ACTIONS.commands} <= called & ACTIONS.of_previews
    assert called - ACTIONS.of_deployments - OF_USERS == set()


def test_preview_role_finds_the_cause_of_drift() -> None:
    """In the workflow drift.yml the command has this role; without the deployments it knows no alarms."""
    needed = {"ecs:DescribeServices", "ecs:DescribeServiceDeployments", "ecs:ListServiceDeployments"}

    assert needed <= ACTIONS.of_previews


def _actions_of(row: Row) -> set[str]:
    """Return the actions by which the local run creates, changes and deletes a type."""
    names = {row.create, row.delete}
    for change in row.changes:
        names |= {change.operation, change.reset}
    if row.tags is not None:
        names |= {row.tags.tag, row.tags.untag}
    if row.attributes is not None:
        names.add(row.attributes.change)
    prefix = IAM_NAMES.get(row.service, row.service)
    by_name = {xform_name(operation): operation for operation in _operations(prefix)}
    return {f"{prefix}:{by_name[name]}" for name in names if name}


def test_list_has_the_actions_of_the_local_run_for_each_type() -> None:
    """It creates the same types by the same API."""
    tokens = (ROWS.keys() & ACTIONS.resources.keys()) - {DEFAULT_GROUP}
    unlisted = {
        token: _actions_of(ROWS[token]).difference(*ACTIONS.resources[token].values(), LOCAL_ONLY)
        for token in tokens
    }

    assert len(tokens) > 20
    assert {token: actions for token, actions in unlisted.items() if actions} == {}


def test_list_has_the_calls_of_the_local_run() -> None:
    # The commands call AWS only.
    services = {action.partition(":")[0] for action in ACTIONS.of_deployments - {*ACTIONS.commands}}
    # Their calls are in the table, and some have the names of calls of Application Auto Scaling and EC2.
    services -= {"autoscaling", "elasticfilesystem"}
    called = _called([ROOT / "local" / "resources"], sorted(services))
    writes = {action for action in called if not reads(action)}
    other_types = {
        action for row in ROWS.values() if row.token not in ACTIONS.resources for action in _actions_of(row)
    }

    assert len(writes) > 50
    assert writes - ACTIONS.of_deployments - other_types - LOCAL_ONLY == set()


# AWS's reference


def test_every_action_exists() -> None:
    """IAM accepts misspelled actions."""
    assert [action for action in ACTIONS.of_deployments if not exists(action)] == []


def test_preview_role_has_no_write_actions() -> None:
    # AWS classifies a login as a write action.
    assert [
        a for a in ACTIONS.of_previews if not reads(a) and not re.match(r"[a-z0-9-]+:(Describe|Get|List)", a)
    ] == []


def test_aws_compares_tags_of_all_actions_that_are_limited_by_tags() -> None:
    """Otherwise the condition is never true, and the program cannot call the action."""
    assert ACTIONS.owned <= ACTIONS.of_deployments
    assert [action for action in ACTIONS.owned if not compares_tags(action)] == []


def test_deletions_are_limited_to_the_stacks_own_resources() -> None:
    """By tags, or by path or name; few types have none of these."""
    deletes = {action for steps in ACTIONS.resources.values() for action in steps.get("delete", ())}
    not_by_tags = {a for a in deletes if a.startswith("iam:")} | {
        # EFS deletes the interface of a mount target, which has no tags, with the caller's permissions.
        "ec2:DeleteNetworkInterface",
        # Deliveries of flow logs have no tags.
        "logs:DeleteLogDelivery",
        # Dashboards have names; saved queries have neither names nor tags in policies.
        "cloudwatch:DeleteDashboards",
        "logs:DeleteQueryDefinition",
        "route53:ChangeResourceRecordSets",
        "route53:GetChange",
        "ssm:DeleteActivation",
        # ECR retires its grants on the key when a repository is deleted.
        "kms:RetireGrant",
        # AWS does not compare tags when a web ACL is removed from a load balancer.
        "elasticloadbalancing:SetWebACL",
        "wafv2:DisassociateWebACL",
    }

    assert {action for action in deletes if not reads(action)} - ACTIONS.owned - not_by_tags == set()


def test_actions_that_create_resources_are_not_limited_by_tags() -> None:
    """New resources have no tags; these actions create a part of an existing resource."""
    creating = re.compile(r".*:(Create|Register|Request|Allocate|Run|Put[A-Z]\w+Alarm)")

    assert {action for action in ACTIONS.owned if creating.match(action) and not tags(action)} == {
        "ec2:CreateLaunchTemplateVersion",
        "ec2:CreateRoute",
        "elasticloadbalancing:CreateListener",
        "elasticloadbalancing:CreateRule",
    }


# The roles

OWN_ROLE = f"arn:aws:iam::{ACCOUNT}:role/node-on-ecs-dev/web-task-1"
OWN_PROFILE = f"arn:aws:iam::{ACCOUNT}:instance-profile/node-on-ecs-dev/cluster-capacity-pool-1"
BOUNDARY = {"iam:PermissionsBoundary": policy_arn("tasks-dev")}
MANAGED_POLICY = {
    "iam:PolicyARN": "arn:aws:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers"
}
REQUESTS: dict[str, tuple[str, Mapping[str, Any]]] = {
    PASS_ROLE: (OWN_ROLE, {"iam:PassedToService": "ecs-tasks.amazonaws.com"}),
    "iam:AttachRolePolicy": (OWN_ROLE, {**BOUNDARY, **MANAGED_POLICY}),
    **{
        f"iam:{action}InstanceProfile": (OWN_PROFILE, {})
        for action in ("Create", "AddRoleTo", "Tag", "Untag", "Get", "RemoveRoleFrom", "Delete")
    },
    **{
        f"ssm:{action}": ("*", {})
        for action in ("CreateActivation", "DeleteActivation", "DescribeActivations")
    },
    **{
        f"cloudwatch:{action}": (f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/node-on-ecs-dev", {})
        for action in ("PutDashboard", "DeleteDashboards")
    },
    "ssm:GetParametersByPath": (f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/bootstrap/node-on-ecs", {}),
    "kms:RetireGrant": (
        f"arn:aws:kms:{REGION}:{ACCOUNT}:key/of-ecr",
        {"kms:ResourceAliases": ["alias/aws/ecr"]},
    ),
    "iam:CreateServiceLinkedRole": (
        f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
        {"iam:AWSServiceName": "ecs.amazonaws.com"},
    ),
    "route53:ChangeResourceRecordSets": (
        "arn:aws:route53:::hostedzone/Z1",
        {"route53:ChangeResourceRecordSetsNormalizedRecordNames": ["alice.dev.example.com"]},
    ),
}


def _requests(token: str, step: str, action: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the resources of an action, each with the condition keys of the program's request."""
    service, _, name = action.partition(":")
    if action in REQUESTS:
        return [REQUESTS[action]]
    if service == "iam":
        return [(OWN_ROLE, BOUNDARY)]
    if service == "ssm" and name != "DescribeParameters":
        parameter = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/web-migrations-1"
        return [(parameter, {} if step == "create" else tagged("dev"))]
    if step == "create" and tags(action):
        requested = tagged("dev", key="aws:RequestTag")
        if token == DEFAULT_GROUP:
            return [(f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group/sg-1", requested)]
        return [("*", {**requested, f"{service}:CreateAction": "Create"})]
    exists = step != "create" or action in ACTIONS.owned
    return [(resource, tagged("dev") if exists else {}) for resource in resources_of(action)]


def test_deploy_role_has_the_permissions_of_every_type(dev: Role) -> None:
    denied = [
        (token, step, action, resource)
        for token, steps in ACTIONS.resources.items()
        for step, actions in steps.items()
        for action in actions
        for resource, context in _requests(token, step, action)
        if not dev.may(action, resource, context)
    ]

    assert denied == []


def test_deploy_role_has_the_permissions_of_functions_and_the_program(dev: Role) -> None:
    needed = {action for actions in ACTIONS.functions.values() for action in actions} | set(ACTIONS.rollout)

    assert [
        (action, resource)
        for action in needed
        for resource, context in _requests("", "update", action)
        if not dev.may(action, resource, context)
    ] == []


def test_deploy_role_has_the_permission_of_elb_to_list_security_groups(dev: Role) -> None:
    """In some accounts ELB calls it with the caller's permissions."""
    assert dev.may("ec2:GetSecurityGroupsForVpc", f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/vpc-1")


def test_new_rules_of_security_groups_need_no_tags(dev: Role) -> None:
    """AWS also checks the rule, which has no tags yet."""
    rule = f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group-rule/sgr-1"

    assert dev.may("ec2:AuthorizeSecurityGroupIngress", rule)


def test_deploy_role_attaches_all_managed_policies_of_the_program(dev: Role) -> None:
    """AWS's managed policies in the source code."""
    named = {
        name
        for file in (ROOT / "infra").rglob("*.py")
        for name in re.findall(r'"((?:service-role/)?AmazonECSI[A-Za-z]+Policy[A-Za-z]+)"', file.read_text())
    }

    assert len(named) > 3
    assert [
        name
        for name in named
        if not dev.may(
            "iam:AttachRolePolicy", OWN_ROLE, {**BOUNDARY, "iam:PolicyARN": f"arn:aws:iam::aws:policy/{name}"}
        )
    ] == []


def test_grants_are_retired_on_ecr_s_key_only(dev: Role) -> None:
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/of-logs"

    assert not dev.may("kms:RetireGrant", key, {"kms:ResourceAliases": ["alias/node-on-ecs-logs"]})
    assert not dev.may("kms:RetireGrant", key)


def test_roles_read_the_bootstrap_parameters_of_their_project_only(dev: Role, preview: Role) -> None:
    others = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/bootstrap/another"

    assert not dev.may("ssm:GetParametersByPath", others)
    assert not preview.may("ssm:GetParametersByPath", others)


def test_attached_stack_changes_the_load_balancer_of_its_base(dev: Role) -> None:
    assert dev.may("elasticloadbalancing:CreateRule", context=tagged("dev"))
    assert dev.may("elasticloadbalancing:DeleteRule", context=tagged("pr-7"))


STATE_READ = {"s3:ListBucket", "s3:GetObject", "kms:Decrypt", "kms:DescribeKey"}
STATE_WRITE = {"s3:PutObject", "s3:DeleteObject", "kms:Encrypt", "kms:GenerateDataKey"}


def _allowed(role: Role) -> set[str]:
    return {action for policy in role.policies for s in policy if s.effect == "Allow" for action in s.actions}


def test_deploy_role_has_exactly_the_actions_of_the_list(dev: Role) -> None:
    assert _allowed(dev) == ACTIONS.of_deployments | STATE_READ | STATE_WRITE


def test_preview_role_has_exactly_the_read_actions_of_the_list(preview: Role) -> None:
    assert _allowed(preview) == ACTIONS.of_previews | STATE_READ
    assert [
        (action, resource)
        for action in ACTIONS.of_previews
        for resource, context in _requests("", "read", action)
        if not preview.may(action, resource, context)
    ] == []
