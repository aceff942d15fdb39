"""The list of actions, against what the stacks' program makes and asks, and against AWS's own reference."""

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
import pytest
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

# What is made, read and deleted, but never changed, or not by an action.
WITHOUT = {
    "aws:acm/certificateValidation:CertificateValidation": {"update", "delete"},
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": {"delete"},
    "aws:ecs/taskDefinition:TaskDefinition": {"delete"},
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {"update"},
    "aws:lb/listenerCertificate:ListenerCertificate": {"update"},
    "aws:wafv2/webAclAssociation:WebAclAssociation": {"update"},
    "docker-build:index:Image": {"delete"},
    "random:index/randomId:RandomId": set(STEPS),
}

# What the local run's handlers can do and the stacks do not ask for: the end of what stays on AWS, and of a
# role's boundary; managed policies.
BEYOND_THE_STACKS = {
    "ecr:BatchDeleteImage",
    "ecs:DeregisterTaskDefinition",
    "iam:DeletePolicyVersion",
    "iam:DeleteRolePermissionsBoundary",
    # The emulator's own zone, and what bootstrap/ makes: on AWS they are there before.
    "route53:CreateHostedZone",
    "kms:CreateKey",
}
# What people ask for with their own credentials: a shell, `status`, and the test of an account.
BY_HAND = {"cloudwatch:GetMetricData", "ecs:ExecuteCommand", "logs:FilterLogEvents", "logs:StartLiveTail"}

DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
"""AWS makes it with a VPC, and deletes it."""

# By the SDK's name of a service, where IAM has another one.
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


def _made(graph: Graph) -> set[str]:
    """Return types that ask a cloud for something."""
    own = ("pulumi:", "node-on-ecs:")
    return {resource.type for resource in graph.resources if not resource.type.startswith(own)}


def _missing(graph: Graph) -> set[str]:
    """Return types and functions that the list does not have."""
    asked = {i.token for i in graph.invokes if not i.token.startswith("pulumi:")}
    made = _made(graph) - ACTIONS.resources.keys() - ACTIONS.components.keys()
    return made | (asked - ACTIONS.functions.keys())


def _dotted(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Attribute):
        yield from _dotted(node.value)
        yield node.attr
    elif isinstance(node, ast.Name):
        yield node.id


@cache
def _makeable() -> frozenset[str]:
    """Return types that some configuration may make, from the program's text."""
    tokens: set[str] = set()
    for file in sorted((ROOT / "infra").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call):
                package, *names = [*_dotted(node.func)] or [""]
                thing: Any = PACKAGES.get(package)
                for name in names if thing else []:
                    thing = getattr(thing, name)
                token = getattr(thing, "pulumi_type", None)
                if isinstance(thing, type) and token and "::" not in token and names[-1] != "Provider":
                    tokens.add(token)
    return frozenset(tokens)


# The list and the program


@pytest.mark.parametrize(("stack", "changes"), SHAPES, ids=str)
def test_everything_that_a_stack_makes_is_in_the_list(
    declare_stack: DeclareStack, stack: str, changes: Mapping[str, Any]
) -> None:
    """Else a deployment fails half way, for want of a permission."""
    other = {"organization/node-on-ecs/other": {"image": f"shared@{DIGEST}"}}
    graph = declare_stack(stack, changes, stacks=other if "image-from" in changes else None)

    assert _missing(graph) == set()
    if stack == "prod" and not changes:
        assert ACTIONS.components.keys() <= _made(graph)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_everything_that_an_example_makes_is_in_the_list(declare_stack: DeclareStack, path: Path) -> None:
    assert _missing(declare_example(declare_stack, path)) == set()


def test_everything_that_an_attached_stack_makes_is_in_the_list(
    declare_stack: DeclareStack, attach: DeclareStack
) -> None:
    """The role of the stack that it attaches to deploys it."""
    assert _missing(declare_stack("dev")) | _missing(attach()) == set()


def test_the_list_has_what_the_program_can_make_and_nothing_else() -> None:
    """By its text: no test has every configuration. A permission that nothing needs only an intruder uses."""
    inside = {child for children in ACTIONS.components.values() for child in children}

    assert len(_makeable()) > 20
    assert _makeable() | inside == ACTIONS.resources.keys()
    assert ACTIONS.components.keys() == CONSTRUCTORS.keys()


def test_each_type_can_be_made_read_changed_and_deleted() -> None:
    without = {token: set(STEPS) - steps.keys() for token, steps in ACTIONS.resources.items()}

    assert {token: steps for token, steps in without.items() if steps} == WITHOUT
    assert all(actions for steps in ACTIONS.resources.values() for actions in steps.values())


def _called(folders: list[Path], services: list[str]) -> set[str]:
    """Return actions by the names of the SDK's calls in folders."""
    calls = {
        xform_name(operation): f"{service}:{operation}"
        for service in services
        for operation in _operations(service)
    }
    called: set[str] = set()
    for file in (file for folder in folders for file in folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            # Some are named in text, for a paginator.
            name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "value", None)
            if isinstance(name, str) and name in calls:
                called.add(calls[name])
    return called


def test_what_the_program_asks_by_itself_is_in_the_list() -> None:
    services = ["cloudwatch", "ecs", "elasticloadbalancing", "logs", "ssm"]
    called = _called([ROOT / "infra" / "rollout"], services)

    assert called
    assert set(ACTIONS.rollout) == called | {PASS_ROLE}


def test_what_the_commands_ask_in_a_workflow_is_in_the_list() -> None:
    """They use the same role, for tags of images and the room at a load balancer."""
    folders = [ROOT / "automation" / name for name in ("changes", "previews", "promotion", "services")]
    called = _called(folders, ["cloudwatch", "ecr", "ecs", "elasticloadbalancing", "logs", "servicequotas"])

    assert len(called) > 10
    assert {*ACTIONS.commands} <= called & ACTIONS.of_previews
    assert called - ACTIONS.of_deployments - BY_HAND == set()


def _asked_by(row: Row) -> set[str]:
    """Return the actions by which the local run makes, changes and deletes a type that is a row of its table."""
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


def test_what_the_local_run_does_for_a_type_is_in_the_list_for_it() -> None:
    """It makes the same types by the same interface: what it needs there, a deployment needs on AWS."""
    tokens = (ROWS.keys() & ACTIONS.resources.keys()) - {DEFAULT_GROUP}
    unlisted = {
        token: _asked_by(ROWS[token]).difference(*ACTIONS.resources[token].values(), BEYOND_THE_STACKS)
        for token in tokens
    }

    assert len(tokens) > 20
    assert {token: actions for token, actions in unlisted.items() if actions} == {}


def test_what_the_local_run_does_beside_its_table_is_in_the_list() -> None:
    # The commands ask AWS alone.
    services = {action.partition(":")[0] for action in ACTIONS.of_deployments - {*ACTIONS.commands}}
    # All of their calls stand in the table, and some have names of Application Auto Scaling's and EC2's.
    services -= {"autoscaling", "elasticfilesystem"}
    done = {one for one in _called([ROOT / "local" / "resources"], sorted(services)) if not reads(one)}
    other_types = {
        action for row in ROWS.values() if row.token not in ACTIONS.resources for action in _asked_by(row)
    }

    assert len(done) > 50
    assert done - ACTIONS.of_deployments - other_types - BEYOND_THE_STACKS == set()


# The list and AWS


def test_each_action_is_one_that_aws_has() -> None:
    """IAM takes a misspelt one without a word."""
    assert [action for action in ACTIONS.of_deployments if not exists(action)] == []


def test_reading_changes_nothing() -> None:
    # AWS counts a login as writing.
    assert [
        a for a in ACTIONS.of_previews if not reads(a) and not re.match(r"[a-z0-9-]+:(Describe|Get|List)", a)
    ] == []


def test_aws_compares_the_tags_of_whatever_needs_a_stacks_own() -> None:
    """Where it does not, the condition never holds, and the program cannot do it at all."""
    assert ACTIONS.owned <= ACTIONS.of_deployments
    assert [action for action in ACTIONS.owned if not compares_tags(action)] == []


def test_every_deletion_is_of_ones_own() -> None:
    """By tags, but for roles, which have a path, records, which have names, and activations, with neither."""
    deletes = {action for steps in ACTIONS.resources.values() for action in steps.get("delete", ())}
    by_other_means = {a for a in deletes if a.startswith("iam:")} | {
        # EFS deletes the interface of a mount target, which has no tags, for whoever deletes the target.
        "ec2:DeleteNetworkInterface",
        # A delivery of flow logs has no tags; it goes with them.
        "logs:DeleteLogDelivery",
        # Dashboards have names, and saved queries have nothing.
        "cloudwatch:DeleteDashboards",
        "logs:DeleteQueryDefinition",
        "route53:ChangeResourceRecordSets",
        "route53:GetChange",
        "ssm:DeleteActivation",
        # Grants on the key of ECR go with the repository that they were made for.
        "kms:RetireGrant",
        # They take a web ACL from a load balancer, and its logs from CloudWatch: AWS compares no tags there.
        "elasticloadbalancing:SetWebACL",
        "wafv2:DisassociateWebACL",
    }

    assert {action for action in deletes if not reads(action)} - ACTIONS.owned - by_other_means == set()


def test_nothing_that_makes_something_new_needs_tags() -> None:
    """What is not there yet has none. These make a part of what is there."""
    making = re.compile(r".*:(Create|Register|Request|Allocate|Run|Put[A-Z]\w+Alarm)")

    assert {action for action in ACTIONS.owned if making.match(action) and not tags(action)} == {
        "ec2:CreateLaunchTemplateVersion",
        "ec2:CreateRoute",
        "elasticloadbalancing:CreateListener",
        "elasticloadbalancing:CreateRule",
    }


# The list and the role

OWN_ROLE = f"arn:aws:iam::{ACCOUNT}:role/node-on-ecs-dev/web-task-1"
OWN_PROFILE = f"arn:aws:iam::{ACCOUNT}:instance-profile/node-on-ecs-dev/cluster-capacity-pool-1"
BOUND = {"iam:PermissionsBoundary": policy_arn("tasks-dev")}
ATTACHED = {"iam:PolicyARN": "arn:aws:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers"}
AS_THE_PROGRAM_ASKS: dict[str, tuple[str, Mapping[str, Any]]] = {
    PASS_ROLE: (OWN_ROLE, {"iam:PassedToService": "ecs-tasks.amazonaws.com"}),
    "iam:AttachRolePolicy": (OWN_ROLE, {**BOUND, **ATTACHED}),
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
    "ssm:GetParametersByPath": (
        f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/bootstrap/node-on-ecs",
        {},
    ),
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
    """Return resources that AWS looks at, each with the condition keys that it has."""
    service, _, name = action.partition(":")
    if action in AS_THE_PROGRAM_ASKS:
        return [AS_THE_PROGRAM_ASKS[action]]
    if service == "iam":
        return [(OWN_ROLE, BOUND)]
    if service == "ssm" and name != "DescribeParameters":
        parameter = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/web-migrations-1"
        return [(parameter, {} if step == "create" else tagged("dev"))]
    if step == "create" and tags(action):
        requested = tagged("dev", key="aws:RequestTag")
        if token == DEFAULT_GROUP:
            return [(f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group/sg-1", requested)]
        return [("*", {**requested, f"{service}:CreateAction": "Create"})]
    there = step != "create" or action in ACTIONS.owned
    return [(resource, tagged("dev") if there else {}) for resource in resources_of(action)]


def test_a_deploy_role_may_do_what_a_type_needs(dev: Role) -> None:
    denied = [
        (token, step, action, resource)
        for token, steps in ACTIONS.resources.items()
        for step, actions in steps.items()
        for action in actions
        for resource, context in _requests(token, step, action)
        if not dev.may(action, resource, context)
    ]

    assert denied == []


def test_a_deploy_role_may_do_what_functions_and_the_program_itself_need(dev: Role) -> None:
    needed = {action for actions in ACTIONS.functions.values() for action in actions} | set(ACTIONS.rollout)

    assert [
        (action, resource)
        for action in needed
        for resource, context in _requests("", "update", action)
        if not dev.may(action, resource, context)
    ] == []


def test_a_load_balancer_is_made_also_where_aws_asks_for_the_groups_of_its_vpc(dev: Role) -> None:
    """The provider never calls it: ELB does, in some accounts, with the caller's permissions."""
    assert dev.may("ec2:GetSecurityGroupsForVpc", f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/vpc-1")


def test_a_new_rule_of_a_group_needs_no_tags(dev: Role) -> None:
    """AWS looks at the rule too, which is not there yet."""
    rule = f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group-rule/sgr-1"

    assert dev.may("ec2:AuthorizeSecurityGroupIngress", rule)


def test_a_deploy_role_may_attach_the_policies_of_aws_that_the_program_attaches(dev: Role) -> None:
    """Of AWS's own policies these are named in the program's text, and no others may be attached."""
    named = {
        name
        for file in (ROOT / "infra").rglob("*.py")
        for name in re.findall(r'"(policy/[A-Za-z/-]+)"', file.read_text())
    }

    assert len(named) > 3
    assert [
        name
        for name in named
        if not dev.may(
            "iam:AttachRolePolicy", OWN_ROLE, {**BOUND, "iam:PolicyARN": f"arn:aws:iam::aws:{name}"}
        )
    ] == []


def test_grants_are_retired_on_the_key_of_images_alone(dev: Role) -> None:
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/of-logs"

    assert not dev.may("kms:RetireGrant", key, {"kms:ResourceAliases": ["alias/node-on-ecs-logs"]})
    assert not dev.may("kms:RetireGrant", key)


def test_of_parameters_a_role_reads_only_those_that_bootstrap_leaves_for_its_project(
    dev: Role, preview: Role
) -> None:
    others = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/bootstrap/another"

    assert not dev.may("ssm:GetParametersByPath", others)
    assert not preview.may("ssm:GetParametersByPath", others)


def test_an_attached_stack_adds_to_the_load_balancer_of_its_base(dev: Role) -> None:
    assert dev.may("elasticloadbalancing:CreateRule", context=tagged("dev"))
    assert dev.may("elasticloadbalancing:DeleteRule", context=tagged("pr-7"))


STATE_READ = {"s3:ListBucket", "s3:GetObject", "kms:Decrypt", "kms:DescribeKey"}
STATE_WRITE = {"s3:PutObject", "s3:DeleteObject", "kms:Encrypt", "kms:GenerateDataKey"}


def _allowed(role: Role) -> set[str]:
    return {action for policy in role.policies for s in policy if s.effect == "Allow" for action in s.actions}


def test_a_deploy_role_may_do_what_is_in_the_list_and_nothing_else(dev: Role) -> None:
    assert _allowed(dev) == ACTIONS.of_deployments | STATE_READ | STATE_WRITE


def test_the_preview_role_may_read_and_nothing_else(preview: Role) -> None:
    assert _allowed(preview) == ACTIONS.of_previews | STATE_READ
    assert [
        (action, resource)
        for action in ACTIONS.of_previews
        for resource, context in _requests("", "read", action)
        if not preview.may(action, resource, context)
    ] == []
