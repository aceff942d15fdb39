"""The network load balancer."""

from __future__ import annotations

from typing import Any

from infra.network.load_balancer import NetworkLoadBalancer, NetworkLoadBalancerArgs
from infra.settings import NetworkLoadBalancerSettings
from tests.unit.infra.factories import child_options
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
    return declare(lambda: NetworkLoadBalancer("network-load-balancer", args, opts=child_options()))


def test_load_balancer_has_a_security_group_and_connects_to_tasks_in_every_zone() -> None:
    """A network load balancer can have a group only from its creation on."""
    assert _graph().one(LOAD_BALANCER, "network-load-balancer").inputs == {
        "loadBalancerType": "network",
        "internal": False,
        "ipAddressType": "ipv4",
        "subnets": ["subnet-1", "subnet-2"],
        "securityGroups": ["sg-1"],
        "enableCrossZoneLoadBalancing": True,
        "enableDeletionProtection": False,
    }


def test_access_logs_have_the_prefix_of_the_stack() -> None:
    assert _graph(log_bucket="logs").one(LOAD_BALANCER, "network-load-balancer").inputs["accessLogs"] == {
        "bucket": "logs",
        "prefix": "node-on-ecs/prod",
        "enabled": True,
    }


def test_fixed_addresses_are_named_after_their_zones() -> None:
    """Another zone then changes no address."""
    graph = _graph(fixed_addresses=True)
    inputs = graph.one(LOAD_BALANCER).inputs

    assert {address.name: address.inputs for address in graph.all(ADDRESS)} == {
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


def test_load_balancer_with_fixed_addresses_is_deleted_before_its_replacement() -> None:
    """An Elastic IP address belongs to one load balancer at a time."""
    assert _graph(fixed_addresses=True).one(LOAD_BALANCER).delete_before_replace
    assert not _graph().one(LOAD_BALANCER).delete_before_replace


def test_load_balancer_without_fixed_addresses_any_more_is_replaced() -> None:
    """The provider would keep them at the load balancer, and AWS refuses to release addresses in use."""
    triggers = [
        _graph(fixed_addresses=fixed).one(LOAD_BALANCER).replacement_trigger for fixed in (True, False)
    ]

    assert triggers == ["fixed", "assigned by AWS"]


def test_load_balancer_can_be_internal_with_ipv6_and_protected() -> None:
    load_balancer = _graph(internal=True, ipv6=True, protect=True).one(LOAD_BALANCER)

    assert (load_balancer.inputs["internal"], load_balancer.inputs["ipAddressType"]) == (True, "dualstack")
    assert (load_balancer.protect, load_balancer.inputs["enableDeletionProtection"]) == (True, True)
