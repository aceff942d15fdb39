"""Security groups: three ways that traffic may take, and no other."""

from __future__ import annotations

from typing import Any

from infra.network.security_groups import SecurityGroups, SecurityGroupsArgs
from infra.settings import EgressRule
from tests.unit.infra.factories import held
from tests.unit.infra.recorder import Graph, declare, once

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
LOAD_BALANCER = "security-load-balancer-id"
TASKS = "security-tasks-id"


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
