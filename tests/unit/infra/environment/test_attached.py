"""A stack that attaches to another one: what it makes, and what it takes from there."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pulumi
import pytest

from tests.unit.infra.conftest import DeclareStack


def test_it_makes_a_service_of_its_own_and_nothing_else(attach: DeclareStack) -> None:
    assert Counter((r.type, r.name) for r in attach().resources) == Counter(
        [
            ("pulumi:providers:aws", "aws"),
            ("node-on-ecs:infra:AttachedService", "attached"),
            ("node-on-ecs:infra:AppImage", "app"),
            ("aws:ecr/repository:Repository", "app"),
            ("aws:ecr/lifecyclePolicy:LifecyclePolicy", "app-retention"),
            ("random:index/randomId:RandomId", "app-build"),
            ("docker-build:index:Image", "app"),
            ("aws:cloudwatch/logGroup:LogGroup", "logs"),
            ("node-on-ecs:infra:Service", "web-pr-12"),
            ("node-on-ecs:infra:TaskDefinition", "web-pr-12"),
            ("aws:iam/role:Role", "web-pr-12-execution"),
            ("aws:iam/role:Role", "web-pr-12-task"),
            ("aws:iam/rolePolicy:RolePolicy", "web-pr-12-execution"),
            ("aws:ecs/taskDefinition:TaskDefinition", "web-pr-12"),
            ("aws:lb/targetGroup:TargetGroup", "web-pr-12"),
            ("aws:lb/listenerRule:ListenerRule", "web-pr-12"),
            ("aws:ecs/service:Service", "web-pr-12"),
            ("node-on-ecs:infra:Host", "web-pr-12"),
            ("aws:route53/record:Record", "web-pr-12-ipv4"),
        ]
    )


def test_all_else_is_the_base_s(attach: DeclareStack, declare_stack: DeclareStack) -> None:
    graph, base = attach(), declare_stack("dev").exports
    service = graph.one("aws:ecs/service:Service").inputs
    rule = graph.one("aws:lb/listenerRule:ListenerRule").inputs
    record = graph.one("aws:route53/record:Record").inputs

    assert service["cluster"] == base["cluster_arn"]
    assert service["networkConfiguration"] == {
        "subnets": base["public_subnet_ids"],
        "securityGroups": [base["tasks_security_group_id"]],
        "assignPublicIp": True,
    }
    assert (rule["listenerArn"], rule["priority"]) == (base["listener_arn"], 512)
    assert rule["conditions"] == [{"hostHeader": {"values": ["pr-12.dev.example.com"]}}]
    assert (record["name"], record["zoneId"]) == ("pr-12.dev.example.com", base["zone_id"])
    assert record["aliases"][0]["name"] == base["load_balancer_dns_name"]
    image = graph.one("docker-build:index:Image").inputs
    assert image["cacheFrom"][0]["registry"]["ref"].startswith(base["attachment"]["cache_url"])
    assert not image.get("cacheTo"), "the base's cache is the base's to write"
    assert graph.exports["attached_to"] == "dev"
    assert graph.exports["expires"] == "2026-11-24T12:00:00Z"
    assert graph.exports["urls"] == {"web-pr-12": "https://pr-12.dev.example.com"}


def test_its_images_never_push_those_that_the_base_runs_out_of_the_repository(
    attach: DeclareStack, declare_stack: DeclareStack
) -> None:
    """A repository keeps so many images: thirty builds of a pull request, and the base could start no task."""
    own = attach()
    shared = attach({"repository": "team/app"})

    assert "repository" not in declare_stack("dev").exports["attachment"]
    assert own.one("aws:ecr/repository:Repository").inputs["forceDelete"] is True
    assert shared.all("aws:ecr/repository:Repository") == []
    assert "/team/app:" in shared.one("docker-build:index:Image").inputs["tags"][0]


def test_the_app_keeps_connections_as_long_as_the_base_s_load_balancer_wants(attach: DeclareStack) -> None:
    definition = attach().one("aws:ecs/taskDefinition:TaskDefinition").inputs
    (container,) = json.loads(definition["containerDefinitions"])

    assert {"name": "IDLE_TIMEOUT_SECONDS", "value": "60"} in container["environment"]


def test_a_base_without_records_has_no_place_for_a_name(
    attach: DeclareStack, declare_stack: DeclareStack
) -> None:
    own = "arn:aws:acm:us-east-1:123456789012:certificate/0123-4567"
    base = declare_stack("dev", {"dns-records": False, "certificate-arn": own}).exports

    with pytest.raises(pulumi.RunError, match="a stack whose base makes DNS records"):
        attach(base=base)


ON_INSTANCES = {
    "capacity": {"pool": {"type": "ec2", "instance-types": ["t4g.small"]}},
    "capacity-provider-strategy": [{"capacity-provider": "pool", "weight": 1}],
    "network-mode": "bridge",
}


def test_its_service_runs_on_the_instances_of_the_base(
    attach: DeclareStack, declare_stack: DeclareStack
) -> None:
    base = declare_stack("dev", ON_INSTANCES).exports
    graph = attach(ON_INSTANCES, base=base)

    assert graph.one("aws:ecs/service:Service").inputs["capacityProviderStrategies"] == [
        {"capacityProvider": "cluster-capacity-pool-1a2b3c4", "weight": 1, "base": 0}
    ]
    assert graph.one("aws:lb/targetGroup:TargetGroup").inputs["targetType"] == "instance"
    assert graph.all("aws:ecs/capacityProvider:CapacityProvider") == []
    assert "capacity" not in declare_stack("dev").exports["attachment"]


@pytest.mark.parametrize(
    ("base", "words"),
    [
        ({}, r"capacity.pool = ec2: none, for dev has no such capacity"),
        (
            {"capacity": {"pool": {"type": "managed-instances"}}, "nat": "single"},
            r"capacity.pool.type = ec2: managed-instances, as dev has it",
        ),
        (
            {**ON_INSTANCES, "network-mode": "host"},
            r"network-mode = bridge: another one, for dev opens no dynamic ports",
        ),
    ],
)
def test_instances_that_the_base_does_not_have_are_refused(
    attach: DeclareStack, declare_stack: DeclareStack, base: dict[str, Any], words: str
) -> None:
    with pytest.raises(pulumi.RunError, match=words):
        attach(ON_INSTANCES, base=declare_stack("dev", base).exports)


CONNECTED = {"connect": {"enabled": True}, "discovery": {"enabled": True}}


def test_its_service_joins_the_base_s_namespaces_under_a_name_of_its_own(
    attach: DeclareStack, declare_stack: DeclareStack
) -> None:
    base = declare_stack("dev", CONNECTED).exports
    graph = attach({**CONNECTED, "domain": "dev.example.com"}, base=base)
    connect = graph.one("aws:ecs/service:Service").inputs["serviceConnectConfiguration"]
    registry = graph.one("aws:servicediscovery/service:Service").inputs

    assert connect["namespace"] == base["attachment"]["namespace_connect_arn"]
    assert connect["services"][0]["clientAlias"] == [{"dnsName": "web-pr-12", "port": 80}]
    assert registry["name"] == "web-pr-12"
    assert registry["dnsConfig"]["namespaceId"] == base["attachment"]["namespace_dns_id"]
    assert not [r.name for r in graph.resources if "Namespace" in r.type]


def test_a_base_whose_services_do_not_find_each_other_says_nothing_of_it(declare_stack: DeclareStack) -> None:
    said = declare_stack("dev").exports["attachment"]

    assert not [key for key in said if key.startswith("namespace") or key == "peer_ports"]


@pytest.mark.parametrize(
    ("told", "changes", "words"),
    [
        (None, {"connect": {"enabled": True}}, r"connect.enabled = true: false, for no service of dev has"),
        (None, {"discovery": {"enabled": True}}, r"discovery.enabled = true: false, for no service of dev"),
        (
            {
                "attachment": {
                    "region": "us-east-1",
                    "container_port": 3000,
                    "domain": "dev.example.com",
                    "namespace_connect_arn": "arn",
                    "peer_ports": [5432.0],
                }
            },
            {"connect": {"enabled": True}},
            "container-port = 3000: one by which services of dev reach each other",
        ),
        (
            {
                "attachment": {
                    "region": "us-east-1",
                    "container_port": 3000,
                    "domain": "dev.example.com",
                    "namespace_connect_arn": "arn",
                    "peer_ports": [3000.0],
                    "dynamic_peer_ports": False,
                    "capacity": {"machines": {"type": "ec2", "architecture": "arm64", "provider": "p"}},
                    "dynamic_ports": True,
                }
            },
            {
                "connect": {"enabled": True},
                "capacity": {"machines": {"type": "ec2", "instance-types": ["t4g.medium"]}},
                "capacity-provider-strategy": [{"capacity-provider": "machines", "weight": 1}],
                "network-mode": "bridge",
            },
            "network-mode = bridge: awsvpc, as services of dev have that reach each other",
        ),
        ({"url": "x"}, {}, "has no output `attachment`"),
        (None, {"container-port": 4000}, "container-port = 4000: 3000, as dev has it"),
        (
            None,
            {"ingress-container": "nginx", "sidecars": {"nginx": {"port": 8080}}},
            "ingress-container = nginx: one that accepts requests on port 3000, by which",
        ),
        (None, {"domain": "other.example.com"}, "domain = other.example.com: dev.example.com"),
    ],
)
def test_a_base_that_does_not_fit_is_told_in_one_message(
    attach: DeclareStack, told: Any, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(pulumi.RunError, match=words):
        attach(changes, base=told)


def test_where_a_sidecar_of_the_base_takes_the_requests_one_of_the_stack_does(
    attach: DeclareStack, declare_stack: DeclareStack
) -> None:
    """The base's load balancer reaches tasks by that port alone."""
    nginx = {"ingress-container": "nginx", "sidecars": {"nginx": {"port": 8080}}}
    base = declare_stack("dev", nginx).exports
    (balancer,) = attach(nginx, base=base).one("aws:ecs/service:Service").inputs["loadBalancers"]

    assert (balancer["containerName"], balancer["containerPort"]) == ("nginx", 8080)
    with pytest.raises(pulumi.RunError, match=r"ingress-container = none: one that accepts .* port 8080"):
        attach(base=base)
    assert "ingress_port" not in declare_stack("dev").exports["attachment"]
