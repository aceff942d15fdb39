"""Contracts of every stack, checked over all resources that the program declares with the shipped stack files."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.unit.infra.conftest import ROOT, STACKS, DeclareStack
from tests.unit.infra.recorder import Declared, Graph, Unknown

PROVIDER = "pulumi:providers:aws"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
REPOSITORY = "aws:ecr/repository:Repository"
ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
SERVICE = "aws:ecs/service:Service"
RULE = "aws:lb/listenerRule:ListenerRule"
TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"

# Names identify resources in the state: another name replaces the resource and all its children.
SHARED = {
    "pulumi:providers:aws": ["aws"],
    "node-on-ecs:infra:Environment": ["environment"],
    "node-on-ecs:infra:AppImage": ["app"],
    "aws:ecr/repository:Repository": ["app", "app-cache"],
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": ["app-cache-retention", "app-retention"],
    "random:index/randomId:RandomId": ["app-build"],
    "docker-build:index:Image": ["app"],
    "node-on-ecs:infra:Network": ["network"],
    "awsx:ec2:Vpc": ["network"],
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": ["network-default"],
    "aws:ec2/vpcEndpoint:VpcEndpoint": ["network-s3"],
    "node-on-ecs:infra:SecurityGroups": ["security"],
    "aws:ec2/securityGroup:SecurityGroup": ["security-load-balancer", "security-tasks"],
    INGRESS: [
        "security-load-balancer-443-ipv4",
        "security-load-balancer-80-ipv4",
        "security-tasks-from-load-balancer-3000",
    ],
    EGRESS: ["security-load-balancer-to-tasks-3000", "security-tasks-443-ipv4"],
    "node-on-ecs:infra:Cluster": ["cluster"],
    "aws:ecs/cluster:Cluster": ["cluster"],
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": ["cluster"],
    "aws:cloudwatch/logGroup:LogGroup": ["cluster-logs"],
    "node-on-ecs:infra:Certificate": ["certificate"],
    "aws:acm/certificate:Certificate": ["certificate"],
    "aws:acm/certificateValidation:CertificateValidation": ["certificate"],
    "node-on-ecs:infra:LoadBalancer": ["load-balancer"],
    "aws:lb/loadBalancer:LoadBalancer": ["load-balancer"],
    "aws:lb/listener:Listener": ["load-balancer-http", "load-balancer-https"],
    "aws:route53/record:Record": ["certificate-record"],
}
FOR_EACH_SERVICE = {
    "node-on-ecs:infra:Service": ["{}"],
    "node-on-ecs:infra:TaskDefinition": ["{}"],
    "aws:iam/role:Role": ["{}-execution", "{}-task"],
    "aws:iam/rolePolicy:RolePolicy": ["{}-execution"],
    "aws:ecs/taskDefinition:TaskDefinition": ["{}"],
    "aws:lb/targetGroup:TargetGroup": ["{}"],
    "aws:lb/listenerRule:ListenerRule": ["{}"],
    "aws:ecs/service:Service": ["{}"],
    "node-on-ecs:infra:Host": ["{}"],
    "aws:route53/record:Record": ["{}-ipv4"],
}
WITH_ALARMS = {
    "node-on-ecs:infra:DeploymentAlarms": ["web"],
    ALARM: ["web-errors", "web-latency", "web-unhealthy"],
}
WITH_CANARY = {
    "node-on-ecs:infra:InfrastructureRole": ["infrastructure"],
    "aws:iam/role:Role": ["infrastructure"],
    ATTACHMENT: ["infrastructure"],
    "aws:lb/listener:Listener": ["load-balancer-test"],
    "node-on-ecs:infra:AlternateTargetGroup": ["web"],
    "aws:lb/targetGroup:TargetGroup": ["web-green"],
    "aws:lb/listenerRule:ListenerRule": ["web-test"],
    ALARM: ["web-green-errors", "web-green-latency", "web-green-unhealthy"],
}
WITH_FIREWALL = {
    "node-on-ecs:infra:Firewall": ["firewall"],
    "aws:wafv2/webAcl:WebAcl": ["firewall"],
    "aws:wafv2/webAclAssociation:WebAclAssociation": ["firewall"],
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": ["firewall"],
    "aws:cloudwatch/logGroup:LogGroup": ["firewall-logs"],
}
WITH_AUTOSCALING = {
    "node-on-ecs:infra:Autoscaling": ["web"],
    "aws:appautoscaling/target:Target": ["web"],
    "aws:appautoscaling/policy:Policy": ["web-cpu", "web-memory"],
}
WITH_FLOW_LOGS = {
    "node-on-ecs:infra:FlowLogs": ["flow-logs"],
    "aws:ec2/flowLog:FlowLog": ["flow-logs"],
}
WITH_DASHBOARD = {
    "node-on-ecs:infra:Dashboard": ["dashboard"],
    "aws:cloudwatch/dashboard:Dashboard": ["dashboard"],
    "aws:cloudwatch/queryDefinition:QueryDefinition": [
        f"dashboard-{query}" for query in ("errors", "one-request", "slowest-requests")
    ],
}
_EVENTS = ("deployment-failed", "task-crashed", "task-not-started", "task-placement-failed")
WITH_ON_CALL = {
    "node-on-ecs:infra:OnCall": ["on-call"],
    ALARM: [
        "on-call-error-lines",
        "on-call-load-balancer-errors",
        *(f"on-call-web-{what}" for what in ("cpu", "memory", "no-healthy-task", "unhealthy-share")),
    ],
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": ["on-call-user-impact"],
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": ["on-call-error-lines"],
    "node-on-ecs:infra:Events": ["on-call-events"],
    "aws:cloudwatch/eventRule:EventRule": [f"on-call-events-{event}" for event in _EVENTS],
    "aws:cloudwatch/eventTarget:EventTarget": [f"on-call-events-{event}" for event in _EVENTS],
}
BESIDE = {
    "dev": [],
    "staging": [WITH_ALARMS],
    "prod": [
        WITH_ALARMS,
        WITH_CANARY,
        WITH_AUTOSCALING,
        WITH_FIREWALL,
        WITH_FLOW_LOGS,
        WITH_DASHBOARD,
        WITH_ON_CALL,
    ],
}
SERVICES = {"dev": ["web", "web-alice", "web-bob"], "staging": ["web"], "prod": ["web"]}


WITH_HOOK = {
    "strategy": "canary",
    "hooks": [
        {"stages": ["POST_SCALE_UP"], "lambda-arn": "arn:aws:lambda:us-east-1:123456789012:function:check"}
    ],
}


def _containers(graph: Graph) -> Iterator[dict[str, Any]]:
    for definition in graph.all(DEFINITION):
        yield from json.loads(definition.inputs["containerDefinitions"])


def _statements(graph: Graph) -> Iterator[dict[str, Any]]:
    for policy in graph.all(POLICY):
        yield from json.loads(policy.inputs["policy"])["Statement"]


EVERY_CAPACITY = {
    "pool": {
        "type": "ec2",
        "instance-types": ["t4g.small"],
        "schedule": [{"name": "night", "cron": "0 20 * * *", "min-instances": 0, "max-instances": 1}],
    },
    "own": {"type": "managed-instances"},
    "rack": {"type": "external"},
}


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _aws(graph: Graph) -> list[Declared]:
    return [r for r in graph.resources if r.type.startswith(("aws:", "awsx:"))]


def test_every_resource_belongs_to_a_component(graph: Graph) -> None:
    """Only the environment, and the provider it gets, sit directly under the stack."""
    under_the_stack = {
        r.type for r in graph.resources if "::pulumi:pulumi:Stack::" in r.parent or not r.parent
    }

    assert under_the_stack == {PROVIDER, "node-on-ecs:infra:Environment"}


OBSERVED = {
    "notifications": {"topic-arn": "arn:aws:sns:us-east-1:123456789012:alarms"},
    "flow-logs": "log-group",
    "interface-endpoints": ["logs"],
    "dashboard": True,
}
"""All resources that observe a stack."""


@pytest.mark.parametrize(
    ("stack", "changes"),
    [
        ("dev", {}),
        ("prod", {"rollout": WITH_HOOK}),
        ("prod", {"capacity": EVERY_CAPACITY}),
        ("prod", OBSERVED),
    ],
    ids=str,
)
def test_resources_are_children_of_their_component_and_named_after_it(
    declare_stack: DeclareStack, stack: str, changes: dict[str, Any]
) -> None:
    """Two components of a kind must not have resources of the same name."""
    graph = declare_stack(stack, changes)
    environment = graph.one("node-on-ecs:infra:Environment").urn
    components = {r.urn: r.name for r in graph.resources if r.is_component}
    children = [r for r in graph.resources if r.parent in components]
    orphans = [r.name for r in children if r.parent == environment and not r.is_component]
    misnamed = [
        r.name
        for r in children
        if r.parent != environment and not f"{r.name}-".startswith(f"{components[r.parent]}-")
    ]

    assert (orphans, misnamed) == ([], [])
    assert {r.parent for r in children} == components.keys()
    # Every component calls `register_outputs`.
    assert components.keys() <= graph.outputs.keys()


def test_every_aws_resource_and_function_uses_the_same_provider(graph: Graph) -> None:
    """Another provider is another account, or has no tags."""
    reference = f"{graph.one(PROVIDER).urn}::aws-id"

    assert [r.name for r in _aws(graph) if reference not in {r.provider, r.providers.get("aws")}] == []
    assert [i.token for i in graph.invokes if i.token.startswith("aws:") and i.provider != reference] == []


def test_default_aws_provider_is_disabled() -> None:
    """A resource without the provider fails on AWS too, not only in this test."""
    config = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]

    assert config["pulumi:disable-default-providers"] == {"value": ["aws"]}


@pytest.mark.parametrize("stack", STACKS)
def test_provider_tags_everything_with_project_stack_and_manager(
    declare_stack: DeclareStack,
    stack: str,
) -> None:
    tags = json.loads(declare_stack(stack).one(PROVIDER).inputs["defaultTags"])["tags"]

    assert tags.items() >= {"Project": "node-on-ecs", "Stack": stack, "ManagedBy": "pulumi"}.items()


@pytest.mark.parametrize("stack", STACKS)
def test_type_tokens_and_logical_names_do_not_change(
    declare_stack: DeclareStack,
    stack: str,
) -> None:
    """A new name is a new resource, and the old one is deleted: add `aliases` when you change one here."""
    expected = Counter((token, name) for token, names in SHARED.items() for name in names)
    expected.update(
        (token, name.format(service))
        for token, names in FOR_EACH_SERVICE.items()
        for name in names
        for service in SERVICES[stack]
    )
    expected.update(
        (token, name) for beside in BESIDE[stack] for token, names in beside.items() for name in names
    )

    assert Counter((r.type, r.name) for r in declare_stack(stack).resources) == expected


def test_only_the_load_balancer_is_open_to_the_internet(graph: Graph) -> None:
    internet = {"0.0.0.0/0", "::/0"}
    open_rules = [
        rule.inputs
        for rule in graph.all(INGRESS)
        if internet & {rule.inputs.get("cidrIpv4"), rule.inputs.get("cidrIpv6")}
    ]
    (load_balancer,) = graph.one(LOAD_BALANCER).inputs["securityGroups"]

    assert {rule["securityGroupId"] for rule in open_rules} == {load_balancer}
    assert {(rule["fromPort"], rule["toPort"]) for rule in open_rules} == {(80, 80), (443, 443)}


def test_tasks_are_open_only_to_the_load_balancer(graph: Graph) -> None:
    (tasks,) = {
        group
        for service in graph.all(SERVICE)
        for group in service.inputs["networkConfiguration"]["securityGroups"]
    }
    (load_balancer,) = graph.one(LOAD_BALANCER).inputs["securityGroups"]
    (rule,) = [rule.inputs for rule in graph.all(INGRESS) if rule.inputs["securityGroupId"] == tasks]

    assert rule["referencedSecurityGroupId"] == load_balancer
    assert not {"cidrIpv4", "cidrIpv6", "prefixListId"} & rule.keys()


def test_security_group_rules_are_separate_resources_with_a_description(graph: Graph) -> None:
    """A later change from inline rules would interrupt all traffic."""
    groups = graph.all(SECURITY_GROUP)

    assert [group.name for group in groups if {"ingress", "egress"} & group.inputs.keys()] == []
    assert [
        r.name for r in [*groups, *graph.all(INGRESS), *graph.all(EGRESS)] if not r.inputs.get("description")
    ] == []


def test_policies_allow_only_named_actions_on_named_resources(graph: Graph) -> None:
    """`*` is a resource only where AWS has no narrower one."""
    statements = list(_statements(graph))

    assert statements
    for statement in statements:
        assert statement["Effect"] == "Allow"
        for action in _listed(statement["Action"]):
            assert re.fullmatch(r"[a-z-]+:[A-Za-z]+", action)
        if statement["Action"] != "ecr:GetAuthorizationToken":
            for resource in _listed(statement["Resource"]):
                assert resource.startswith("arn:aws:")
                assert len(resource.split(":", 5)[5].strip("*/")) > 1


def test_only_the_infrastructure_role_has_an_aws_managed_policy(graph: Graph) -> None:
    """`AmazonECSTaskExecutionRolePolicy` reads every repository and writes every log group."""
    attached = [r.inputs for r in graph.resources if "PolicyAttachment" in r.type]

    assert [inputs["policyArn"].rpartition("/")[2] for inputs in attached] in (
        [],
        ["AmazonECSInfrastructureRolePolicyForLoadBalancers"],
    )
    assert all(inputs["role"].startswith("infrastructure-") for inputs in attached)
    assert not [role.name for role in graph.all(ROLE) if "managedPolicyArns" in role.inputs]


def test_every_task_definition_has_its_own_two_roles(graph: Graph) -> None:
    roles = [
        (definition.inputs["executionRoleArn"], definition.inputs["taskRoleArn"])
        for definition in graph.all(DEFINITION)
    ]

    assert len({role for pair in roles for role in pair}) == 2 * len(roles)


def test_ecs_exec_is_off_in_shipped_stacks(graph: Graph) -> None:
    assert {service.inputs["enableExecuteCommand"] for service in graph.all(SERVICE)} == {False}
    assert not [s for s in _statements(graph) if any("ssmmessages" in a for a in _listed(s["Action"]))]


def test_only_services_with_ecs_exec_have_a_writable_file_system(declare_stack: DeclareStack) -> None:
    """The only exception to Security Hub's ECS.5; a copy with it does not pass it on to others."""
    copies = ["carol", {"name": "dave", "execute-command": True}]
    graph = declare_stack("dev", {"multidev": copies})
    with_exec = {s.name for s in graph.all(SERVICE) if s.inputs["enableExecuteCommand"]}
    roles = {policy.name for policy in graph.all(POLICY) if "ssmmessages:" in policy.inputs["policy"]}

    assert {c["name"] for c in _containers(graph) if not c["readonlyRootFilesystem"]} == with_exec
    assert (with_exec, roles) == ({"web-dave"}, {"web-dave-task"})
    assert all(c["linuxParameters"]["initProcessEnabled"] for c in _containers(graph))


def test_every_image_is_deployed_by_digest(graph: Graph) -> None:
    for container in _containers(graph):
        assert re.fullmatch(r"[^@]+@sha256:[0-9a-f]{64}", container["image"])


def test_only_prod_protects_images_load_balancer_and_network(declare_stack: DeclareStack) -> None:
    """A destroyed dev stack leaves nothing behind; prod keeps its addresses and its history."""
    protected = {
        stack: sorted({r.type for r in declare_stack(stack).resources if r.protect}) for stack in STACKS
    }

    assert protected == {
        "dev": [],
        "staging": [],
        "prod": [REPOSITORY, "aws:lb/loadBalancer:LoadBalancer", "awsx:ec2:Vpc"],
    }


def test_images_and_task_definitions_are_kept_for_rollbacks(graph: Graph) -> None:
    kept = {r.type for r in graph.resources if r.retain_on_delete}

    # The record is kept because other certificates of the name may use it to renew.
    assert kept == {"docker-build:index:Image", "aws:route53/record:Record"}
    assert all(definition.inputs["skipDestroy"] for definition in graph.all(DEFINITION))


@pytest.mark.parametrize(
    ("stack", "changes"),
    [
        ("dev", {}),
        ("prod", {}),
        ("dev", {"ipv6": True}),
        ("dev", {"domain": "", "zone": ""}),
    ],
    ids=str,
)
def test_first_preview_shows_every_resource_of_the_update(
    declare_stack: DeclareStack, stack: str, changes: dict[str, Any]
) -> None:
    """No resource may depend on a value that is known only after the update."""
    preview, update = (declare_stack(stack, changes, dry_run=dry_run) for dry_run in (True, False))

    assert {r.urn for r in preview.resources} == {r.urn for r in update.resources}
    assert isinstance(preview.one(DEFINITION, "web").inputs["containerDefinitions"], Unknown)
    assert changes.get("domain") == "" or preview.exports["urls"] == update.exports["urls"]


@pytest.mark.parametrize(
    ("stack", "strategy"), [("dev", "ROLLING"), ("staging", "ROLLING"), ("prod", "CANARY")]
)
def test_each_stack_has_its_strategy_with_the_ecs_controller(
    declare_stack: DeclareStack, stack: str, strategy: str
) -> None:
    """CodeDeploy would be another point of failure."""
    services = declare_stack(stack).all(SERVICE)

    assert {s.inputs["deploymentConfiguration"]["strategy"] for s in services} == {strategy}
    assert not [s.name for s in services if "deploymentController" in s.inputs]
    assert not [r.name for r in declare_stack(stack).resources if "codedeploy" in r.type]


def test_load_balancer_is_in_the_public_subnets(graph: Graph) -> None:
    assert graph.one(LOAD_BALANCER).inputs["subnets"] == graph.exports["public_subnet_ids"]


def test_load_balancer_is_deleted_before_the_internet_gateway(graph: Graph) -> None:
    """Its subnets alone would allow to delete the gateway while the load balancer still has addresses."""
    network_child = graph.one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup").urn

    assert network_child in graph.one(LOAD_BALANCER).dependencies


def test_tasks_have_public_addresses_only_without_nat(graph: Graph) -> None:
    """With neither they could not pull their image."""
    public = graph.one("awsx:ec2:Vpc").inputs["natGateways"] == {"strategy": "None"}
    expected = graph.exports["public_subnet_ids" if public else "private_subnet_ids"]

    for service in graph.all(SERVICE):
        network = service.inputs["networkConfiguration"]
        assert (network["subnets"], network["assignPublicIp"]) == (expected, public)


def test_records_are_aliases_in_the_load_balancer_s_zone(graph: Graph) -> None:
    aliases = [alias for r in graph.all("aws:route53/record:Record") for alias in r.inputs.get("aliases", ())]

    assert aliases
    assert {alias["zoneId"] for alias in aliases} == {graph.exports["load_balancer_zone_id"]}


def test_idle_timeout_and_log_retention_reach_all_their_resources(declare_stack: DeclareStack) -> None:
    """The app must keep connections longer than the load balancer."""
    graph = declare_stack("dev", {"idle-timeout-seconds": 77, "log-retention-days": 14})
    container = graph.containers("web")["web"]

    assert graph.one(LOAD_BALANCER).inputs["idleTimeout"] == 77
    assert {"name": "IDLE_TIMEOUT_SECONDS", "value": "77"} in container["environment"]
    assert graph.one("aws:cloudwatch/logGroup:LogGroup").inputs["retentionInDays"] == 14
