"""Security groups: the ways that traffic may take, and no other."""

from __future__ import annotations

from typing import Any

from infra.network.security_groups import DYNAMIC, Door, SecurityGroups, SecurityGroupsArgs
from infra.settings import EgressRule
from tests.unit.infra.factories import held
from tests.unit.infra.recorder import Graph, declare, once

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
LOAD_BALANCER = "security-load-balancer-id"
TASKS = "security-tasks-id"
NETWORK = "security-network-load-balancer-id"


@once
def _groups(**changes: Any) -> Graph:
    args = SecurityGroupsArgs(
        **{"vpc_id": "vpc-1", "container_ports": (3000,), "public_ports": [80, 443], **changes}
    )
    return declare(lambda: SecurityGroups("security", args, opts=held()))


def _rules(graph: Graph, token: str, group: str) -> set[tuple[str, int, int, str]]:
    """Return protocol, first port, last port and other side of a group's rules."""
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


def test_the_world_reaches_the_load_balancer_and_nothing_else() -> None:
    graph = _groups()

    assert _rules(graph, INGRESS, LOAD_BALANCER) == {
        ("tcp", 80, 80, "0.0.0.0/0"),
        ("tcp", 443, 443, "0.0.0.0/0"),
    }
    assert _rules(graph, INGRESS, TASKS) == {("tcp", 3000, 3000, LOAD_BALANCER)}


def test_the_load_balancer_reaches_the_container_port_of_tasks_alone() -> None:
    assert _rules(_groups(container_ports=(8000,)), EGRESS, LOAD_BALANCER) == {("tcp", 8000, 8000, TASKS)}


def test_without_a_certificate_only_port_80_is_open() -> None:
    """An open port that nothing listens on is a question in every audit."""
    assert _rules(_groups(public_ports=[80]), INGRESS, LOAD_BALANCER) == {("tcp", 80, 80, "0.0.0.0/0")}


def test_tasks_reach_https_and_what_config_lists() -> None:
    egress = (
        EgressRule(port=5432, cidr="10.9.0.0/16", description="Database", protocol="tcp"),
        EgressRule(port=53, cidr="10.8.0.0/16", description="Names", protocol="udp"),
    )

    assert _rules(_groups(egress=egress), EGRESS, TASKS) == {
        ("tcp", 443, 443, "0.0.0.0/0"),
        ("tcp", 5432, 5432, "10.9.0.0/16"),
        ("udp", 53, 53, "10.8.0.0/16"),
    }


def test_tasks_reach_each_other_by_what_services_offer_and_nothing_else() -> None:
    graph = _groups(peer_ports=(6379,))

    assert _rules(graph, INGRESS, TASKS) == {("tcp", 3000, 3000, LOAD_BALANCER), ("tcp", 6379, 6379, TASKS)}
    assert _rules(graph, EGRESS, TASKS) == {("tcp", 443, 443, "0.0.0.0/0"), ("tcp", 6379, 6379, TASKS)}


def test_tasks_that_share_an_instance_s_address_reach_each_other_by_ports_that_docker_chooses() -> None:
    graph = _groups(dynamic_peer_ports=True)

    assert ("tcp", 32768, 65535, TASKS) in _rules(graph, INGRESS, TASKS)
    assert ("tcp", 32768, 65535, TASKS) in _rules(graph, EGRESS, TASKS)


def test_the_order_of_the_listed_egress_makes_no_difference() -> None:
    """Rules that were numbered would be replaced, and traffic cut, when one is added before them."""
    first = EgressRule(port=5432, cidr="10.9.0.0/16", description="Database", protocol="tcp")
    second = EgressRule(port=6379, cidr="10.9.0.0/16", description="Cache", protocol="tcp")

    names = _groups(egress=(first, second)).names(EGRESS)

    assert names == _groups(egress=(second, first)).names(EGRESS)
    assert "security-tasks-tcp-5432-10-9-0-0-16" in names


def test_with_ipv6_the_same_is_open_for_ipv6() -> None:
    graph = _groups(ipv6=True)

    assert _rules(graph, INGRESS, LOAD_BALANCER) == {
        ("tcp", 80, 80, "0.0.0.0/0"),
        ("tcp", 443, 443, "0.0.0.0/0"),
        ("tcp", 80, 80, "::/0"),
        ("tcp", 443, 443, "::/0"),
    }
    assert _rules(graph, EGRESS, TASKS) == {("tcp", 443, 443, "0.0.0.0/0"), ("tcp", 443, 443, "::/0")}


def test_the_test_listener_is_open_to_whom_the_configuration_names() -> None:
    graph = _groups(test_port=8443, test_cidrs=["203.0.113.0/24"])

    assert ("tcp", 8443, 8443, "203.0.113.0/24") in _rules(graph, INGRESS, LOAD_BALANCER)
    assert "security-load-balancer-test-203-0-113-0-24" in graph.names(INGRESS)


def test_a_test_listener_is_closed_unless_somebody_is_named() -> None:
    assert _rules(_groups(test_port=8443), INGRESS, LOAD_BALANCER) == _rules(
        _groups(), INGRESS, LOAD_BALANCER
    )


def test_another_container_port_makes_new_rules_before_the_old_ones_go() -> None:
    """Rules that were changed in place would cut off tasks that still serve on the old port."""
    before, after = (_groups(container_ports=(port,)) for port in (3000, 4000))
    names = [
        {rule.name for token in (INGRESS, EGRESS) for rule in graph.all(token) if "tasks" in rule.name}
        for graph in (before, after)
    ]

    assert names[0] - names[1] == {
        "security-load-balancer-to-tasks-3000",
        "security-tasks-from-load-balancer-3000",
    }
    assert names[1] - names[0] == {
        "security-load-balancer-to-tasks-4000",
        "security-tasks-from-load-balancer-4000",
    }


def test_the_rules_of_a_stack_that_is_up_are_known_by_their_old_names() -> None:
    """Else its update would replace them."""
    graph = _groups()
    aliases = {rule.name: rule.aliases for token in (INGRESS, EGRESS) for rule in graph.all(token)}

    assert "security-load-balancer-to-tasks" in "".join(aliases["security-load-balancer-to-tasks-3000"])
    assert "security-tasks-from-load-balancer" in "".join(aliases["security-tasks-from-load-balancer-3000"])


def test_the_load_balancer_reaches_ports_that_docker_chooses_only_where_a_service_needs_them() -> None:
    graph = _groups(dynamic_ports=True)

    assert _rules(graph, INGRESS, TASKS) == {
        ("tcp", 3000, 3000, LOAD_BALANCER),
        ("tcp", 32768, 65535, LOAD_BALANCER),
    }
    assert _rules(graph, EGRESS, LOAD_BALANCER) == {
        ("tcp", 3000, 3000, TASKS),
        ("tcp", 32768, 65535, TASKS),
    }


def test_only_clients_that_the_configuration_names_reach_the_load_balancer() -> None:
    graph = _groups(allowed_cidrs=["203.0.113.0/24", "2001:db8::/32"], ipv6=True)

    assert _rules(graph, INGRESS, LOAD_BALANCER) == {
        ("tcp", port, port, cidr) for port in (80, 443) for cidr in ("203.0.113.0/24", "2001:db8::/32")
    }
    assert "security-load-balancer-443-203-0-113-0-24" in graph.names(INGRESS)
    assert "security-load-balancer-443-2001-db8---32" in graph.names(INGRESS)


def test_each_port_of_the_services_is_open_to_the_load_balancer() -> None:
    graph = _groups(container_ports=[3000, 4000])

    assert _rules(graph, INGRESS, TASKS) == {
        ("tcp", 3000, 3000, LOAD_BALANCER),
        ("tcp", 4000, 4000, LOAD_BALANCER),
    }


def test_without_a_load_balancer_nobody_reaches_the_tasks() -> None:
    graph = _groups(container_ports=[], public_ports=[])

    assert graph.names("aws:ec2/securityGroup:SecurityGroup") == ["security-tasks"]
    assert not graph.all(INGRESS)


def test_clients_reach_the_network_load_balancer_and_it_the_tasks() -> None:
    graph = _groups(
        container_ports=[],
        public_ports=[],
        network_ports=[Door(port=883), Door(port=53, protocol="udp")],
        network_container_ports=[Door(port=1883), Door(port=5353, protocol="udp"), Door(port=8080)],
    )

    assert graph.names("aws:ec2/securityGroup:SecurityGroup") == [
        "security-network-load-balancer",
        "security-tasks",
    ]
    assert _rules(graph, INGRESS, NETWORK) == {
        ("tcp", 883, 883, "0.0.0.0/0"),
        ("udp", 53, 53, "0.0.0.0/0"),
    }
    reached = {("tcp", 1883, 1883), ("udp", 5353, 5353), ("tcp", 8080, 8080)}
    assert _rules(graph, EGRESS, NETWORK) == {(*door, TASKS) for door in reached}
    assert _rules(graph, INGRESS, TASKS) == {(*door, NETWORK) for door in reached}


def test_only_named_clients_reach_the_network_load_balancer() -> None:
    graph = _groups(network_ports=[Door(port=883)], network_cidrs=["10.0.0.0/8"])

    assert _rules(graph, INGRESS, NETWORK) == {("tcp", 883, 883, "10.0.0.0/8")}


def test_tasks_are_reached_from_load_balancers_that_are_there_already() -> None:
    """Their own groups are others': nothing is changed there."""
    graph = _groups(
        public_ports=[],
        existing_ids=["sg-0a", "sg-0b"],
        dynamic_ports=True,
        existing_network_ids=["sg-0c"],
        network_container_ports=[Door(port=1883)],
    )

    assert _rules(graph, INGRESS, TASKS) == {
        ("tcp", 3000, 3000, "sg-0a"),
        ("tcp", 3000, 3000, "sg-0b"),
        ("tcp", DYNAMIC.port, 65535, "sg-0a"),
        ("tcp", DYNAMIC.port, 65535, "sg-0b"),
        ("tcp", 1883, 1883, "sg-0c"),
    }
    assert {rule.inputs["securityGroupId"] for rule in graph.resources if rule.type in (INGRESS, EGRESS)} == {
        TASKS
    }
