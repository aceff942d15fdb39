"""A stack that attaches to a base stack: its resources, what it reads from the base, rejected bases."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pulumi
import pytest

from tests.unit.infra.conftest import DeclareStack


def test_attached_stack_creates_only_its_service_image_and_log_group(attach: DeclareStack) -> None:
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


def test_attached_stack_uses_the_base_s_cluster_network_load_balancer_and_cache(
    attach: DeclareStack, declare_stack: DeclareStack
) -> None:
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
    assert not image.get("cacheTo"), "only the base writes its cache"
    assert graph.exports["attached_to"] == "dev"
    assert graph.exports["expires"] == "2026-11-24T12:00:00Z"
    assert graph.exports["urls"] == {"web-pr-12": "https://pr-12.dev.example.com"}


def test_attached_stack_has_its_own_repository_or_a_configured_one(
    attach: DeclareStack, declare_stack: DeclareStack
) -> None:
    """A repository keeps a limited number of images: many builds would expire the images that the base runs."""
    own = attach()
    shared = attach({"repository": "team/app"})

    assert "repository" not in declare_stack("dev").exports["attachment"]
    assert own.one("aws:ecr/repository:Repository").inputs["forceDelete"] is True
    assert shared.all("aws:ecr/repository:Repository") == []
    assert "/team/app:" in shared.one("docker-build:index:Image").inputs["tags"][0]


def test_app_has_the_idle_timeout_of_the_base_s_load_balancer(
    attach: DeclareStack, declare_stack: DeclareStack
) -> None:
    """The app must keep connections longer than the load balancer."""
    base = declare_stack("dev", {"idle-timeout-seconds": 120}).exports
    container = attach(base=base).containers("web-pr-12")["web-pr-12"]

    assert {"name": "IDLE_TIMEOUT_SECONDS", "value": "120"} in container["environment"]


def test_attached_stack_s_url_has_the_scheme_of_the_base_s_listener(
    attach: DeclareStack, declare_stack: DeclareStack
) -> None:
    attachment = declare_stack("dev").exports["attachment"]
    graph = attach(base={"attachment": {**attachment, "https": False}})

    assert attachment["https"] is True
    assert graph.exports["url"] == "http://pr-12.dev.example.com"


def test_base_of_an_older_version_has_https_and_the_default_idle_timeout(
    attach: DeclareStack, declare_stack: DeclareStack
) -> None:
    attachment = dict(declare_stack("dev").exports["attachment"])
    del attachment["https"], attachment["idle_timeout_seconds"]
    graph = attach(base={"attachment": attachment})
    container = graph.containers("web-pr-12")["web-pr-12"]

    assert {"name": "IDLE_TIMEOUT_SECONDS", "value": "60"} in container["environment"]
    assert graph.exports["url"] == "https://pr-12.dev.example.com"


def test_base_without_dns_records_is_rejected(attach: DeclareStack, declare_stack: DeclareStack) -> None:
    own = "arn:aws:acm:us-east-1:123456789012:certificate/0123-4567"
    base = declare_stack("dev", {"dns-records": False, "certificate-arn": own}).exports

    with pytest.raises(pulumi.RunError, match="a stack whose base makes DNS records"):
        attach(base=base)


ON_INSTANCES = {
    "capacity": {"pool": {"type": "ec2", "instance-types": ["t4g.small"]}},
    "capacity-provider-strategy": [{"capacity-provider": "pool", "weight": 1}],
    "network-mode": "bridge",
}


def test_attached_service_runs_on_the_base_s_instances(
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
    ("base", "message"),
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
def test_capacity_that_the_base_does_not_have_is_rejected(
    attach: DeclareStack, declare_stack: DeclareStack, base: dict[str, Any], message: str
) -> None:
    with pytest.raises(pulumi.RunError, match=message):
        attach(ON_INSTANCES, base=declare_stack("dev", base).exports)


CONNECTED_BASE = {
    "region": "us-east-1",
    "container_port": 3000,
    "domain": "dev.example.com",
    "namespace_connect_arn": "arn",
}
CONNECTED = {"connect": {"enabled": True}, "discovery": {"enabled": True}}


def test_attached_service_has_its_own_name_in_the_base_s_namespaces(
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


def test_base_without_namespaces_has_no_output_about_them(declare_stack: DeclareStack) -> None:
    attachment = declare_stack("dev").exports["attachment"]

    assert not [key for key in attachment if key.startswith("namespace") or key == "peer_ports"]


@pytest.mark.parametrize(
    ("base", "changes", "message"),
    [
        (None, {"connect": {"enabled": True}}, r"connect.enabled = true: false, for no service of dev has"),
        (None, {"discovery": {"enabled": True}}, r"discovery.enabled = true: false, for no service of dev"),
        (
            {"attachment": {**CONNECTED_BASE, "peer_ports": [5432.0]}},
            {"connect": {"enabled": True}},
            "container-port = 3000: one by which services of dev reach each other",
        ),
        (
            {
                "attachment": {
                    **CONNECTED_BASE,
                    "peer_ports": [3000.0],
                    "dynamic_peer_ports": False,
                    "capacity": {"pool": {"type": "ec2", "architecture": "arm64", "provider": "p"}},
                    "dynamic_ports": True,
                }
            },
            {**ON_INSTANCES, "connect": {"enabled": True}},
            "network-mode = bridge: awsvpc, as services of dev have that reach each other",
        ),
        ({"url": "x"}, {}, "has no output `attachment`"),
        (None, {"container-port": 4000}, "\n  - container-port = 4000: 3000, as dev has it$"),
        (
            None,
            {"ingress-container": "nginx", "sidecars": {"nginx": {"port": 8080}}},
            "ingress-container = nginx: one that accepts requests on port 3000, by which",
        ),
        (None, {"domain": "other.example.com"}, "domain = other.example.com: dev.example.com"),
    ],
)
def test_settings_that_do_not_fit_the_base_are_rejected(
    attach: DeclareStack, base: Any, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(pulumi.RunError, match=message):
        attach(changes, base=base)


def test_attached_stack_has_an_ingress_container_on_the_base_s_port(
    attach: DeclareStack, declare_stack: DeclareStack
) -> None:
    """The base's load balancer reaches tasks only by that port."""
    nginx = {"ingress-container": "nginx", "sidecars": {"nginx": {"port": 8080}}}
    base = declare_stack("dev", nginx).exports
    (balancer,) = attach(nginx, base=base).one("aws:ecs/service:Service").inputs["loadBalancers"]

    assert (balancer["containerName"], balancer["containerPort"]) == ("nginx", 8080)
    with pytest.raises(pulumi.RunError, match=r"ingress-container = none: one that accepts .* port 8080"):
        attach(base=base)
    assert "ingress_port" not in declare_stack("dev").exports["attachment"]
