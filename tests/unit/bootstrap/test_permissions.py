"""Permissions of the roles of bootstrap, and of the roles that they create.

Everyone who can push a branch can assume dev's deploy role, because pull requests with a preview do.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from account.actions import load_actions
from tests.unit.bootstrap.conftest import (
    BUCKET,
    EVERYTHING,
    INLINE,
    KEY,
    POLICY,
    PROVIDER,
    ROLE,
    DeclareAccount,
    policy_arn,
    role_of,
    statements,
    unlimited_role,
)
from tests.unit.bootstrap.simulator import Role, every_action, resources_of, tagged
from tests.unit.infra.fake_cloud import ACCOUNT, REGION
from tests.unit.infra.recorder import Graph

Request = tuple[str, Mapping[str, Any]]
"""A resource and the condition keys of a request."""

ACTIONS = load_actions()
ROLES = f"arn:aws:iam::{ACCOUNT}:role"
OWN_ROLE = f"{ROLES}/node-on-ecs-dev/web-task-1"
PREVIEW_ROLE = f"{ROLES}/node-on-ecs-pr-7/web-task-1"
PROD_ROLE = f"{ROLES}/node-on-ecs-prod/web-task-1"
VOLUMES_ROLE = f"{ROLES}/node-on-ecs-dev/web-volumes-1a2b3c4"
FLOW_LOGS_ROLE = f"{ROLES}/node-on-ecs-dev/flow-logs-1a2b3c4"
MACHINE_ROLE = f"{ROLES}/node-on-ecs-dev/cluster-capacity-pool-instance-1a2b3c4"
ADMINISTRATOR = f"{ROLES}/administrator"
DEPLOY_PROD = f"{ROLES}/node-on-ecs/node-on-ecs-deploy-prod"
OTHER_ROLES = {
    "another stack's": PROD_ROLE,
    "without a path": f"{ROLES}/web-task-1",
    "of a stack with the same beginning": f"{ROLES}/node-on-ecs-dev2/web-task-1",
    "a deploy role": DEPLOY_PROD,
    "dev's own deploy role": f"{ROLES}/node-on-ecs/node-on-ecs-deploy-dev",
    "an administrator's": ADMINISTRATOR,
    "ECS's own": f"{ROLES}/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
}
BOUNDARY = {"iam:PermissionsBoundary": policy_arn("tasks-dev")}
MANAGED_POLICY = "arn:aws:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers"
MOST_FAVOURABLE = {
    **BOUNDARY,
    "iam:PassedToService": "ecs-tasks.amazonaws.com",
    "iam:PolicyARN": MANAGED_POLICY,
    **tagged("dev"),
    **tagged("dev", key="aws:RequestTag"),
}
NAMES = "route53:ChangeResourceRecordSetsNormalizedRecordNames"
ZONE = "arn:aws:route53:::hostedzone/Z1"
SHARED_IMAGES = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/node-on-ecs"
DASHBOARDS = f"arn:aws:cloudwatch::{ACCOUNT}:dashboard"
ALARMS = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm"
EC2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}"
ACLS = f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional"
LOG_GROUPS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group"
PARAMETERS = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter"
THROUGH_SECRETS_MANAGER = {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"}
TO_TASKS = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
TO_INSTANCES = {"iam:PassedToService": "ec2.amazonaws.com"}
TAG_DEV = tagged("dev", key="aws:RequestTag")


@pytest.fixture
def task(graph: Graph) -> Role:
    """A task of dev whose role has all permissions within its boundary."""
    return unlimited_role(graph, "dev")


def allowed(role: Role, actions: Iterable[str], resource: str, context: Mapping[str, str]) -> set[str]:
    return {action for action in actions if role.may(action, resource, context)}


def to_service(*services: str) -> list[Request]:
    return [(OWN_ROLE, {"iam:PassedToService": f"{service}.amazonaws.com"}) for service in services]


def records(*names: str) -> Request:
    return (ZONE, {NAMES: list(names)})


DEV, PREVIEW, PROD = (("*", tagged(stack)) for stack in ("dev", "pr-7", "prod"))
WITHOUT_TAGS: Request = ("*", {})
BY_TASK, BY_MACHINE, BY_FLOW_LOGS, BY_VOLUMES = (
    ("*", {"aws:PrincipalArn": role}) for role in (OWN_ROLE, MACHINE_ROLE, FLOW_LOGS_ROLE, VOLUMES_ROLE)
)
TAG = ("*", TAG_DEV)
GROUP = f"{EC2}:security-group/sg-1"
OTHER_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/other"
LINKED_ROLE = f"{ROLES}/aws-service-role/x/X"
LIMITS: dict[str, tuple[str, str, list[Request], list[Request]]] = {
    "deploy role creates roles with its stack's boundary and path only": (
        "dev",
        "iam:CreateRole iam:PutRolePermissionsBoundary iam:PutRolePolicy",
        [(OWN_ROLE, BOUNDARY), (PREVIEW_ROLE, BOUNDARY)],
        [
            (OWN_ROLE, {}),
            *((OWN_ROLE, {"iam:PermissionsBoundary": policy_arn(n)}) for n in ("tasks-prod", "boundary")),
        ],
    ),
    "deploy role deletes no boundary": (
        "dev",
        "iam:DeleteRolePermissionsBoundary",
        [],
        [(OWN_ROLE, BOUNDARY), (OWN_ROLE, {})],
    ),
    "deploy role attaches AWS's policies only": (
        "dev",
        "iam:AttachRolePolicy",
        [(OWN_ROLE, {**BOUNDARY, "iam:PolicyARN": MANAGED_POLICY})],
        [
            (OWN_ROLE, {**BOUNDARY, "iam:PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess"}),
            (OWN_ROLE, {"iam:PolicyARN": MANAGED_POLICY}),
        ],
    ),
    "deploy role passes roles to services of tasks and machines only": (
        "dev",
        "iam:PassRole",
        [(PREVIEW_ROLE, TO_TASKS), *to_service("ecs-tasks", "ecs", "scheduler", "ec2", "vpc-flow-logs")],
        to_service("lambda"),
    ),
    "deploy role creates service-linked roles of the stacks' services only": (
        "dev",
        "iam:CreateServiceLinkedRole",
        [
            (LINKED_ROLE, {"iam:AWSServiceName": f"{service}.amazonaws.com"})
            for service in (
                *("autoscaling", "ecs", "ecs-compute", "ecs.application-autoscaling"),
                *("elasticfilesystem", "elasticloadbalancing"),
            )
        ],
        [(LINKED_ROLE, {"iam:AWSServiceName": "ssm.amazonaws.com"})],
    ),
    "deploy role uses AWS's rule groups in its stack's web ACLs only": (
        "dev",
        "wafv2:UpdateWebACL",
        [(f"{ACLS}/managedruleset/", {}), (f"{ACLS}/webacl/alb/1", tagged("dev"))],
        [(f"{ACLS}/webacl/alb/1", {}), (f"{ACLS}/webacl/alb/1", tagged("prod"))],
    ),
    "deploy role changes dashboards by the name of its stacks": (
        "dev",
        "cloudwatch:PutDashboard cloudwatch:DeleteDashboards",
        [(f"{DASHBOARDS}/node-on-ecs-dev", {}), (f"{DASHBOARDS}/node-on-ecs-pr-7", {})],
        [(f"{DASHBOARDS}/node-on-ecs-prod", {})],
    ),
    **{
        f"deploy role tags new resources only by {action}": (
            "dev",
            action,
            [("*", {**TAG_DEV, f"{action.partition(':')[0]}:CreateAction": "Create"})],
            [TAG],
        )
        for action in ("ec2:CreateTags", "ecs:TagResource", "elasticloadbalancing:AddTags")
    },
    "deploy role tags the default security group, which AWS creates without tags": (
        "dev",
        "ec2:CreateTags",
        [(GROUP, TAG_DEV)],
        [
            (GROUP, {**TAG_DEV, **tagged("prod")}),
            (GROUP, tagged("prod", key="aws:RequestTag")),
            (f"{EC2}:vpc/vpc-1", TAG_DEV),
        ],
    ),
    "deploy role deletes alarms of Application Auto Scaling, which have no tags": (
        "dev",
        "cloudwatch:DeleteAlarms",
        [(f"{ALARMS}:TargetTracking-service/c/web-AlarmHigh-1", {})],
        [(f"{ALARMS}:other", {})],
    ),
    "deploy role changes records of its own domains only": (
        "dev",
        "route53:ChangeResourceRecordSets",
        [
            records("dev.example.com"),
            records("alice.dev.example.com", "_proof.dev.example.com"),
            records("pr-7.dev.example.com"),
        ],
        [
            *map(records, ("www.example.com", "staging.example.com", "example.com", "xdev.example.com")),
            records("dev.example.com", "www.example.com"),
            (ZONE, {}),
        ],
    ),
    **{
        f"{role} role reads the program's parameters only": (
            role,
            "ssm:GetParameter",
            [(f"{PARAMETERS}/web-migrations-1", {})],
            [(f"{PARAMETERS}/database-password", {})],
        )
        for role in ("dev", "preview")
    },
    "task uses secrets and functions with its stack's tags only": (
        "task",
        "secretsmanager:GetSecretValue ssm:GetParameters lambda:InvokeFunction",
        [DEV, PREVIEW],
        [
            PROD,
            ("*", tagged("dev", "other")),
            ("*", {"aws:ResourceTag/Project": "node-on-ecs"}),
            WITHOUT_TAGS,
        ],
    ),
    "ECS moves traffic of its own stack only": (
        "task",
        "elasticloadbalancing:ModifyRule elasticloadbalancing:RegisterTargets",
        [DEV],
        [PROD],
    ),
    "task decrypts by Secrets Manager only, and not with the state's key": (
        "task",
        "kms:Decrypt",
        [(OTHER_KEY, THROUGH_SECRETS_MANAGER)],
        [(OTHER_KEY, {}), (KEY, THROUGH_SECRETS_MANAGER)],
    ),
    "schedule starts tasks of its own stack only": ("task", "ecs:RunTask", [DEV], [PROD]),
    "schedule tags new tasks only": (
        "task",
        "ecs:TagResource",
        [("*", {"ecs:CreateAction": "RunTask"})],
        [DEV],
    ),
    "machines register and tasks do not": (
        "task",
        "ecs:RegisterContainerInstance ssm:UpdateInstanceInformation ec2:CreateFleet",
        [BY_MACHINE],
        [BY_TASK],
    ),
    "roles of capacity pass roles to instances and tasks do not": (
        "task",
        "iam:PassRole",
        [(OWN_ROLE, {**BY_MACHINE[1], **TO_INSTANCES})],
        [(OWN_ROLE, {**BY_TASK[1], **TO_INSTANCES}), (PROD_ROLE, {**BY_MACHINE[1], **TO_INSTANCES})],
    ),
    "roles of volumes create volumes and tasks do not": (
        "task",
        "ec2:CreateVolume ec2:DescribeVolumes",
        [BY_VOLUMES],
        [BY_TASK],
    ),
    "roles of volumes attach and delete volumes of ECS only": (
        "task",
        "ec2:AttachVolume ec2:DeleteVolume",
        [("*", {**BY_VOLUMES[1], "aws:ResourceTag/AmazonECSManaged": "true"})],
        [BY_VOLUMES, ("*", {**BY_TASK[1], "aws:ResourceTag/AmazonECSManaged": "true"})],
    ),
    "roles of volumes attach them to any instance": (
        "task",
        "ec2:AttachVolume ec2:DetachVolume",
        [(f"{EC2}:instance/i-1", BY_VOLUMES[1])],
        [(f"{EC2}:volume/vol-1", BY_VOLUMES[1]), (f"{EC2}:instance/i-1", BY_TASK[1])],
    ),
    "roles of capacity and volumes tag new resources only": (
        "task",
        "ec2:CreateTags",
        [("*", {**by[1], "ec2:CreateAction": "Create"}) for by in (BY_MACHINE, BY_VOLUMES)],
        [BY_MACHINE, BY_VOLUMES, ("*", {**BY_TASK[1], "ec2:CreateAction": "Create"})],
    ),
    "roles of capacity terminate no instances": ("task", "ec2:TerminateInstances", [], [BY_MACHINE]),
    "tasks mount file systems of their own stack only": (
        "task",
        "elasticfilesystem:ClientMount elasticfilesystem:ClientWrite",
        [DEV, PREVIEW],
        [PROD, WITHOUT_TAGS],
    ),
    "metrics of OpenTelemetry have one log group": (
        "task",
        "logs:CreateLogGroup logs:DescribeLogStreams",
        [(f"{LOG_GROUPS}:/aws/ecs/application/metrics", {})],
        [(f"{LOG_GROUPS}:other", {})],
    ),
    "flow logs find their log group and tasks do not": (
        "task",
        "logs:DescribeLogGroups logs:DescribeLogStreams",
        [BY_FLOW_LOGS],
        [BY_TASK],
    ),
}


@pytest.mark.parametrize(("role", "actions", "permitted", "denied"), LIMITS.values(), ids=LIMITS)
def test_limit(
    request: pytest.FixtureRequest, role: str, actions: str, permitted: list[Request], denied: list[Request]
) -> None:
    may = request.getfixturevalue(role).may

    for action in actions.split():
        assert [args for args in permitted if not may(action, *args)] == [], action
        assert [args for args in denied if may(action, *args)] == [], action


# IAM: no chain of roles and policies extends permissions


@pytest.mark.parametrize("role", OTHER_ROLES.values(), ids=OTHER_ROLES)
def test_deploy_role_has_no_permissions_for_other_roles(dev: Role, role: str) -> None:
    """For no action of IAM, and with the most favourable request."""
    assert allowed(dev, every_action("iam"), role, MOST_FAVOURABLE) == set()


@pytest.mark.parametrize(
    "resource",
    [
        policy_arn("tasks-dev"),
        policy_arn("boundary"),
        policy_arn("deploy-services"),
        f"arn:aws:iam::{ACCOUNT}:policy/other",
        f"arn:aws:iam::{ACCOUNT}:user/somebody",
        f"arn:aws:iam::{ACCOUNT}:group/administrators",
        f"arn:aws:iam::{ACCOUNT}:instance-profile/other",
        PROVIDER,
        "*",
    ],
)
def test_deploy_role_has_no_permissions_for_policies_users_and_providers(dev: Role, resource: str) -> None:
    """It can neither attach its own policy nor add a version to an existing one."""
    assert allowed(dev, every_action("iam"), resource, MOST_FAVOURABLE) == set()


def test_inline_policy_denies_deletion_of_boundaries_and_other_roles(graph: Graph) -> None:
    """Even with another policy that allows everything."""
    role = Role.of([EVERYTHING, graph.one(INLINE, "deploy-dev").inputs["policy"]], EVERYTHING)

    assert role.may("iam:GetRole", OWN_ROLE)
    assert not role.may("iam:DeleteRolePermissionsBoundary", OWN_ROLE)
    assert not role.may("iam:GetRole", PROD_ROLE)


def test_boundary_limits_a_role_with_any_policy(graph: Graph) -> None:
    """It cannot change resources of bootstrap, assume another role or delete shared images."""
    role = Role.of([EVERYTHING], graph.one(POLICY, "boundary").inputs["policy"])
    resources = [DEPLOY_PROD, policy_arn("tasks-dev"), policy_arn("boundary"), PROVIDER]

    assert [r for r in resources if allowed(role, every_action("iam"), r, MOST_FAVOURABLE)] == []
    assert not role.may("sts:AssumeRole", ADMINISTRATOR)
    assert not role.may("ecr:DeleteRepository", SHARED_IMAGES)
    # By explicit denials, which also apply where another policy names this role's session.
    denied = {
        action for statement in role.boundary if statement.effect == "Deny" for action in statement.actions
    }
    assert {"iam:*", "sts:AssumeRole", "ecr:BatchDeleteImage", "ecr:PutLifecyclePolicy"} <= denied


# Tasks


def test_task_without_tags_can_only_log_pull_images_open_shells_and_send_traces(task: Role) -> None:
    """Of all actions of all services in its boundary, for resources without tags."""
    named = {
        action for statement in task.boundary if statement.effect == "Allow" for action in statement.actions
    }
    services = {action.partition(":")[0] for action in named}
    assert not [service for service in services if "*" in service]
    actions = [action for service in services for action in every_action(service)]
    permitted = {a for a in actions if any(task.may(a, resource) for resource in resources_of(a))}

    assert {action for action in permitted if not action.startswith("elasticloadbalancing:Describe")} == {
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetAuthorizationToken",
        "ecr:GetDownloadUrlForLayer",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
        "xray:GetSamplingRules",
        "xray:GetSamplingStatisticSummaries",
        "xray:GetSamplingTargets",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }


def test_task_role_statements_extend_the_boundary_but_not_to_state_and_other_stacks(
    declare_account: DeclareAccount,
) -> None:
    table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table"
    granted = [
        {"actions": ["s3:*"], "resources": ["*"]},
        {"actions": ["dynamodb:GetItem"], "resources": [f"{table}/web"]},
    ]
    task = unlimited_role(
        declare_account({"stacks": [{"name": "dev", "task-role-statements": granted}]}), "dev"
    )

    assert task.may("dynamodb:GetItem", f"{table}/web")
    assert not task.may("dynamodb:GetItem", f"{table}/other")
    assert task.may("s3:GetObject", "arn:aws:s3:::uploads/1")
    assert not task.may("s3:GetObject", "arn:aws:s3:::uploads/1", tagged("prod"))
    assert not task.may("s3:GetObject", object_of("stacks/node-on-ecs/dev.json"))


@pytest.mark.parametrize(
    ("service", "sid"),
    [("account", "Never"), ("iam", "NeverIam"), ("organizations", "Never"), ("sts", "Never")],
)
def test_task_cannot_extend_its_permissions(task: Role, graph: Graph, service: str, sid: str) -> None:
    assert allowed(task, every_action(service), "*", MOST_FAVOURABLE) == set()
    denied = statements(graph.one(POLICY, "tasks-dev").inputs["policy"])[sid]
    # An explicit denial, which also applies where the policy of another role or bucket names this one.
    assert denied["Effect"] == "Deny"
    assert f"{service}:*" in denied["Action"]


def test_schedule_can_only_pass_roles_of_its_stack_to_tasks(task: Role) -> None:
    assert allowed(task, every_action("iam"), OWN_ROLE, TO_TASKS) == {"iam:PassRole"}
    assert allowed(task, every_action("iam"), OWN_ROLE, TO_INSTANCES) == set()
    assert allowed(task, every_action("iam"), PROD_ROLE, TO_TASKS) == set()


# Resources of other stacks


@pytest.mark.parametrize(
    ("tags", "permitted"),
    [
        (tagged("dev"), ACTIONS.owned),
        (tagged("pr-7"), ACTIONS.owned),
        (tagged("dev", "other"), set[str]()),
        ({}, set[str]()),
    ],
    ids=["of the stack", "of a preview", "of another project", "without tags"],
)
def test_resources_are_changed_and_deleted_by_their_own_stack_only(
    dev: Role, tags: dict[str, str], permitted: set[str]
) -> None:
    assert allowed(dev, ACTIONS.owned, "*", tags) == permitted


def test_deploy_role_has_no_access_to_resources_with_tags_of_another_stack(dev: Role) -> None:
    """Also by actions that are allowed for resources without tags."""
    assert allowed(dev, ACTIONS.of_deployments | ACTIONS.of_previews, "*", tagged("prod")) == set()


def test_stack_without_domains_changes_no_records(declare_account: DeclareAccount) -> None:
    role = role_of(declare_account({"stacks": [{"name": "dev"}]}), "deploy-dev")

    assert not role.may("route53:ChangeResourceRecordSets", *records("dev.example.com"))


def test_deploy_role_pushes_shared_images_but_does_not_delete_them(dev: Role) -> None:
    assert dev.may("ecr:PutImage", SHARED_IMAGES, {"aws:ResourceTag/Project": "node-on-ecs"})
    assert not dev.may("ecr:DeleteRepository", SHARED_IMAGES, tagged("dev"))


def test_deploy_role_is_limited_to_its_region(dev: Role) -> None:
    assert dev.may("ecs:CreateService")
    assert not dev.may("ecs:CreateService", region="eu-west-1")
    assert not dev.may("ecs:DeleteService", context=tagged("dev"), region="eu-west-1")


# The state


def object_of(path: str) -> str:
    return f"arn:aws:s3:::{BUCKET}/.pulumi/{path}"


STATE = [
    "stacks/node-on-ecs/{}.json",
    "stacks/node-on-ecs/{}.json.bak",
    "history/node-on-ecs/{0}/{0}-1.history.json",
    "backups/node-on-ecs/{0}/{0}.1.json",
    "locks/organization/node-on-ecs/{}/1.json",
]


@pytest.mark.parametrize("path", STATE)
def test_deploy_role_writes_the_state_of_its_stacks_and_reads_that_of_all(dev: Role, path: str) -> None:
    """A stack can use the image of another one."""
    for stack, writes in {"dev": True, "pr-7": True, "prod": False, "dev2": False}.items():
        assert dev.may("s3:PutObject", object_of(path.format(stack))) is writes
        assert dev.may("s3:DeleteObject", object_of(path.format(stack))) is writes
        assert dev.may("s3:GetObject", object_of(path.format(stack)))


def test_preview_role_reads_the_state_only(preview: Role) -> None:
    assert preview.may("s3:GetObject", object_of(STATE[0].format("prod")))
    assert preview.may("kms:Decrypt", KEY)
    assert not preview.may("s3:PutObject", object_of(STATE[0].format("dev")))
    assert not preview.may("kms:Encrypt", KEY)


def test_no_role_has_access_to_the_state_of_bootstrap(dev: Role, preview: Role) -> None:
    state = object_of("stacks/node-on-ecs-bootstrap/main.json")

    for role in (dev, preview):
        assert not role.may("s3:GetObject", state)
        assert not role.may("s3:PutObject", state)


# The policies


def test_every_role_has_the_boundary_the_project_s_path_and_enough_time(graph: Graph) -> None:
    """A canary deployment takes more than AWS's default of an hour."""
    hours = {"deploy-dev": 2, "deploy-staging": 2, "deploy-prod": 2, "preview": 1}

    assert {role.name: role.inputs["maxSessionDuration"] // 3600 for role in graph.all(ROLE)} == hours
    assert {role.inputs["permissionsBoundary"] for role in graph.all(ROLE)} == {policy_arn("boundary")}
    assert {r.inputs["path"] for r in [*graph.all(ROLE), *graph.all(POLICY)]} == {"/node-on-ecs/"}


def test_statement_ids_are_valid_and_unique(graph: Graph) -> None:
    for policy in [*graph.all(POLICY), *graph.all(INLINE)]:
        sids = [statement["Sid"] for statement in json.loads(policy.inputs["policy"])["Statement"]]
        assert len(set(sids)) == len(sids)
        assert all(sid.isalnum() for sid in sids)


def test_shared_resources_have_no_stack_tag(graph: Graph) -> None:
    """Otherwise deploy roles could not use them."""
    tags = json.loads(graph.one("pulumi:providers:aws").inputs["defaultTags"])["tags"]

    assert tags == {"Project": "node-on-ecs", "ManagedBy": "pulumi"}
    assert [r.name for r in graph.resources if "Stack" in r.inputs.get("tags", {})] == []


def test_outputs_have_the_arns_for_workflows_and_stacks(graph: Graph) -> None:
    stacks = ("dev", "staging", "prod")
    role = f"{ROLES}/node-on-ecs/node-on-ecs"

    assert graph.exports["deploy_role_arns"] == {stack: f"{role}-deploy-{stack}" for stack in stacks}
    assert graph.exports["preview_role_arn"] == f"{role}-preview"
    assert graph.exports["tasks_boundary_arns"] == {stack: policy_arn(f"tasks-{stack}") for stack in stacks}
