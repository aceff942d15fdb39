"""The stand-in for awsx.ec2.Vpc declares what awsx 3.11.0 declares."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import pytest

from local.resources.awsx import construct_vpc
from local.resources.base import UNKNOWN, Properties, ResourceError
from local.resources.construct import Attribute, Child, Registered, ResourceReference

COMPONENT = "urn:component"
ZONES = ["us-east-1a", "us-east-1b"]
SPECS = [
    {"type": "Public", "cidrBlocks": ["10.0.32.0/20", "10.0.96.0/20"]},
    {"type": "Private", "cidrBlocks": ["10.0.0.0/19", "10.0.64.0/19"]},
]


@dataclass
class Recorder:
    """Registers every child; in a preview none of them has an id."""

    preview: bool = False
    ipv6_block: str = "2600:1f18:abcd:1200::/56"
    children: dict[str, Child] = field(default_factory=dict)
    """By `<type>/<name>`."""

    def register(self, child: Child) -> Registered:
        kind = child.token.rpartition(":")[2]
        urn = f"{kind}/{child.name}"
        self.children[urn] = child
        if self.preview:
            return Registered(urn, None, {})
        outputs: Properties = {"allocationId": f"id-{urn}"}
        if kind == "Vpc" and child.inputs.get("assignGeneratedIpv6CidrBlock"):
            outputs["ipv6CidrBlock"] = self.ipv6_block
        return Registered(urn, f"id-{urn}", outputs)

    def of(self, kind: str) -> list[Child]:
        return [child for child in self.children.values() if child.token.endswith(f":{kind}")]


def construct(recorder: Recorder, **inputs: Any) -> Properties:
    usual = {
        "cidrBlock": "10.0.0.0/16",
        "availabilityZoneNames": ZONES,
        "subnetStrategy": "Auto",
        "subnetSpecs": SPECS,
        "natGateways": {"strategy": "None"},
        **inputs,
    }
    return construct_vpc(recorder.register, name="network", urn=COMPONENT, inputs=usual)


def test_children_have_awsxs_types_and_names() -> None:
    recorder = Recorder()
    construct(recorder, natGateways={"strategy": "Single"})

    assert [*recorder.children] == [
        "Vpc/network",
        "InternetGateway/network",
        "Subnet/network-public-1",
        "RouteTable/network-public-1",
        "RouteTableAssociation/network-public-1",
        "Eip/network-1",
        "NatGateway/network-1",
        "Route/network-public-1",
        "Subnet/network-private-1",
        "RouteTable/network-private-1",
        "RouteTableAssociation/network-private-1",
        "Route/network-private-1",
        "Subnet/network-public-2",
        "RouteTable/network-public-2",
        "RouteTableAssociation/network-public-2",
        "Route/network-public-2",
        "Subnet/network-private-2",
        "RouteTable/network-private-2",
        "RouteTableAssociation/network-private-2",
        "Route/network-private-2",
    ]


@pytest.mark.parametrize(
    ("urn", "parent"),
    [
        ("Vpc/network", COMPONENT),
        ("InternetGateway/network", "Vpc/network"),
        ("Subnet/network-public-1", "Vpc/network"),
        ("RouteTable/network-public-1", "Subnet/network-public-1"),
        ("RouteTableAssociation/network-public-1", "RouteTable/network-public-1"),
        ("Route/network-private-2", "RouteTable/network-private-2"),
        ("Eip/network-1", "Subnet/network-public-1"),
        ("NatGateway/network-1", "Subnet/network-public-1"),
    ],
)
def test_children_have_awsxs_parents(urn: str, parent: str) -> None:
    recorder = Recorder()
    construct(recorder, natGateways={"strategy": "Single"})

    assert recorder.children[urn].parent == parent


def test_the_vpc_gets_the_configured_properties_and_a_name() -> None:
    recorder = Recorder()
    construct(recorder, enableDnsHostnames=True, assignGeneratedIpv6CidrBlock=False, tags={"Team": "blue"})

    assert recorder.children["Vpc/network"].inputs == {
        "assignGeneratedIpv6CidrBlock": False,
        "cidrBlock": "10.0.0.0/16",
        "enableDnsHostnames": True,
        "tags": {"Name": "network", "Team": "blue"},
    }


def test_only_public_subnets_map_public_addresses_and_all_have_tags() -> None:
    recorder = Recorder()
    construct(recorder)

    assert recorder.children["Subnet/network-public-2"].plain_inputs == {
        "assignIpv6AddressOnCreation": False,
        "availabilityZone": "us-east-1b",
        "cidrBlock": "10.0.96.0/20",
        "mapPublicIpOnLaunch": True,
        "tags": {"Name": "network-public-2", "SubnetType": "Public"},
        "vpcId": "id-Vpc/network",
    }
    assert recorder.children["Subnet/network-private-1"].inputs["mapPublicIpOnLaunch"] is False


@pytest.mark.parametrize(
    ("strategy", "gateways", "routes"),
    [
        ("None", [], {}),
        (None, ["network-1", "network-2"], {"1": "network-1", "2": "network-2"}),
        ("Single", ["network-1"], {"1": "network-1", "2": "network-1"}),
        ("OnePerAz", ["network-1", "network-2"], {"1": "network-1", "2": "network-2"}),
    ],
)
def test_private_subnets_route_through_the_configured_nat_gateways(
    strategy: str | None, gateways: list[str], routes: dict[str, str]
) -> None:
    recorder = Recorder()
    outputs = construct(recorder, natGateways={"strategy": strategy} if strategy else None)

    private = {
        route.name.rpartition("-")[2]: route.inputs["natGatewayId"].value.rpartition("/")[2]
        for route in recorder.of("Route")
        if "private" in route.name
    }

    assert [child.name for child in recorder.of("NatGateway")] == gateways
    assert [child.name for child in recorder.of("Eip")] == gateways
    assert private == routes
    assert len(outputs["natGateways"]) == len(gateways)


def test_a_nat_gateway_uses_its_own_address() -> None:
    recorder = Recorder()
    construct(recorder, natGateways={"strategy": "OnePerAz"}, tags={"Team": "blue"})

    assert recorder.children["NatGateway/network-2"].plain_inputs == {
        "allocationId": "id-Eip/network-2",
        "subnetId": "id-Subnet/network-public-2",
        "tags": {"Name": "network-2", "Team": "blue"},
    }


@pytest.mark.parametrize(
    ("more", "added"),
    [
        ({"natGateways": {"strategy": "Single"}}, "-1$|private-2$"),
        (
            {
                "availabilityZoneNames": [*ZONES, "us-east-1c"],
                "subnetSpecs": [
                    {**spec, "cidrBlocks": [*spec["cidrBlocks"], f"10.0.{number}.0/24"]}
                    for number, spec in enumerate(SPECS, start=200)
                ],
            },
            "-3$",
        ),
    ],
    ids=["NAT", "another Availability Zone"],
)
def test_more_of_a_network_adds_resources_and_changes_none(more: dict[str, Any], added: str) -> None:
    before, after = Recorder(), Recorder()
    construct(before)
    construct(after, **more)

    assert before.children.items() <= after.children.items()
    new = after.children.keys() - before.children.keys()
    assert new
    assert all(re.search(added, urn) for urn in new)


def test_ipv6_changes_only_properties_of_the_vpc_and_the_subnets() -> None:
    before, after = Recorder(), Recorder()
    construct(before)
    construct(after, assignGeneratedIpv6CidrBlock=True)

    changed = {urn for urn, child in after.children.items() if child != before.children[urn]}
    assert {urn.partition("/")[0] for urn in changed} == {"Vpc", "Subnet"}


def test_public_subnets_come_first_in_any_order_of_specs() -> None:
    recorder = Recorder()
    construct(recorder, subnetSpecs=SPECS[::-1], natGateways={"strategy": "OnePerAz"})

    assert [child.name for child in recorder.of("Subnet")] == [
        "network-public-1",
        "network-private-1",
        "network-public-2",
        "network-private-2",
    ]


def test_ipv6_blocks_are_numbered_by_type_and_zone() -> None:
    recorder = Recorder()
    construct(recorder, assignGeneratedIpv6CidrBlock=True)

    blocks = {child.name: child.plain_inputs["ipv6CidrBlock"] for child in recorder.of("Subnet")}

    assert blocks == {
        "network-public-1": "2600:1f18:abcd:1200::/64",
        "network-public-2": "2600:1f18:abcd:1201::/64",
        "network-private-1": "2600:1f18:abcd:1202::/64",
        "network-private-2": "2600:1f18:abcd:1203::/64",
    }


def test_a_subnet_spec_may_disable_ipv6() -> None:
    recorder = Recorder()
    specs = [
        {**SPECS[0], "assignIpv6AddressOnCreation": True},
        {**SPECS[1], "assignIpv6AddressOnCreation": False},
    ]
    construct(recorder, subnetSpecs=specs, assignGeneratedIpv6CidrBlock=True)

    private = recorder.children["Subnet/network-private-1"].inputs

    assert private["assignIpv6AddressOnCreation"] is False
    assert "ipv6CidrBlock" not in private


def test_ipv6_in_a_vpc_without_ipv6_is_refused() -> None:
    specs = [{**SPECS[0], "assignIpv6AddressOnCreation": True}, SPECS[1]]

    with pytest.raises(ResourceError, match="assignGeneratedIpv6CidrBlock"):
        construct(Recorder(), subnetSpecs=specs)


def test_a_preview_passes_unknown_ids_on() -> None:
    recorder = Recorder(preview=True)
    outputs = construct(recorder, assignGeneratedIpv6CidrBlock=True)

    subnet = recorder.children["Subnet/network-public-1"].inputs

    assert subnet["vpcId"] == Attribute("Vpc/network", UNKNOWN)
    assert subnet["ipv6CidrBlock"] == Attribute("Vpc/network", UNKNOWN)
    assert outputs["vpcId"] == Attribute("Vpc/network", UNKNOWN)
    assert outputs["vpc"] == ResourceReference("Vpc/network", UNKNOWN)


def test_outputs_are_awsxs() -> None:
    outputs = construct(Recorder(), natGateways={"strategy": "Single"})

    assert outputs["vpcId"] == Attribute("Vpc/network", "id-Vpc/network")
    assert outputs["subnetLayout"] == SPECS
    names = {
        key: [child.urn.removeprefix("Subnet/network-") for child in value]
        for key, value in outputs.items()
        if isinstance(value, list) and "ubnet" in key and key != "subnetLayout"
    }
    public, private = ["public-1", "public-2"], ["private-1", "private-2"]
    assert names == {
        "isolatedSubnetIds": [],
        "isolatedSubnets": [],
        "privateSubnetIds": private,
        "privateSubnets": private,
        "publicSubnetIds": public,
        "publicSubnets": public,
        "subnets": ["public-1", "private-1", "public-2", "private-2"],
    }
    counts = {key: len(outputs[key]) for key in outputs if key[0] in "enr" or key == "vpcEndpoints"}
    assert counts == {
        "eips": 1, "natGateways": 1, "routeTableAssociations": 4, "routeTables": 4, "routes": 4,
        "vpcEndpoints": 0,
    }  # fmt: skip
    assert {"internetGateway", "vpc"} <= outputs.keys()


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"vpcEndpointSpecs": [{"serviceName": "s3"}]}, "does not support vpcEndpointSpecs"),
        ({"subnetNameTagStrategy": "AvailabilityZone"}, "does not support subnetNameTagStrategy"),
        ({"subnetStrategy": None}, "subnetStrategy is None"),
        ({"subnetStrategy": "Exact"}, "subnetStrategy is 'Exact'"),
        ({"subnetSpecs": []}, "needs subnetSpecs"),
        ({"availabilityZoneNames": None, "cidrBlock": None}, "needs availabilityZoneNames, cidrBlock"),
        ({"numberOfAvailabilityZones": 2}, "does not support numberOfAvailabilityZones"),
        ({"subnetSpecs": [{"type": "Public", "size": 256}]}, r"subnetSpecs\[0\].*does not support size"),
        ({"subnetSpecs": [{"type": "Public", "cidrMask": 16}]}, "does not support cidrMask"),
        ({"subnetSpecs": [{"type": "Isolated"}]}, "'Isolated' is not one of Public, Private"),
        ({"subnetSpecs": [SPECS[0], SPECS[0]]}, "another one is Public too"),
        ({"subnetSpecs": [SPECS[0], {"type": "Private"}]}, "0 cidrBlocks for 2 Availability Zones"),
        ({"availabilityZoneNames": ["us-east-1a"]}, "2 cidrBlocks for 1 Availability Zones"),
        ({"natGateways": {"strategy": "Two"}}, "'Two' is not one of None, Single, OnePerAz"),
        (
            {"natGateways": {"strategy": "Single", "elasticIpAllocationIds": ["eip"]}},
            "does not support elasticIpAllocationIds",
        ),
        ({"subnetSpecs": SPECS[:1], "natGateways": {"strategy": "Single"}}, "private ones to serve"),
    ],
)
def test_unsupported_or_invalid_inputs_are_refused(inputs: Properties, message: str) -> None:
    recorder = Recorder()

    with pytest.raises(ResourceError, match=message):
        construct(recorder, **inputs)

    assert recorder.children == {}
