"""The network load balancer."""

from __future__ import annotations

from typing import Any

from infra.network.network_load_balancer import NetworkLoadBalancer, NetworkLoadBalancerArgs
from infra.settings import NetworkLoadBalancerSettings
from tests.unit.infra.factories import held
from tests.unit.infra.recorder import Graph, declare, once

LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
ADDRESS = "aws:ec2/eip:Eip"
COMPONENT = "node-on-ecs:infra:NetworkLoadBalancer"


@once
def _graph(
    *, ipv6: bool = False, protect: bool = False, log_bucket: str | None = None, **settings: Any
) -> Graph:
    args = NetworkLoadBalancerArgs(
        settings=NetworkLoadBalancerSettings(**settings),
        subnet_ids=["subnet-1", "subnet-2"],
        public_subnets={"us-east-1a": "public-1", "us-east-1b": "public-2"},
        security_group_id="sg-1",
        ipv6=ipv6,
        protect=protect,
        log_bucket=log_bucket,
        log_prefix="node-on-ecs/prod",
    )
    return declare(lambda: NetworkLoadBalancer("network-load-balancer", args, opts=held()))


def test_it_has_a_security_group_from_the_start_and_reaches_tasks_in_every_zone() -> None:
    """AWS gives a group to a network load balancer only when it is made."""
    assert _graph().one(LOAD_BALANCER, "network-load-balancer").inputs == {
        "loadBalancerType": "network",
        "internal": False,
        "ipAddressType": "ipv4",
        "subnets": ["subnet-1", "subnet-2"],
        "securityGroups": ["sg-1"],
        "enableCrossZoneLoadBalancing": True,
        "enableDeletionProtection": False,
    }


def test_what_it_decrypts_is_logged_below_the_stack_s_prefix() -> None:
    assert _graph(log_bucket="logs").one(LOAD_BALANCER, "network-load-balancer").inputs["accessLogs"] == {
        "bucket": "logs",
        "prefix": "node-on-ecs/prod",
        "enabled": True,
    }


def test_fixed_addresses_are_one_for_each_zone_by_its_name() -> None:
    """A zone more moves no address."""
    graph = _graph(fixed_addresses=True)
    inputs = graph.one(LOAD_BALANCER).inputs

    assert {one.name: one.inputs for one in graph.all(ADDRESS)} == {
        "network-load-balancer-us-east-1a": {"domain": "vpc"},
        "network-load-balancer-us-east-1b": {"domain": "vpc"},
    }
    assert "subnets" not in inputs
    assert inputs["subnetMappings"] == [
        {"subnetId": "public-1", "allocationId": "eipalloc-network-load-balancer-us-east-1a"},
        {"subnetId": "public-2", "allocationId": "eipalloc-network-load-balancer-us-east-1b"},
    ]
    assert graph.component_outputs(COMPONENT, "network-load-balancer")["addresses"] == [
        "address-of-network-load-balancer-us-east-1a",
        "address-of-network-load-balancer-us-east-1b",
    ]


def test_addresses_leave_the_old_load_balancer_before_there_is_another() -> None:
    """An Elastic IP address is one load balancer's at a time; without any, the new one comes first."""
    assert _graph(fixed_addresses=True).one(LOAD_BALANCER).delete_before_replace
    assert not _graph().one(LOAD_BALANCER).delete_before_replace


def test_it_may_be_for_the_vpc_alone_with_ipv6_and_protected() -> None:
    balancer = _graph(internal=True, ipv6=True, protect=True).one(LOAD_BALANCER)

    assert (balancer.inputs["internal"], balancer.inputs["ipAddressType"]) == (True, "dualstack")
    assert (balancer.protect, balancer.inputs["enableDeletionProtection"]) == (True, True)
