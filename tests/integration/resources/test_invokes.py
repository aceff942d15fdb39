"""Provider functions, against the emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from local.resources.base import Properties, ResourceError
from local.resources.registry import INVOKES
from local.resources.table import LOOKUPS
from tests.integration.resources.examples_load_balancing import (
    balancer_id,
    listener_id,
    make_zone,
    targets_id,
)
from tests.integration.resources.examples_network import group_id, make_vpc, subnet_id, vpc_id
from tests.integration.resources.examples_services import make_cluster, make_role, repository_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.resources.example import Workbench


def invoke(bench: Workbench, function: str, package: str = "index", /, **arguments: Any) -> Properties:
    return INVOKES[f"aws:{package}/{function}:{function}"](bench.cloud, arguments)


def test_zones_are_those_of_the_region(bench: Workbench) -> None:
    zones = invoke(bench, "getAvailabilityZones")

    assert zones["names"] == [f"us-east-1{letter}" for letter in "abcdef"]
    assert zones["zoneIds"] == [f"use1-az{number}" for number in range(1, 7)]


def test_zones_can_be_left_out_by_id_and_kept_by_type(bench: Workbench) -> None:
    fewer = invoke(
        bench,
        "getAvailabilityZones",
        excludeZoneIds=["use1-az3"],
        excludeNames=["us-east-1f"],
        filters=[{"name": "zone-type", "values": ["availability-zone"]}],
    )
    local = [{"name": "zone-type", "values": ["local-zone"]}]

    assert fewer["names"] == ["us-east-1a", "us-east-1b", "us-east-1d", "us-east-1e"]
    assert invoke(bench, "getAvailabilityZones", filters=local)["names"] == []


def test_the_emulators_own_zones_have_the_ids_that_it_gives_them(bench: Workbench) -> None:
    own = bench.cloud.client("ec2").describe_availability_zones()["AvailabilityZones"]
    zones = invoke(bench, "getAvailabilityZones")

    found = dict(zip(zones["names"], zones["zoneIds"], strict=True))
    assert {zone["ZoneName"]: zone["ZoneId"] for zone in own}.items() <= found.items()


def test_what_a_lookup_of_zones_would_ignore_is_refused(bench: Workbench) -> None:
    with pytest.raises(ResourceError, match="filter 'message'"):
        invoke(bench, "getAvailabilityZones", filters=[{"name": "message", "values": ["x"]}])
    with pytest.raises(ResourceError, match="region 'eu-west-1'"):
        invoke(bench, "getAvailabilityZones", region="eu-west-1")


def test_the_caller_the_region_and_the_partition_are_the_emulators(bench: Workbench) -> None:
    caller = invoke(bench, "getCallerIdentity")

    assert caller["accountId"] == caller["id"] == "000000000000"
    assert caller["arn"]
    assert invoke(bench, "getRegion")["region"] == "us-east-1"
    assert invoke(bench, "getPartition")["partition"] == "aws"


def zone_of(bench: Workbench, **arguments: Any) -> Properties:
    return invoke(bench, "getZone", "route53", **arguments)


def test_a_zone_is_found_by_name_and_by_id(bench: Workbench) -> None:
    identifier = make_zone(bench)
    name = f"{bench.name}.example.com"

    zone = zone_of(bench, name=f"{name}.", privateZone=False)

    assert zone["zoneId"] == zone["id"] == identifier
    assert zone["name"] == name
    assert zone["nameServers"]
    assert zone_of(bench, zoneId=identifier)["name"] == name


def test_a_private_zone_of_the_same_name_is_another_one(bench: Workbench) -> None:
    public, name = make_zone(bench), f"{bench.name}.example.com"
    private = bench.cloud.client("route53").create_hosted_zone(
        Name=name,
        CallerReference=f"{bench.name}-private",
        VPC={"VPCRegion": "us-east-1", "VPCId": make_vpc(bench).id},
    )

    found = [zone_of(bench, name=name, privateZone=private_zone)["zoneId"] for private_zone in (False, True)]

    assert found == [public, private["HostedZone"]["Id"].rpartition("/")[2]]


def test_a_zone_that_nobody_could_have_made_is_made(bench: Workbench) -> None:
    name = f"{bench.name}.example.org"

    assert zone_of(bench, name=name)["id"] == zone_of(bench, name=name)["id"]


def test_a_zone_that_cannot_be_made_is_named(bench: Workbench) -> None:
    with pytest.raises(ResourceError, match="hosted zone 'ZGONE' does not exist"):
        zone_of(bench, zoneId="ZGONE")


def test_two_zones_of_one_name_ask_for_an_id(bench: Workbench) -> None:
    make_zone(bench)
    make_zone(bench)

    with pytest.raises(ResourceError, match="2 hosted zones are called"):
        zone_of(bench, name=f"{bench.name}.example.com")


EXISTING: dict[str, Callable[[Workbench], str]] = {
    "getCluster": lambda bench: make_cluster(bench).outputs["name"],
    "getListener": listener_id,
    "getLoadBalancer": balancer_id,
    "getRepository": repository_name,
    "getRole": lambda bench: make_role(bench).id,
    "getSecurityGroup": group_id,
    "getSubnet": subnet_id,
    "getTargetGroup": targets_id,
    "getVpc": vpc_id,
}


@pytest.mark.parametrize("function", sorted(LOOKUPS))
def test_what_exists_is_looked_up_by_its_id(bench: Workbench, function: str) -> None:
    _, argument = LOOKUPS[function]
    identifier = EXISTING[function.rpartition(":")[2]](bench)

    found = INVOKES[function](bench.cloud, {argument: identifier})

    assert found["id"] == found[argument] == identifier
    assert found["arn"].startswith("arn:aws:")
    assert found["tags"]["Stack"] == "test"


def test_what_does_not_exist_or_is_asked_for_otherwise_is_refused(bench: Workbench) -> None:
    with pytest.raises(ResourceError, match=r"aws:ec2/vpc:Vpc 'vpc-gone' does not exist"):
        invoke(bench, "getVpc", "ec2", id="vpc-gone")
    with pytest.raises(ResourceError, match="looks it up by `id`, not by default, id"):
        invoke(bench, "getVpc", "ec2", id="vpc-1", default=True)


def test_the_registry_is_the_one_on_this_machine(bench: Workbench) -> None:
    host = f"localhost:{urlsplit(bench.cloud.endpoint).port}"
    token = invoke(bench, "getAuthorizationToken", "ecr", registryId="000000000000")
    name = repository_name(bench)

    assert token["userName"] == "AWS"
    assert token["password"]
    assert token["proxyEndpoint"] == f"http://{host}"
    assert invoke(bench, "getRepository", "ecr", name=name)["repositoryUrl"] == f"{host}/{name}"


@pytest.mark.parametrize(
    "asked", [{"imageTag": "7"}, {"imageDigest": "sha256:" + "0" * 64}, {"mostRecent": True}]
)
def test_an_image_that_is_not_there_is_named(bench: Workbench, asked: dict[str, object]) -> None:
    name = repository_name(bench)

    with pytest.raises(ResourceError, match=name):
        invoke(bench, "getImage", "ecr", repositoryName=name, **asked)
