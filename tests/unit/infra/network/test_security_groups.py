"""Security groups of load balancers and tasks, and their rules."""

from __future__ import annotations

from typing import Any

import pytest

from infra.network.security_groups import (
    DYNAMIC,
    LoadBalancerPorts,
    PortRange,
    SecurityGroups,
    SecurityGroupsArgs,
)
from infra.settings import EgressRule
from tests.unit.infra.factories import child_options
from tests.unit.infra.recorder import Graph, declare, once

GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
LOAD_BALANCER = "security-load-balancer-id"
TASKS = "security-tasks-id"
NETWORK = "security-network-load-balancer-id"
ANYWHERE = "0.0.0.0/0"
DATABASE = EgressRule(port=5432, cidr="10.9.0.0/16", description="Database", protocol="tcp")
DNS = EgressRule(port=53, cidr="10.8.0.0/16", description="Names", protocol="udp")


def tcp(*ports: int) -> tuple[PortRange, ...]:
    return tuple(PortRange(first=port) for port in ports)


@once
def _groups(
    *,
    listeners: tuple[PortRange, ...] = tcp(80, 443),
    targets: tuple[PortRange, ...] = tcp(3000),
    client_cidrs: tuple[str, ...] = (),
    existing_group_ids: tuple[str, ...] = (),
    network: dict[str, Any] | None = None,
    **changes: Any,
) -> Graph:
    args = SecurityGroupsArgs(
        vpc_id="vpc-1",
        application=LoadBalancerPorts(
            listeners=listeners,
            targets=targets,
            client_cidrs=client_cidrs,
            existing_group_ids=existing_group_ids,
        ),
        network=LoadBalancerPorts(**(network or {})),
        **changes,
    )
    return declare(lambda: SecurityGroups("security", args, opts=child_options()))


def _rules(graph: Graph, token: str, group: str) -> set[tuple[str, int, int, str]]:
    """Return protocol, first port, last port and peer of a group's rules."""
    return {
        (
            rule.inputs["ipProtocol"],
            rule.inputs["fromPort"],
            rule.inputs["toPort"],
            rule.inputs.get("cidrIpv4")
            or rule.inputs.get("cidrIpv6")
            or rule.inputs["referencedSecurityGroupId"],
        )
        for rule in graph.all(token)
        if rule.inputs["securityGroupId"] == group
    }


def test_only_the_load_balancer_is_open_to_the_internet() -> None:
    graph = _groups()

    assert _rules(graph, INGRESS, LOAD_BALANCER) == {("tcp", 80, 80, ANYWHERE), ("tcp", 443, 443, ANYWHERE)}
    assert _rules(graph, INGRESS, TASKS) == {("tcp", 3000, 3000, LOAD_BALANCER)}
    assert _rules(graph, EGRESS, LOAD_BALANCER) == {("tcp", 3000, 3000, TASKS)}
    assert _rules(graph, EGRESS, TASKS) == {("tcp", 443, 443, ANYWHERE)}


@pytest.mark.parametrize(
    ("changes", "token", "group", "rules"),
    [
        pytest.param(
            {"listeners": tcp(80)},
            INGRESS,
            LOAD_BALANCER,
            {("tcp", 80, 80, ANYWHERE)},
            id="only ports of listeners are open",
        ),
        pytest.param(
            {"ipv6": True},
            INGRESS,
            LOAD_BALANCER,
            {("tcp", port, port, cidr) for port in (80, 443) for cidr in (ANYWHERE, "::/0")},
            id="IPv6 clients can connect to the load balancer",
        ),
        pytest.param(
            {"ipv6": True},
            EGRESS,
            TASKS,
            {("tcp", 443, 443, ANYWHERE), ("tcp", 443, 443, "::/0")},
            id="tasks can connect by IPv6",
        ),
        pytest.param(
            {"client_cidrs": ("203.0.113.0/24", "2001:db8::/32"), "ipv6": True},
            INGRESS,
            LOAD_BALANCER,
            {("tcp", port, port, cidr) for port in (80, 443) for cidr in ("203.0.113.0/24", "2001:db8::/32")},
            id="clients of the load balancer can be restricted",
        ),
        pytest.param(
            {"egress": (DATABASE, DNS)},
            EGRESS,
            TASKS,
            {("tcp", 443, 443, ANYWHERE), ("tcp", 5432, 5432, "10.9.0.0/16"), ("udp", 53, 53, "10.8.0.0/16")},
            id="tasks can connect to configured destinations",
        ),
        pytest.param(
            {"peers": (*tcp(6379), DYNAMIC)},
            EGRESS,
            TASKS,
            {
                ("tcp", 443, 443, ANYWHERE),
                ("tcp", 6379, 6379, TASKS),
                ("tcp", DYNAMIC.first, DYNAMIC.last, TASKS),
            },
            id="tasks can connect to the ports of other services",
        ),
        pytest.param(
            {"peers": (*tcp(6379), DYNAMIC)},
            INGRESS,
            TASKS,
            {
                ("tcp", 3000, 3000, LOAD_BALANCER),
                ("tcp", 6379, 6379, TASKS),
                ("tcp", DYNAMIC.first, DYNAMIC.last, TASKS),
            },
            id="tasks accept connections of other services",
        ),
        pytest.param(
            {"targets": (*tcp(3000, 4000), DYNAMIC)},
            INGRESS,
            TASKS,
            {
                ("tcp", 3000, 3000, LOAD_BALANCER),
                ("tcp", 4000, 4000, LOAD_BALANCER),
                ("tcp", 32768, 65535, LOAD_BALANCER),
            },
            id="tasks accept connections of the load balancer on every port of a service",
        ),
        pytest.param(
            {"targets": (*tcp(3000), DYNAMIC)},
            EGRESS,
            LOAD_BALANCER,
            {("tcp", 3000, 3000, TASKS), ("tcp", 32768, 65535, TASKS)},
            id="the load balancer can connect to ports that Docker chooses",
        ),
        pytest.param(
            {"network": {"listeners": tcp(883), "client_cidrs": ["10.0.0.0/8"]}},
            INGRESS,
            NETWORK,
            {("tcp", 883, 883, "10.0.0.0/8")},
            id="clients of the network load balancer can be restricted",
        ),
    ],
)
def test_rules(changes: dict[str, Any], token: str, group: str, rules: set[Any]) -> None:
    assert _rules(_groups(**changes), token, group) == rules


def test_order_of_egress_settings_does_not_change_rules() -> None:
    """Numbered rules would be replaced, with an interruption of traffic, when a rule is added before them."""
    names = _groups(egress=(DATABASE, DNS)).names(EGRESS)

    assert names == _groups(egress=(DNS, DATABASE)).names(EGRESS)
    assert "security-tasks-tcp-5432-10-9-0-0-16" in names


def test_test_listener_is_open_to_configured_clients_only() -> None:
    (test_listener,) = tcp(8443)
    graph = _groups(test_listener=test_listener, test_cidrs=["203.0.113.0/24"])

    assert ("tcp", 8443, 8443, "203.0.113.0/24") in _rules(graph, INGRESS, LOAD_BALANCER)
    assert "security-load-balancer-test-203-0-113-0-24" in graph.names(INGRESS)
    assert _groups(test_listener=test_listener).names(INGRESS) == _groups().names(INGRESS)


def test_rules_of_another_container_port_are_new_rules() -> None:
    """Rules that change in place would interrupt tasks on the old port."""
    before, after = (_groups(targets=tcp(port)) for port in (3000, 4000))

    for token, rule in (
        (EGRESS, "security-load-balancer-to-tasks"),
        (INGRESS, "security-tasks-from-load-balancer"),
    ):
        assert {*before.names(token)} - {*after.names(token)} == {f"{rule}-3000"}
        assert {*after.names(token)} - {*before.names(token)} == {f"{rule}-4000"}


def test_tasks_accept_no_connections_without_a_load_balancer() -> None:
    graph = _groups(targets=(), listeners=())

    assert graph.names(GROUP) == ["security-tasks"]
    assert not graph.all(INGRESS)


def test_network_load_balancer_is_open_to_clients_and_tasks_to_it() -> None:
    dns, targets = PortRange(first=53, protocol="udp"), PortRange(first=5353, protocol="udp")
    graph = _groups(
        listeners=(),
        targets=(),
        network={"listeners": [*tcp(883), dns], "targets": [*tcp(1883, 8080), targets]},
    )

    assert graph.names(GROUP) == ["security-network-load-balancer", "security-tasks"]
    assert _rules(graph, INGRESS, NETWORK) == {("tcp", 883, 883, ANYWHERE), ("udp", 53, 53, ANYWHERE)}
    ports = {("tcp", 1883, 1883), ("udp", 5353, 5353), ("tcp", 8080, 8080)}
    assert _rules(graph, EGRESS, NETWORK) == {(*port, TASKS) for port in ports}
    assert _rules(graph, INGRESS, TASKS) == {(*port, NETWORK) for port in ports}


def test_tasks_accept_connections_of_existing_load_balancers_whose_groups_are_not_changed() -> None:
    graph = _groups(
        listeners=(),
        targets=(*tcp(3000), DYNAMIC),
        existing_group_ids=("sg-0a", "sg-0b"),
        network={"existing_group_ids": ["sg-0c"], "targets": tcp(1883)},
    )

    assert _rules(graph, INGRESS, TASKS) == {
        ("tcp", 3000, 3000, "sg-0a"),
        ("tcp", 3000, 3000, "sg-0b"),
        ("tcp", DYNAMIC.first, 65535, "sg-0a"),
        ("tcp", DYNAMIC.first, 65535, "sg-0b"),
        ("tcp", 1883, 1883, "sg-0c"),
    }
    assert {rule.inputs["securityGroupId"] for rule in (*graph.all(INGRESS), *graph.all(EGRESS))} == {TASKS}


def test_existing_load_balancers_may_have_the_same_group() -> None:
    """AWS refuses a rule twice, and Pulumi a name."""
    graph = _groups(
        listeners=(),
        existing_group_ids=("sg-0a",),
        network={"existing_group_ids": ["sg-0a"], "targets": tcp(3000, 1883)},
    )

    assert graph.names(INGRESS) == [
        "security-tasks-from-sg-0a-tcp-1883",
        "security-tasks-from-sg-0a-tcp-3000",
    ]


def test_the_entire_internet_has_the_same_rules_by_default_and_by_configuration() -> None:
    """Else an update would create them a second time before it deletes the first, which AWS refuses."""
    default = _groups(ipv6=True)
    configured = _groups(ipv6=True, client_cidrs=(ANYWHERE, "::/0"))

    assert configured.names(INGRESS) == default.names(INGRESS)
