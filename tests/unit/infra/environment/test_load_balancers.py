"""Load balancers of a stack, created or existing, with names, zones and certificate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from tests.unit.infra.conftest import DeclareStack
from tests.unit.infra.fake_cloud import FakeCloud
from tests.unit.infra.recorder import Graph

LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
LISTENER = "aws:lb/listener:Listener"
RULE = "aws:lb/listenerRule:ListenerRule"
RECORD = "aws:route53/record:Record"
HOST = "node-on-ecs:infra:Host"
CERTIFICATE = "aws:acm/certificate:Certificate"
SERVICE = "aws:ecs/service:Service"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
ZONE = "aws:route53/getZone:getZone"
OWN_CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0123-4567"
BALANCER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/{}/shared/0123456789abcdef"
SHARED = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/shared/0123456789abcdef/{}"
ALONE = {"multidev": []}
MQTT = {"exposure": "tcp", "container-port": 1883}
EXISTING_NETWORK = {
    "vpc-id": "vpc-01234567",
    "private-subnet-ids": ["subnet-01234567", "subnet-89abcdef"],
    "nat": "single",
}
EXISTING = {**ALONE, **EXISTING_NETWORK, "listener-arn": SHARED.format("0123456789abcdef")}


def _records(graph: Graph) -> dict[str, tuple[str, str]]:
    """Return zone and load balancer of every alias record, by name."""
    return {
        record.inputs["name"]: (
            record.inputs["zoneId"],
            record.inputs["aliases"][0]["name"].partition(".")[0],
        )
        for record in graph.all(RECORD)
        if "aliases" in record.inputs
    }


def _clients(graph: Graph, group: str) -> set[str]:
    """Return the CIDRs that a load balancer is open to."""
    rules = [rule.inputs for rule in graph.all(INGRESS) if rule.inputs["securityGroupId"] == group]
    return {rule.get("cidrIpv4") or rule["cidrIpv6"] for rule in rules}


def test_tcp_service_has_only_a_network_load_balancer(
    declare_stack: DeclareStack,
) -> None:
    graph = declare_stack("dev", {**ALONE, **MQTT})

    assert [balancer.inputs["loadBalancerType"] for balancer in graph.all(LOAD_BALANCER)] == ["network"]
    assert not graph.all(CERTIFICATE)
    assert graph.one(LISTENER, "web").inputs["port"] == 1883
    assert _records(graph) == {"dev.example.com": ("Z-OF-example.com", "network-load-balancer-1a2b3c4")}
    assert graph.exports["url"] == "tcp://dev.example.com:1883"
    assert graph.exports["network_load_balancer_dns_name"].startswith("network-load-balancer-1a2b3c4.")
    assert "load_balancer_arn" not in graph.exports
    # Stacks attach only to an application load balancer.
    assert "attachment" not in graph.exports


def test_http_and_tcp_services_have_a_load_balancer_each(declare_stack: DeclareStack) -> None:
    services = {"mqtt": {**MQTT, "listener-protocol": "tls", "listener-port": 8883}}
    changes = {"network-load-balancer": {"fixed-addresses": True, "allowed-cidrs": ["203.0.113.0/24"]}}
    graph = declare_stack("dev", {**ALONE, "services": services, **changes})
    listener = graph.one(LISTENER, "mqtt").inputs

    assert sorted(balancer.inputs["loadBalancerType"] for balancer in graph.all(LOAD_BALANCER)) == [
        "application",
        "network",
    ]
    assert listener["certificateArn"] == graph.one(LISTENER, "load-balancer-https").inputs["certificateArn"]
    assert _records(graph) == {
        "dev.example.com": ("Z-OF-example.com", "load-balancer-1a2b3c4"),
        "mqtt.dev.example.com": ("Z-OF-example.com", "network-load-balancer-1a2b3c4"),
    }
    assert _clients(graph, "security-network-load-balancer-id") == {"203.0.113.0/24"}
    assert _clients(graph, "security-load-balancer-id") == {"0.0.0.0/0"}
    assert graph.exports["urls"]["mqtt"] == "tls://mqtt.dev.example.com:8883"
    assert graph.exports["fixed_addresses"] == [
        "address-of-network-load-balancer-us-east-1a",
        "address-of-network-load-balancer-us-east-1b",
    ]


def test_ipv6_covers_the_network_load_balancer(declare_stack: DeclareStack) -> None:
    graph = declare_stack("dev", {**ALONE, **MQTT, "ipv6": True})

    assert graph.one(LOAD_BALANCER).inputs["ipAddressType"] == "dualstack"
    assert _clients(graph, "security-network-load-balancer-id") == {"0.0.0.0/0", "::/0"}
    assert {record.inputs["type"] for record in graph.all(RECORD)} == {"A", "AAAA"}


def test_udp_service_has_a_tcp_health_check(declare_stack: DeclareStack) -> None:
    dns = {"exposure": "tcp", "listener-protocol": "udp", "container-port": 5353, "listener-port": 53}
    graph = declare_stack("dev", {**ALONE, **dns, "health-check-port": 8080})
    ports = {
        (rule.inputs["ipProtocol"], rule.inputs["fromPort"])
        for rule in graph.all(INGRESS)
        if rule.inputs["securityGroupId"] == "security-tasks-id"
    }

    assert ports == {("udp", 5353), ("tcp", 8080)}


def test_service_without_exposure_has_no_load_balancer(declare_stack: DeclareStack) -> None:
    graph = declare_stack("dev", {**ALONE, "exposure": "none"})

    assert not graph.all(LOAD_BALANCER)
    assert not graph.all(CERTIFICATE)
    assert _records(graph) == {}
    assert not graph.all(INGRESS)


def test_load_balancer_is_replaced_in_another_network(declare_stack: DeclareStack) -> None:
    """The provider would give it the new subnets, which AWS refuses in another VPC."""
    network = {
        "vpc-id": "vpc-0123456789abcdef0",
        "public-subnet-ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        "nat": "none",
    }
    triggers = [
        declare_stack("dev", changes).one(LOAD_BALANCER, "load-balancer").replacement_trigger
        for changes in ({}, {"cidr": "10.1.0.0/16"}, network)
    ]

    assert triggers == ["10.0.0.0/16", "10.1.0.0/16", "vpc-0123456789abcdef0"]


def test_internal_load_balancer_is_in_the_private_subnets(declare_stack: DeclareStack) -> None:
    graph = declare_stack("dev", {"internal": True, "allowed-cidrs": ["10.0.0.0/8"]})
    balancer = graph.one(LOAD_BALANCER).inputs

    assert _clients(graph, "security-load-balancer-id") == {"10.0.0.0/8"}
    assert balancer["internal"] is True
    assert balancer["subnets"] == graph.exports["private_subnet_ids"]


def test_host_of_a_main_service_without_exposure_routes_paths_to_others(
    declare_stack: DeclareStack,
) -> None:
    changes = {"exposure": "none", "services": {"api": {"paths": ["/api/*"]}}}

    assert _records(declare_stack("dev", {**ALONE, **changes})) == {
        "dev.example.com": ("Z-OF-example.com", "load-balancer-1a2b3c4")
    }


def test_shared_host_has_the_same_record_whichever_service_is_deployed_first(
    declare_stack: DeclareStack,
) -> None:
    """Route 53 refuses a second record, so it must not change when a service is removed or called."""
    called = {"paths": ["/api/*"], "connect": {"enabled": True}}
    changes: list[dict[str, Any]] = [
        {"services": {"api": {"paths": ["/api/*"]}}},
        {"services": {"api": called}, "connect": {"enabled": True, "offers": False}},
        {"services": {"api": {"paths": ["/api/*"]}}, "exposure": "none"},
        {"services": {"img": {"paths": ["/img/*"]}}, "exposure": "none"},
    ]
    records = [declare_stack("dev", {**ALONE, **change}).one(RECORD, "web-ipv4").urn for change in changes]

    assert len(set(records)) == 1


def test_every_name_has_a_record_in_its_zone_and_is_in_the_certificate(
    declare_stack: DeclareStack,
) -> None:
    changes = {
        "aliases": ["example.com", "*.shop.example.org"],
        "redirect-hosts": ["www.example.com"],
        "alias-zones": ["example.org"],
        "services": {"api": {"paths": ["/api/*"]}},
    }
    graph = declare_stack("dev", {**ALONE, **changes})
    balancer = "load-balancer-1a2b3c4"

    assert _records(graph) == {
        "dev.example.com": ("Z-OF-example.com", balancer),
        "example.com": ("Z-OF-example.com", balancer),
        "www.example.com": ("Z-OF-example.com", balancer),
        "*.shop.example.org": ("Z-OF-example.org", balancer),
    }
    assert graph.one(CERTIFICATE).inputs["subjectAlternativeNames"] == [
        "*.dev.example.com",
        "example.com",
        "*.shop.example.org",
        "www.example.com",
    ]
    assert {record.name for record in graph.all(RECORD)} == {
        "certificate-record",
        "certificate-record-example-com",
        "certificate-record-shop-example-org",
        "certificate-record-www-example-com",
        "web-ipv4",
        "example.com-ipv4",
        "*.shop.example.org-ipv4",
        "www.example.com-ipv4",
    }
    assert graph.one(RULE, "api").inputs["conditions"][0]["hostHeader"]["values"] == [
        "dev.example.com",
        "example.com",
        "*.shop.example.org",
    ]


def test_record_of_a_name_stays_the_same_when_the_name_moves_to_another_service(
    declare_stack: DeclareStack,
) -> None:
    """Route 53 refuses a second record before the first is deleted."""
    name = "shop.example.com"
    main = declare_stack("dev", {**ALONE, "aliases": [name], "services": {"api": {}}})
    other = declare_stack("dev", {**ALONE, "services": {"api": {"redirect-hosts": [name]}}})

    assert main.one(RECORD, f"{name}-ipv4").urn == other.one(RECORD, f"{name}-ipv4").urn
    assert main.one(HOST, name).former_names == ("web-shop-example-com",)


def test_existing_certificate_is_used(declare_stack: DeclareStack) -> None:
    graph = declare_stack("dev", {"certificate-arn": OWN_CERTIFICATE})

    assert not graph.all(CERTIFICATE)
    assert graph.one(LISTENER, "load-balancer-https").inputs["certificateArn"] == OWN_CERTIFICATE
    assert "dev.example.com" in _records(graph)


def test_dns_records_may_be_off(declare_stack: DeclareStack) -> None:
    graph = declare_stack("dev", {"certificate-arn": OWN_CERTIFICATE, "dns-records": False})

    assert not graph.all(RECORD)
    assert not graph.calls(ZONE)
    assert "zone_id" not in graph.exports
    assert graph.exports["url"] == "https://dev.example.com"


def test_zone_may_have_an_id_or_be_private(declare_stack: DeclareStack) -> None:
    by_id = declare_stack("dev", {"hosted-zone-id": "Z0123456789"})
    private = declare_stack("dev", {"private-zone": True, "certificate-arn": OWN_CERTIFICATE})

    assert not by_id.calls(ZONE)
    assert {zone for zone, _ in _records(by_id).values()} == {"Z0123456789"}
    assert private.calls(ZONE)[0].arguments["privateZone"] is True


def test_existing_listener_gets_only_rules_and_the_certificate(declare_stack: DeclareStack) -> None:
    graph = declare_stack("dev", {**EXISTING, "certificate-arn": OWN_CERTIFICATE})
    (rule,) = graph.all(RULE)

    assert not graph.all(LOAD_BALANCER)
    assert not graph.all(LISTENER)
    assert not graph.all(CERTIFICATE)
    assert rule.inputs["listenerArn"] == EXISTING["listener-arn"]
    assert 1000 <= rule.inputs["priority"] < 50_000
    certificate = graph.one("aws:lb/listenerCertificate:ListenerCertificate")
    assert certificate.inputs == {"listenerArn": EXISTING["listener-arn"], "certificateArn": OWN_CERTIFICATE}
    assert certificate.retain_on_delete, "another stack behind the listener may use it"
    assert graph.names("aws:ec2/securityGroup:SecurityGroup") == ["security-tasks"]
    assert graph.names(INGRESS) == [
        "security-tasks-from-sg-0a-tcp-3000",
        "security-tasks-from-sg-0b-tcp-3000",
    ]
    assert _records(graph) == {"dev.example.com": ("Z-OF-example.com", "existing")}
    assert graph.exports["load_balancer_arn"] == BALANCER.format("app")
    assert graph.exports["listener_arn"] == EXISTING["listener-arn"]
    assert graph.exports["url"] == "https://dev.example.com"


def test_existing_test_listener_gets_the_test_rule(declare_stack: DeclareStack) -> None:
    test = SHARED.format("fedcba9876543210")
    graph = declare_stack("dev", {**EXISTING, "rollout": {"strategy": "canary"}, "test-listener-arn": test})

    assert graph.one(RULE, "web-test").inputs["listenerArn"] == test
    assert not graph.all(LISTENER)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({**ALONE, "preview-stacks": {"maximum": 0}}, []),
        ({**ALONE}, ["*.dev.example.com"]),
        ({"preview-stacks": {"maximum": 0}}, ["*.dev.example.com"]),
    ],
    ids=["no stacks may attach", "stacks may attach", "copies"],
)
def test_certificate_has_a_wildcard_if_copies_or_stacks_may_have_names_below(
    declare_stack: DeclareStack, changes: dict[str, Any], names: list[str]
) -> None:
    """From the start, because the first copy would need another certificate."""
    certificate = declare_stack("dev", changes).one(CERTIFICATE).inputs

    assert certificate.get("subjectAlternativeNames", []) == names


@pytest.mark.parametrize(("protocol", "logged"), [("tls", True), ("tcp", False)])
def test_network_load_balancer_logs_only_tls_connections(
    declare_stack: DeclareStack, protocol: str, *, logged: bool
) -> None:
    """AWS logs no others."""
    services = {"mqtt": {**MQTT, "listener-protocol": protocol, "listener-port": 8883}}
    graph = declare_stack("dev", {**ALONE, "services": services, "log-bucket": "logs"})
    balancer = graph.one(LOAD_BALANCER, "network-load-balancer").inputs

    assert balancer.get("accessLogs") == (
        {"bucket": "logs", "prefix": "node-on-ecs/dev", "enabled": True} if logged else None
    )


def test_existing_network_load_balancer_gets_listeners(declare_stack: DeclareStack) -> None:
    changes = {**ALONE, **EXISTING_NETWORK, **MQTT, "network-load-balancer": {"arn": BALANCER.format("net")}}
    graph = declare_stack("dev", changes)

    assert not graph.all(LOAD_BALANCER)
    assert graph.one(LISTENER, "web").inputs["loadBalancerArn"] == BALANCER.format("net")
    assert graph.names(INGRESS) == [
        "security-tasks-from-sg-0a-tcp-1883",
        "security-tasks-from-sg-0b-tcp-1883",
    ]


def test_existing_listener_may_be_plain_http(
    declare_stack: DeclareStack, answer: Callable[[str, dict[str, Any]], None]
) -> None:
    answer("getListener", {"protocol": "HTTP"})

    graph = declare_stack("dev", {**EXISTING, "listener-priority": 8})

    assert graph.exports["url"] == "http://dev.example.com"
    assert graph.exports["attachment"]["https"] is False


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, dict[str, Any]], None]:
    """Change responses of AWS."""
    usual = FakeCloud.call

    def change(function: str, changes: dict[str, Any]) -> None:
        def call(self: FakeCloud, args: Any) -> dict[str, Any]:
            return {**usual(self, args), **(changes if args.token.endswith(f":{function}") else {})}

        monkeypatch.setattr(FakeCloud, "call", call)

    return change


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"vpcId": "vpc-76543210"},
            "a load balancer in vpc-01234567, the `vpc-id` of the tasks; this one is in",
        ),
        ({"securityGroups": []}, "a load balancer with a security group, from which tasks accept requests"),
    ],
)
def test_existing_load_balancer_that_cannot_reach_tasks_is_rejected(
    declare_stack: DeclareStack,
    answer: Callable[[str, dict[str, Any]], None],
    changes: dict[str, Any],
    message: str,
) -> None:
    answer("getLoadBalancer", changes)

    with pytest.raises(pulumi.RunError, match=f"^listener-arn = .*: {message}"):
        declare_stack("dev", {**EXISTING, "listener-priority": len(message)})
