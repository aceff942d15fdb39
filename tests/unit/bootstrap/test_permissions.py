"""What the roles may do: each stack its own, and nobody more than that.

Whoever may push a branch may take dev's role, because a pull request with a preview does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

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
    anything_within,
    policy_arn,
    role_of,
    statements,
)
from tests.unit.bootstrap.simulator import Role, every_action, resources_of, tagged
from tests.unit.infra.fake_cloud import ACCOUNT, REGION
from tests.unit.infra.recorder import Graph

ACTIONS = load_actions()
ROLES = f"arn:aws:iam::{ACCOUNT}:role"
OWN_ROLE = f"{ROLES}/node-on-ecs-dev/web-task-1"
PREVIEWS_ROLE = f"{ROLES}/node-on-ecs-pr-7/web-task-1"
OTHER_ROLES = {
    "another stack's": f"{ROLES}/node-on-ecs-prod/web-task-1",
    "without a path": f"{ROLES}/web-task-1",
    "of a stack that begins alike": f"{ROLES}/node-on-ecs-dev2/web-task-1",
    "a deploy role": f"{ROLES}/node-on-ecs/node-on-ecs-deploy-prod",
    "dev's own deploy role": f"{ROLES}/node-on-ecs/node-on-ecs-deploy-dev",
    "an administrator's": f"{ROLES}/administrator",
    "ECS's own": f"{ROLES}/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
}
BOUND = {"iam:PermissionsBoundary": policy_arn("tasks-dev")}
PASSED = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
FOR_LOAD_BALANCERS = {
    "iam:PolicyARN": "arn:aws:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers"
}
ADMINISTRATOR = {"iam:PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess"}
MOST_FAVOURABLE = {
    **BOUND,
    **PASSED,
    **FOR_LOAD_BALANCERS,
    **tagged("dev"),
    **tagged("dev", key="aws:RequestTag"),
}
NAMES = "route53:ChangeResourceRecordSetsNormalizedRecordNames"
ZONE = "arn:aws:route53:::hostedzone/Z1"
SHARED_IMAGES = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/node-on-ecs"


def allowed(role: Role, actions: Iterable[str], resource: str, context: dict[str, str]) -> set[str]:
    return {action for action in actions if role.may(action, resource, context)}


# Chains that made dev's role an administrator


@pytest.mark.parametrize("role", [OWN_ROLE, PREVIEWS_ROLE])
def test_a_role_is_made_and_passed_on_a_stacks_own_path(dev: Role, role: str) -> None:
    assert dev.may("iam:CreateRole", role, BOUND)
    assert dev.may("iam:PutRolePolicy", role, BOUND)
    assert dev.may("iam:PassRole", role, PASSED)


@pytest.mark.parametrize("role", OTHER_ROLES.values(), ids=OTHER_ROLES)
def test_no_role_elsewhere_is_made_passed_or_changed(dev: Role, role: str) -> None:
    """By no action of IAM that there is, whatever the request says of itself."""
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
def test_nothing_of_iam_but_roles_is_touched(dev: Role, resource: str) -> None:
    """So there is no policy of its own to attach, and no new version of one that is there."""
    assert allowed(dev, every_action("iam"), resource, MOST_FAVOURABLE) == set()


@pytest.mark.parametrize("boundary", [None, policy_arn("tasks-prod"), policy_arn("boundary")])
@pytest.mark.parametrize("action", ["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"])
def test_a_role_gets_permissions_under_its_stacks_boundary_alone(
    dev: Role, action: str, boundary: str | None
) -> None:
    assert dev.may(action, OWN_ROLE, BOUND)
    assert not dev.may(action, OWN_ROLE, {"iam:PermissionsBoundary": boundary} if boundary else {})


def test_no_role_loses_its_boundary(dev: Role) -> None:
    """Without it, what the role was given under it would hold in full."""
    assert not dev.may("iam:DeleteRolePermissionsBoundary", OWN_ROLE, BOUND)
    assert not dev.may("iam:DeleteRolePermissionsBoundary", OWN_ROLE)


def test_a_role_loses_its_boundary_not_even_if_a_policy_allowed_it(graph: Graph) -> None:
    role = Role.of([EVERYTHING, graph.one(INLINE, "deploy-dev").inputs["policy"]], EVERYTHING)

    assert role.may("iam:GetRole", OWN_ROLE)
    assert not role.may("iam:DeleteRolePermissionsBoundary", OWN_ROLE)
    assert not role.may("iam:GetRole", OTHER_ROLES["another stack's"])


def test_only_the_policy_that_ecs_needs_is_attached(dev: Role) -> None:
    assert dev.may("iam:AttachRolePolicy", OWN_ROLE, {**BOUND, **FOR_LOAD_BALANCERS})
    assert not dev.may("iam:AttachRolePolicy", OWN_ROLE, {**BOUND, **ADMINISTRATOR})
    assert not dev.may("iam:AttachRolePolicy", OWN_ROLE, FOR_LOAD_BALANCERS)


def test_roles_are_passed_to_what_runs_tasks_and_machines_alone(dev: Role) -> None:
    assert dev.may("iam:PassRole", OWN_ROLE, {"iam:PassedToService": "ecs.amazonaws.com"})
    assert dev.may("iam:PassRole", OWN_ROLE, {"iam:PassedToService": "scheduler.amazonaws.com"})
    assert dev.may("iam:PassRole", OWN_ROLE, {"iam:PassedToService": "ec2.amazonaws.com"})
    assert dev.may("iam:PassRole", OWN_ROLE, {"iam:PassedToService": "vpc-flow-logs.amazonaws.com"})
    assert not dev.may("iam:PassRole", OWN_ROLE, {"iam:PassedToService": "lambda.amazonaws.com"})


def test_only_the_services_that_need_one_get_a_role_of_their_own(dev: Role) -> None:
    role = f"{ROLES}/aws-service-role/x.amazonaws.com/X"

    assert dev.may("iam:CreateServiceLinkedRole", role, {"iam:AWSServiceName": "ecs.amazonaws.com"})
    assert not dev.may("iam:CreateServiceLinkedRole", role, {"iam:AWSServiceName": "ssm.amazonaws.com"})


def test_whatever_is_attached_to_a_role_the_boundary_holds(graph: Graph) -> None:
    """Nothing that is made here can be changed, no other role taken, and no shared image deleted."""
    role = Role.of([EVERYTHING], graph.one(POLICY, "boundary").inputs["policy"])
    made_here = [OTHER_ROLES["a deploy role"], policy_arn("tasks-dev"), policy_arn("boundary"), PROVIDER]

    assert [one for one in made_here if allowed(role, every_action("iam"), one, MOST_FAVOURABLE)] == []
    assert not role.may("sts:AssumeRole", OTHER_ROLES["an administrator's"])
    assert not role.may("ecr:DeleteRepository", SHARED_IMAGES)
    # By denial, which holds also where another role or a repository trusts this one's session by its name.
    denied = {action for one in role.boundary if one.effect == "Deny" for action in one.actions}
    assert {"iam:*", "sts:AssumeRole", "ecr:BatchDeleteImage", "ecr:PutLifecyclePolicy"} <= denied


# What a role may be at most that a stack makes, whatever the stack gives it


@pytest.fixture
def task(graph: Graph) -> Role:
    """The most that a pull request can run."""
    return anything_within(graph, "dev")


def test_a_task_logs_pulls_and_lets_a_shell_in(task: Role) -> None:
    """Of all actions that a service has which is named at all, on things that nobody has tagged."""
    named = {action for one in task.boundary if one.effect == "Allow" for action in one.actions}
    services = {action.partition(":")[0] for action in named}
    assert not [service for service in services if "*" in service]
    every = [action for service in services for action in every_action(service)]
    found = {a for a in every if any(task.may(a, resource) for resource in resources_of(a))}

    assert {action for action in found if not action.startswith("elasticloadbalancing:Describe")} == {
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
    }


@pytest.mark.parametrize(
    "action", ["secretsmanager:GetSecretValue", "ssm:GetParameters", "lambda:InvokeFunction"]
)
def test_a_task_uses_what_has_its_stacks_tags(task: Role, action: str) -> None:
    """Secrets, and the functions that a deployment waits for."""
    assert task.may(action, context=tagged("dev"))
    assert task.may(action, context=tagged("pr-7"))
    assert not task.may(action, context=tagged("prod"))
    assert not task.may(action, context=tagged("dev", "other"))
    assert not task.may(action, context={"aws:ResourceTag/Project": "node-on-ecs"})
    assert not task.may(action)


def test_a_secrets_key_is_used_through_the_secret_alone(task: Role) -> None:
    other = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/other"
    through = {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"}

    assert task.may("kms:Decrypt", other, through)
    assert not task.may("kms:Decrypt", other)
    assert not task.may("kms:Decrypt", KEY, through)


def test_ecs_moves_traffic_of_its_own_stack_alone(task: Role) -> None:
    for action in ("elasticloadbalancing:ModifyRule", "elasticloadbalancing:RegisterTargets"):
        assert task.may(action, context=tagged("dev"))
        assert not task.may(action, context=tagged("prod"))


@pytest.fixture(scope="module")
def app_task(declare_account: DeclareAccount) -> Role:
    """A task whose stack may be given more than the rest."""
    given = [
        {"actions": ["s3:*"], "resources": ["*"]},
        {"actions": ["dynamodb:GetItem"], "resources": [f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/web"]},
    ]
    return anything_within(
        declare_account({"stacks": [{"name": "dev", "task-role-statements": given}]}), "dev"
    )


def test_an_app_gets_what_the_account_lets_it_have(app_task: Role) -> None:
    assert app_task.may("dynamodb:GetItem", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/web")
    assert not app_task.may("dynamodb:GetItem", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/other")
    assert app_task.may("s3:GetObject", "arn:aws:s3:::uploads/1")


def test_nothing_that_an_app_gets_is_the_state_or_another_stacks(app_task: Role) -> None:
    assert not app_task.may("s3:GetObject", f"arn:aws:s3:::{BUCKET}/.pulumi/stacks/node-on-ecs/dev.json")
    assert not app_task.may("s3:GetObject", "arn:aws:s3:::uploads/1", tagged("prod"))


@pytest.mark.parametrize(
    ("service", "sid"),
    [("account", "Never"), ("iam", "NeverIam"), ("organizations", "Never"), ("sts", "Never")],
)
def test_no_task_becomes_more_than_it_is(task: Role, graph: Graph, service: str, sid: str) -> None:
    assert allowed(task, every_action(service), "*", MOST_FAVOURABLE) == set()
    denied = statements(graph.one(POLICY, "tasks-dev").inputs["policy"])[sid]
    # Also where the policy of another role or of a bucket names this one.
    assert denied["Effect"] == "Deny"
    assert f"{service}:*" in denied["Action"]


def test_what_starts_by_the_clock_gets_roles_of_its_own_stack_and_only_as_a_task(task: Role) -> None:
    """EventBridge Scheduler takes a role of the stack, and hands those of the task to ECS."""
    to_tasks = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}

    assert allowed(task, every_action("iam"), OWN_ROLE, to_tasks) == {"iam:PassRole"}
    assert allowed(task, every_action("iam"), OWN_ROLE, {"iam:PassedToService": "ec2.amazonaws.com"}) == set()
    assert allowed(task, every_action("iam"), OTHER_ROLES["another stack's"], to_tasks) == set()
    assert task.may("ecs:RunTask", context=tagged("dev"))
    assert not task.may("ecs:RunTask", context=tagged("prod"))
    assert task.may("ecs:TagResource", context={"ecs:CreateAction": "RunTask"})
    assert not task.may("ecs:TagResource", context=tagged("dev"))


@pytest.mark.parametrize(
    "action", ["ecs:RegisterContainerInstance", "ssm:UpdateInstanceInformation", "ec2:CreateFleet"]
)
def test_what_machines_need_is_for_roles_of_capacity_and_no_task(task: Role, action: str) -> None:
    path = OWN_ROLE.rpartition("/")[0]
    machine = {"aws:PrincipalArn": f"{path}/cluster-capacity-pool-instance-1a2b3c4"}
    to_instances = {"iam:PassedToService": "ec2.amazonaws.com"}

    assert task.may(action, context=machine)
    assert not task.may(action, context={"aws:PrincipalArn": OWN_ROLE})
    assert task.may("iam:PassRole", OWN_ROLE, {**machine, **to_instances})
    assert not task.may("iam:PassRole", OWN_ROLE, {"aws:PrincipalArn": OWN_ROLE, **to_instances})
    assert not task.may("iam:PassRole", OTHER_ROLES["another stack's"], {**machine, **to_instances})


def test_flow_logs_look_for_their_log_group_and_no_task_does(task: Role) -> None:
    role = f"{OWN_ROLE.rpartition('/')[0]}/flow-logs-1a2b3c4"

    for action in ("logs:DescribeLogGroups", "logs:DescribeLogStreams"):
        assert task.may(action, context={"aws:PrincipalArn": role})
        assert not task.may(action, context={"aws:PrincipalArn": OWN_ROLE})


# What is another stack's, or nobody's


def test_what_is_there_is_changed_or_removed_by_its_own_stack_alone(dev: Role) -> None:
    assert allowed(dev, ACTIONS.owned, "*", tagged("dev")) == ACTIONS.owned
    assert allowed(dev, ACTIONS.owned, "*", tagged("pr-7")) == ACTIONS.owned
    assert allowed(dev, ACTIONS.owned, "*", tagged("dev", "other")) == set()
    assert allowed(dev, ACTIONS.owned, "*", {}) == set()


def test_nothing_with_another_stacks_tags_is_touched(dev: Role) -> None:
    """Not by actions either that are allowed on things without tags."""
    every = ACTIONS.of_deployments | ACTIONS.of_previews

    assert allowed(dev, every, "*", tagged("prod")) == set()


def test_a_dashboard_is_changed_and_removed_by_the_stack_that_it_is_called_after(dev: Role) -> None:
    """AWS compares no tags of dashboards."""
    dashboards = f"arn:aws:cloudwatch::{ACCOUNT}:dashboard"

    for action in ("cloudwatch:PutDashboard", "cloudwatch:DeleteDashboards"):
        assert dev.may(action, f"{dashboards}/node-on-ecs-dev")
        assert dev.may(action, f"{dashboards}/node-on-ecs-pr-7")
        assert not dev.may(action, f"{dashboards}/node-on-ecs-prod")


def test_tags_are_put_on_what_is_new_or_ones_own(dev: Role) -> None:
    """Else a thing could be made one's own by tagging it, and then deleted."""
    for service, action in (
        ("ec2", "CreateTags"),
        ("ecs", "TagResource"),
        ("elasticloadbalancing", "AddTags"),
    ):
        requested = tagged("dev", key="aws:RequestTag")
        assert dev.may(f"{service}:{action}", context={**requested, f"{service}:CreateAction": "Create"})
        assert not dev.may(f"{service}:{action}", context=requested)


def test_alarms_of_scaling_are_deleted_without_tags(dev: Role) -> None:
    """Application Auto Scaling makes them, and tags none."""
    alarm = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm"

    assert dev.may("cloudwatch:DeleteAlarms", f"{alarm}:TargetTracking-service/c/web-AlarmHigh-1")
    assert not dev.may("cloudwatch:DeleteAlarms", f"{alarm}:other")


def test_only_the_default_security_group_is_tagged_as_it_is_found(dev: Role) -> None:
    requested = tagged("dev", key="aws:RequestTag")
    ec2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}"

    assert dev.may("ec2:CreateTags", f"{ec2}:security-group/sg-1", requested)
    assert not dev.may("ec2:CreateTags", f"{ec2}:security-group/sg-1", {**requested, **tagged("prod")})
    assert not dev.may("ec2:CreateTags", f"{ec2}:security-group/sg-1", tagged("prod", key="aws:RequestTag"))
    assert not dev.may("ec2:CreateTags", f"{ec2}:vpc/vpc-1", requested)


@pytest.mark.parametrize(
    "names",
    [
        ["dev.example.com"],
        ["alice.dev.example.com", "_proof.dev.example.com"],
        ["pr-7.dev.example.com"],
    ],
    ids=str,
)
def test_records_are_changed_below_a_stacks_own_domain(dev: Role, names: list[str]) -> None:
    assert dev.may("route53:ChangeResourceRecordSets", ZONE, {NAMES: names})


@pytest.mark.parametrize(
    "names",
    [
        ["www.example.com"],
        ["staging.example.com"],
        ["example.com"],
        ["xdev.example.com"],
        ["dev.example.com", "www.example.com"],
        None,
    ],
    ids=str,
)
def test_no_other_record_is_changed(dev: Role, names: list[str] | None) -> None:
    assert not dev.may("route53:ChangeResourceRecordSets", ZONE, {NAMES: names} if names else {})


def test_without_a_domain_no_record_is_changed(declare_account: DeclareAccount) -> None:
    role = role_of(declare_account({"stacks": [{"name": "dev"}]}), "deploy-dev")

    assert not role.may("route53:ChangeResourceRecordSets", ZONE, {NAMES: ["dev.example.com"]})


@pytest.mark.parametrize("name", ["deploy-dev", "preview"])
def test_parameters_that_are_not_the_programs_are_not_read(graph: Graph, name: str) -> None:
    """They may hold the secrets of others."""
    parameter = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter"

    assert role_of(graph, name).may("ssm:GetParameter", f"{parameter}/web-migrations-1")
    assert not role_of(graph, name).may("ssm:GetParameter", f"{parameter}/database-password")


def test_what_is_in_a_region_stays_in_it(dev: Role) -> None:
    assert dev.may("ecs:CreateService")
    assert not dev.may("ecs:CreateService", region="eu-west-1")
    assert not dev.may("ecs:DeleteService", context=tagged("dev"), region="eu-west-1")


def test_shared_images_are_pushed_and_never_deleted(dev: Role) -> None:
    assert dev.may("ecr:PutImage", SHARED_IMAGES, {"aws:ResourceTag/Project": "node-on-ecs"})
    assert not dev.may("ecr:DeleteRepository", SHARED_IMAGES, tagged("dev"))


# The state


def object_of(path: str) -> str:
    return f"arn:aws:s3:::{BUCKET}/.pulumi/{path}"


OWN_STATE = [
    "stacks/node-on-ecs/{}.json",
    "stacks/node-on-ecs/{}.json.bak",
    "history/node-on-ecs/{0}/{0}-1.history.json",
    "backups/node-on-ecs/{0}/{0}.1.json",
    "locks/organization/node-on-ecs/{}/1.json",
]


@pytest.mark.parametrize("path", OWN_STATE)
def test_a_role_writes_the_state_of_its_own_stacks(dev: Role, path: str) -> None:
    for stack, writes in {"dev": True, "pr-7": True, "prod": False, "dev2": False}.items():
        assert dev.may("s3:PutObject", object_of(path.format(stack))) is writes
        assert dev.may("s3:DeleteObject", object_of(path.format(stack))) is writes
        # A stack may follow another one's image.
        assert dev.may("s3:GetObject", object_of(path.format(stack)))


def test_the_role_that_reads_writes_no_state(graph: Graph) -> None:
    role = role_of(graph, "preview")

    assert role.may("s3:GetObject", object_of(OWN_STATE[0].format("prod")))
    assert role.may("kms:Decrypt", KEY)
    assert not role.may("s3:PutObject", object_of(OWN_STATE[0].format("dev")))
    assert not role.may("kms:Encrypt", KEY)


def test_no_role_reaches_the_state_of_this_program(graph: Graph) -> None:
    for name in ("deploy-dev", "preview"):
        for action in ("s3:GetObject", "s3:PutObject"):
            own = object_of("stacks/node-on-ecs-bootstrap/main.json")
            assert not role_of(graph, name).may(action, own)


# The policies themselves


def test_every_role_has_the_boundary_and_stands_below_the_projects_path(graph: Graph) -> None:
    for role in graph.all(ROLE):
        assert role.inputs["permissionsBoundary"] == policy_arn("boundary")
    assert {r.inputs["path"] for r in [*graph.all(ROLE), *graph.all(POLICY)]} == {"/node-on-ecs/"}


def test_ids_of_statements_are_what_iam_takes(graph: Graph) -> None:
    for policy in [*graph.all(POLICY), *graph.all(INLINE)]:
        sids = [statement["Sid"] for statement in json.loads(policy.inputs["policy"])["Statement"]]
        assert len(set(sids)) == len(sids)
        assert all(sid.isalnum() for sid in sids)


def test_what_is_shared_carries_no_stacks_tag(graph: Graph) -> None:
    """Else no deploy role could use it."""
    tags = json.loads(graph.one("pulumi:providers:aws").inputs["defaultTags"])["tags"]

    assert tags == {"Project": "node-on-ecs", "ManagedBy": "pulumi"}
    assert [r.name for r in graph.resources if "Stack" in r.inputs.get("tags", {})] == []


def test_a_deployment_has_time_for_a_canary(graph: Graph) -> None:
    assert {r.name: r.inputs["maxSessionDuration"] for r in graph.all(ROLE)} == {
        "deploy-dev": 7200,
        "deploy-staging": 7200,
        "deploy-prod": 7200,
        "preview": 3600,
    }


def test_outputs_say_what_workflows_and_stacks_need(graph: Graph) -> None:
    stacks = ("dev", "staging", "prod")
    role = f"{ROLES}/node-on-ecs/node-on-ecs"

    assert graph.exports["deploy_role_arns"] == {stack: f"{role}-deploy-{stack}" for stack in stacks}
    assert graph.exports["preview_role_arn"] == f"{role}-preview"
    assert graph.exports["tasks_boundary_arns"] == {stack: policy_arn(f"tasks-{stack}") for stack in stacks}
