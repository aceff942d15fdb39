"""Provider functions, against the emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.resources.base import Properties, ResourceError
from local.resources.registry import INVOKES
from tests.integration.resources.examples_load_balancing import make_zone
from tests.integration.resources.examples_network import GATEWAY, ROUTE_TABLE, make_subnet, make_vpc

if TYPE_CHECKING:
    from tests.integration.resources.example import Workbench


def invoke(bench: Workbench, function: str, package: str = "ec2", /, **arguments: Any) -> Properties:
    return INVOKES[f"aws:{package}/{function}:{function}"](bench.cloud, arguments)


def test_zones_are_those_of_the_region(bench: Workbench) -> None:
    zones = invoke(bench, "getAvailabilityZones", "index")

    assert zones["names"] == [f"us-east-1{letter}" for letter in "abcdef"]
    assert zones["zoneIds"] == [f"use1-az{number}" for number in range(1, 7)]


def test_zones_can_be_left_out_by_id_and_kept_by_type(bench: Workbench) -> None:
    everything = invoke(bench, "getAvailabilityZones", "index")
    fewer = invoke(
        bench,
        "getAvailabilityZones",
        "index",
        excludeZoneIds=[everything["zoneIds"][2]],
        excludeNames=["us-east-1f"],
        filters=[{"name": "zone-type", "values": ["availability-zone"]}],
    )
    local = [{"name": "zone-type", "values": ["local-zone"]}]

    assert fewer["names"] == ["us-east-1a", "us-east-1b", "us-east-1d", "us-east-1e"]
    assert invoke(bench, "getAvailabilityZones", "index", filters=local)["names"] == []


def test_the_emulators_own_zones_have_the_ids_that_it_gives_them(bench: Workbench) -> None:
    own = bench.cloud.client("ec2").describe_availability_zones()["AvailabilityZones"]
    zones = invoke(bench, "getAvailabilityZones", "index")

    told = dict(zip(zones["names"], zones["zoneIds"], strict=True))
    assert {zone["ZoneName"]: zone["ZoneId"] for zone in own}.items() <= told.items()


def test_a_filter_that_would_be_ignored_is_refused(bench: Workbench) -> None:
    filters = [{"name": "message", "values": ["x"]}]

    with pytest.raises(ResourceError, match="filter 'message'"):
        invoke(bench, "getAvailabilityZones", "index", filters=filters)
    with pytest.raises(ResourceError, match="filter 'message'"):
        invoke(bench, "getSubnets", filters=filters)


def test_another_region_is_refused(bench: Workbench) -> None:
    with pytest.raises(ResourceError, match="region 'eu-west-1'"):
        invoke(bench, "getAvailabilityZones", "index", region="eu-west-1")


def test_the_caller_the_region_and_the_partition_are_the_emulators(bench: Workbench) -> None:
    caller = invoke(bench, "getCallerIdentity", "index")

    assert caller["accountId"] == caller["id"] == "000000000000"
    assert caller["arn"]
    assert invoke(bench, "getRegion", "index")["region"] == "us-east-1"
    assert invoke(bench, "getPartition", "index")["partition"] == "aws"


def test_a_zone_is_found_by_name(bench: Workbench) -> None:
    identifier = make_zone(bench)

    zone = invoke(bench, "getZone", "route53", name=f"{bench.name}.example.com", privateZone=False)

    assert zone["zoneId"] == zone["id"] == identifier
    assert zone["name"] == f"{bench.name}.example.com"
    assert zone["nameServers"]


def test_a_private_zone_of_the_same_name_is_another_one(bench: Workbench) -> None:
    public = make_zone(bench)
    private = bench.cloud.client("route53").create_hosted_zone(
        Name=f"{bench.name}.example.com",
        CallerReference=f"{bench.name}-private",
        VPC={"VPCRegion": "us-east-1", "VPCId": make_vpc(bench).id},
    )

    found = [
        invoke(bench, "getZone", "route53", name=f"{bench.name}.example.com", privateZone=private_zone)[
            "zoneId"
        ]
        for private_zone in (False, True)
    ]

    assert found == [public, private["HostedZone"]["Id"].rpartition("/")[2]]


def test_a_zone_is_found_by_id(bench: Workbench) -> None:
    identifier = make_zone(bench)

    assert invoke(bench, "getZone", "route53", zoneId=identifier)["name"] == f"{bench.name}.example.com"


def test_a_zone_that_is_not_there_is_named(bench: Workbench) -> None:
    with pytest.raises(ResourceError, match=r"hosted zone 'nowhere.example.org' does not exist"):
        invoke(bench, "getZone", "route53", name="nowhere.example.org.")


def test_two_zones_of_one_name_ask_for_an_id(bench: Workbench) -> None:
    for reference in ("one", "two"):
        bench.cloud.client("route53").create_hosted_zone(
            Name=f"{bench.name}.example.net",
            CallerReference=f"{bench.name}-{reference}",
        )

    with pytest.raises(ResourceError, match="2 hosted zones are called"):
        invoke(bench, "getZone", "route53", name=f"{bench.name}.example.net")


def test_a_vpc_is_found_by_id(bench: Workbench) -> None:
    vpc = make_vpc(bench)

    found = invoke(bench, "getVpc", id=vpc.id)

    assert (found["id"], found["cidrBlock"], found["default"]) == (vpc.id, "10.0.0.0/16", False)
    assert found["mainRouteTableId"] == vpc.outputs["mainRouteTableId"]
    assert found["tags"] == vpc.outputs["tags"]


def test_the_default_vpc_is_found(bench: Workbench) -> None:
    assert invoke(bench, "getVpc", default=True)["default"] is True


def test_a_vpc_that_is_not_there_is_named(bench: Workbench) -> None:
    with pytest.raises(ResourceError, match="0 VPCs match vpc-id = vpc-gone, one must: check that it exists"):
        invoke(bench, "getVpc", id="vpc-gone")


def test_subnets_are_found_by_vpc_and_tag(bench: Workbench) -> None:
    vpc = make_vpc(bench)
    first = make_subnet(bench, vpc)
    second = make_subnet(bench, vpc, "10.0.1.0/24", "us-east-1b")
    of_vpc = [{"name": "vpc-id", "values": [vpc.id]}]

    assert invoke(bench, "getSubnets", filters=of_vpc)["ids"] == [first.id, second.id]
    assert invoke(bench, "getSubnets", filters=of_vpc, tags={"Stack": "other"})["ids"] == []
    assert invoke(bench, "getSubnet", id=second.id)["availabilityZone"] == "us-east-1b"
    assert invoke(bench, "getSubnet", id=second.id)["vpcId"] == vpc.id


def test_two_subnets_for_one_ask_for_more(bench: Workbench) -> None:
    vpc = make_vpc(bench)
    make_subnet(bench, vpc)
    make_subnet(bench, vpc, "10.0.1.0/24")

    with pytest.raises(ResourceError, match=r"2 subnets match .* say more exactly which"):
        invoke(bench, "getSubnet", vpcId=vpc.id)


def test_a_route_table_is_found_by_its_subnet(bench: Workbench) -> None:
    vpc = make_vpc(bench)
    subnet = make_subnet(bench, vpc)
    table = bench.make(ROUTE_TABLE, {"vpcId": vpc.id})
    association = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    bench.make(association, {"routeTableId": table.id, "subnetId": subnet.id})

    found = invoke(bench, "getRouteTable", subnetId=subnet.id)

    assert found["routeTableId"] == table.id
    assert [item["subnetId"] for item in found["associations"]] == [subnet.id]
    assert invoke(bench, "getRouteTable", routeTableId=table.id)["vpcId"] == vpc.id


def test_an_internet_gateway_is_found_by_its_vpc(bench: Workbench) -> None:
    vpc = make_vpc(bench)
    gateway = bench.make(GATEWAY, {"vpcId": vpc.id})

    found = invoke(bench, "getInternetGateway", filters=[{"name": "attachment.vpc-id", "values": [vpc.id]}])

    assert found["internetGatewayId"] == gateway.id
    assert found["attachments"] == [{"state": "available", "vpcId": vpc.id}]
