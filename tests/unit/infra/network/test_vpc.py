"""The network: its layout, its subnets and an existing VPC."""

from __future__ import annotations

from ipaddress import IPv4Network
from itertools import combinations
from typing import Any

import pulumi
import pytest

from infra.network.vpc import Network, NetworkArgs, subnet_layout
from infra.settings import NetworkSettings
from tests.unit.infra.factories import child_options
from tests.unit.infra.fake_cloud import REGION, ZONES, FakeCloud
from tests.unit.infra.recorder import Graph, declare, once
from tests.unit.infra.settings_fixtures import SUBNETS

EXISTING_VPC = "vpc-0123456789abcdef0"
VPC = "awsx:ec2:Vpc"
VPC_OF_AWSX = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
NETWORK = "node-on-ecs:infra:Network"
ROUTE = "aws:ec2/route:Route"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"


@once
def _network(*, protect: bool = False, zones: tuple[str, ...] = ZONES, **changes: Any) -> Graph:
    args = NetworkArgs(settings=NetworkSettings(**changes), region=REGION, protect=protect)
    return declare(lambda: Network("network", args, opts=child_options()), cloud=FakeCloud(zones=zones))


def _ranges(graph: Graph) -> dict[tuple[str, str], str]:
    """Return the range of each subnet, by kind and zone."""
    inputs = graph.one(VPC).inputs
    return {
        (spec["type"], zone): cidr
        for spec in inputs["subnetSpecs"]
        for zone, cidr in zip(inputs["availabilityZoneNames"], spec["cidrBlocks"], strict=True)
    }


def test_subnets_keep_their_ranges_when_nat_or_the_number_of_zones_changes() -> None:
    """A change of a range replaces the subnet, with the load balancer and every task in it."""
    layouts = [
        _ranges(_network(nat=nat, availability_zones=zones))
        for nat, zones in (("none", 2), ("single", 3), ("one-per-az", 4))
    ]

    assert [len(layout) for layout in layouts] == [4, 6, 8]
    assert layouts[0].items() < layouts[1].items() < layouts[2].items()


@pytest.mark.parametrize("cidr", ["10.0.0.0/16", "192.168.4.0/22", "172.16.128.0/19"])
def test_subnets_do_not_overlap_and_are_large_enough_for_a_load_balancer(cidr: str) -> None:
    """AWS rejects ranges that overlap, and requires a /27 or larger for a load balancer."""
    subnets = [subnet for slot in subnet_layout(cidr) for subnet in (slot.public, slot.private)]

    assert all(subnet.subnet_of(IPv4Network(cidr)) for subnet in subnets)
    assert not any(subnet.overlaps(other) for subnet, other in combinations(subnets, 2))
    assert all(subnet.prefixlen <= 27 for subnet in subnets)


@pytest.mark.parametrize(
    ("cidr", "layout"),
    [
        (
            "10.0.0.0/16",
            [
                ("10.0.0.0/19", "10.0.32.0/20"),
                ("10.0.64.0/19", "10.0.96.0/20"),
                ("10.0.128.0/19", "10.0.160.0/20"),
                ("10.0.192.0/19", "10.0.224.0/20"),
            ],
        ),
        (
            "192.168.4.0/22",
            [
                ("192.168.4.0/25", "192.168.4.128/26"),
                ("192.168.5.0/25", "192.168.5.128/26"),
                ("192.168.6.0/25", "192.168.6.128/26"),
                ("192.168.7.0/25", "192.168.7.128/26"),
            ],
        ),
    ],
)
def test_layout_is_that_of_existing_stacks(cidr: str, layout: list[tuple[str, str]]) -> None:
    """Spelled out, because another formula would replace the subnets of existing stacks."""
    assert [(str(slot.private), str(slot.public)) for slot in subnet_layout(cidr)] == layout


@pytest.mark.parametrize(
    ("nat", "strategy"), [("none", "None"), ("single", "Single"), ("one-per-az", "OnePerAz")]
)
def test_nat_gateways_follow_the_settings(nat: str, strategy: str) -> None:
    assert _network(nat=nat).one(VPC).inputs["natGateways"] == {"strategy": strategy}


@pytest.mark.parametrize(("nat", "subnets"), [("none", "public"), ("single", "private")])
def test_tasks_have_public_addresses_only_without_nat(nat: str, subnets: str) -> None:
    """Otherwise they could not pull their image."""
    outputs = _network(nat=nat).component_outputs(NETWORK, "network")

    assert outputs["tasks_have_public_addresses"] is (subnets == "public")
    assert outputs["task_subnet_ids"] == outputs[f"{subnets}_subnet_ids"]


def _transformed(graph: Graph, token: str, **props: Any) -> pulumi.ResourceTransformResult | None:
    """Return what the transform of awsx's resources makes of one of them."""
    (transform,) = graph.one(VPC).transforms
    return transform(
        pulumi.ResourceTransformArgs(
            custom=True,
            type_=token,
            name="network-public-1",
            props=props,
            opts=pulumi.ResourceOptions(ignore_changes=["tags"]),
        )
    )


@pytest.mark.parametrize("ipv6", [True, False])
def test_subnets_assign_no_public_addresses(ipv6: bool) -> None:  # noqa: FBT001
    """Awsx enables it for public subnets; a transform disables it, for subnets only."""
    graph = _network(ipv6=ipv6)
    subnet = _transformed(graph, SUBNET, mapPublicIpOnLaunch=True, cidrBlock="10.0.0.0/24")

    assert subnet is not None
    assert subnet.props == {"mapPublicIpOnLaunch": False, "cidrBlock": "10.0.0.0/24"}
    assert _transformed(graph, "aws:ec2/routeTable:RouteTable") is None


def test_ipv6_ranges_are_kept_when_ipv6_is_switched_off() -> None:
    """AWS refuses to remove the VPC's range while subnets have a part of it, and Pulumi updates the VPC first."""
    ranges = {VPC_OF_AWSX: "assignGeneratedIpv6CidrBlock", SUBNET: "ipv6CidrBlock"}

    for token, range_ in ranges.items():
        off, on = (_transformed(_network(ipv6=ipv6), token) for ipv6 in (False, True))
        assert off is not None
        assert on is not None
        assert (off.opts.ignore_changes, on.opts.ignore_changes) == (["tags", range_], ["tags"])


def test_default_security_group_has_no_rules() -> None:
    """AWS assigns it to resources without a group (EC2.2)."""
    inputs = _network().one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "network-default").inputs

    assert inputs == {"vpcId": "network-vpc-id"}


def test_zones_without_fargate_and_local_zones_are_excluded() -> None:
    """Tasks would never start there. By id, as the name of a zone differs between accounts."""
    (call,) = _network().calls("aws:index/getAvailabilityZones:getAvailabilityZones")

    assert call.arguments["filters"] == [{"name": "zone-type", "values": ["availability-zone"]}]
    assert set(call.arguments["excludeZoneIds"]) == {
        "use1-az3",  # no Fargate on arm64
        "usw1-az2",
        "apne1-az3",
        "cnn1-az3",
        "cnn1-az4",
    }


def test_more_zones_than_the_region_has_are_rejected() -> None:
    with pytest.raises(
        pulumi.RunError, match=r"availability-zones = 4: at most 2, for this account can use here-1a, here-1b"
    ):
        _network(availability_zones=4, zones=("here-1a", "here-1b"))


def test_ipv6_is_for_public_subnets_and_each_has_a_route() -> None:
    """The IPv6 blocks that awsx assigns to private subnets would change with the number of zones."""
    graph = _network(ipv6=True, availability_zones=3)
    inputs = graph.one(VPC).inputs
    routes = {route.name: route.inputs for route in graph.all(ROUTE)}

    assert inputs["assignGeneratedIpv6CidrBlock"] is True
    assert {spec["type"]: spec["assignIpv6AddressOnCreation"] for spec in inputs["subnetSpecs"]} == {
        "Public": True,
        "Private": False,
    }
    assert routes == {
        f"network-ipv6-us-east-1{letter}": {
            "routeTableId": f"network-public-{number}-RouteTable-id",
            "destinationIpv6CidrBlock": "::/0",
            "gatewayId": "network-InternetGateway-id",
        }
        for number, letter in enumerate("abc", 1)
    }


def test_no_ipv6_routes_without_ipv6() -> None:
    assert _network(ipv6=False).all(ROUTE) == []


@pytest.mark.parametrize("protect", [True, False])
def test_vpc_can_be_protected(protect: bool) -> None:  # noqa: FBT001
    assert _network(protect=protect).one(VPC).protect is protect


def test_existing_vpc_is_used_without_new_resources() -> None:
    public, private = SUBNETS[:2], SUBNETS[2:4]
    graph = _network(vpc_id=EXISTING_VPC, public_subnet_ids=public, private_subnet_ids=private)

    assert [r.type for r in graph.resources if r.type.startswith(("aws:", "awsx:"))] == []
    assert graph.component_outputs(NETWORK, "network") == {
        "vpc_id": EXISTING_VPC,
        "public_subnet_ids": [*public],
        "private_subnet_ids": [*private],
        "task_subnet_ids": [*private],
        "tasks_have_public_addresses": False,
    }


def test_s3_has_a_gateway_endpoint() -> None:
    """Image layers come from S3; NAT gateways charge for each byte."""
    endpoint = _network(availability_zones=2).one(ENDPOINT, "network-s3").inputs

    assert (endpoint["vpcEndpointType"], endpoint["serviceName"]) == ("Gateway", f"com.amazonaws.{REGION}.s3")
    assert len(endpoint["routeTableIds"]) == 4
