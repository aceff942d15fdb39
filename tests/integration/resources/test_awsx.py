"""The stand-in for awsx with the program's inputs and the real handlers."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any

import pytest

from local.resources.awsx import construct_vpc
from local.resources.construct import Attribute, Child, Registered
from local.resources.registry import HANDLERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.resources.base import Properties
    from tests.integration.resources.example import Workbench

ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")


@dataclass
class Engine:
    """Creates and updates children as Pulumi's engine does, and records the steps."""

    bench: Workbench
    state: dict[str, tuple[str, Properties, Properties]] = field(default_factory=dict)
    """Id, inputs and outputs, by `<type>/<name>`."""
    steps: dict[str, list[str]] = field(default_factory=dict)

    def register(self, child: Child) -> Registered:
        handler, cloud = HANDLERS[child.token], self.bench.cloud
        urn = f"{child.token.rpartition(':')[2]}/{child.name}"
        identifier, old, outputs = self.state.get(urn, ("", None, {}))
        new = handler.check(cloud, name=child.name, old=old, new=child.plain_inputs, random_hex="0123456789")
        if old is None:
            identifier = handler.create(cloud, urn=urn, inputs=new)
            self.steps.setdefault("create", []).append(urn)
        elif (difference := handler.diff(old, new)).changed:
            assert difference.replace == (), f"{urn} is replaced"
            handler.update(cloud, id=identifier, old=outputs, new=new, changed=difference.changed)
            self.steps.setdefault("update", []).append(urn)
        read = handler.read(cloud, id=identifier, inputs=new)
        assert read is not None
        self.state[urn] = (identifier, new, read)
        return Registered(urn, identifier, read)

    def up(self, zones: int = 2, nat: str = "None", *, ipv6: bool = False) -> Properties:
        """Construct a network with inputs like the program's; return the component's outputs."""
        slots = list(IPv4Network("10.9.0.0/16").subnets(2))[:zones]
        public = [str(list(slot.subnets(2))[2]) for slot in slots]
        private = [str(next(slot.subnets(1))) for slot in slots]
        self.steps = {}
        inputs: Properties = {
            "cidrBlock": "10.9.0.0/16",
            "availabilityZoneNames": list(ZONES[:zones]),
            "enableDnsHostnames": True,
            "assignGeneratedIpv6CidrBlock": ipv6,
            "natGateways": {"strategy": nat},
            "subnetStrategy": "Auto",
            "subnetSpecs": [
                {"type": "Public", "cidrBlocks": public, "assignIpv6AddressOnCreation": ipv6},
                {"type": "Private", "cidrBlocks": private, "assignIpv6AddressOnCreation": False},
            ],
        }
        return construct_vpc(self.register, name="network", urn="component", inputs=inputs)

    def destroy(self) -> None:
        for urn, (identifier, _, outputs) in reversed(self.state.items()):
            kind = urn.partition("/")[0]
            token = f"aws:ec2/{kind[0].lower()}{kind[1:]}:{kind}"
            HANDLERS[token].delete(self.bench.cloud, id=identifier, outputs=outputs)
        self.state.clear()


@pytest.fixture
def engine(bench: Workbench) -> Iterator[Engine]:
    engine = Engine(bench)
    yield engine
    engine.destroy()


def ids(attributes: list[Attribute]) -> list[Any]:
    return [attribute.value for attribute in attributes]


def test_a_network_is_created_unchanged_and_deleted(engine: Engine, bench: Workbench) -> None:
    made = engine.up(nat="OnePerAz", ipv6=True)
    of_vpc = [{"Name": "vpc-id", "Values": [made["vpcId"].value]}]
    ec2 = bench.cloud.client("ec2")
    subnets = {subnet["SubnetId"] for subnet in ec2.describe_subnets(Filters=of_vpc)["Subnets"]}
    assert subnets == {*ids(made["publicSubnetIds"]), *ids(made["privateSubnetIds"])}
    assert len(subnets) == 4

    again = engine.up(nat="OnePerAz", ipv6=True)
    assert engine.steps == {}
    assert again == made

    engine.destroy()
    assert ec2.describe_subnets(Filters=of_vpc)["Subnets"] == []
    assert ec2.describe_route_tables(Filters=of_vpc)["RouteTables"] == []


def test_enabling_nat_only_adds_resources(engine: Engine) -> None:
    engine.up()

    engine.up(nat="Single")

    assert engine.steps == {
        "create": [
            "Eip/network-1",
            "NatGateway/network-1",
            "Route/network-private-1",
            "Route/network-private-2",
        ]
    }


def test_another_availability_zone_only_adds_resources(engine: Engine) -> None:
    engine.up(zones=2)

    engine.up(zones=3)

    assert set(engine.steps) == {"create"}
    assert all(urn.endswith("-3") for urn in engine.steps["create"])


def test_enabling_ipv6_replaces_nothing(engine: Engine) -> None:
    engine.up()

    engine.up(ipv6=True)

    assert engine.steps == {"update": ["Vpc/network", "Subnet/network-public-1", "Subnet/network-public-2"]}
