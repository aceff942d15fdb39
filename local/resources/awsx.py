"""Stand-in for the remote component `awsx.ec2.Vpc`: the same children and outputs.

It follows awsx 3.11.0 (awsx/ec2/vpc.ts) for the inputs that the program uses, and refuses all others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv6Network
from typing import Final

from local.resources.base import UNKNOWN, Properties, ResourceError
from local.resources.construct import Attribute, Child, Register, Registered

_VPC_INPUTS: Final = (
    "assignGeneratedIpv6CidrBlock", "enableDnsHostnames",
)  # fmt: skip
_OWN_INPUTS: Final = (
    "availabilityZoneNames", "cidrBlock", "natGateways", "subnetSpecs", "subnetStrategy", "tags",
)  # fmt: skip
_REQUIRED: Final = ("availabilityZoneNames", "cidrBlock", "subnetSpecs")
_SPEC_INPUTS: Final = ("assignIpv6AddressOnCreation", "cidrBlocks", "type")
_TYPES: Final = ("Public", "Private")
_NAT_STRATEGIES: Final = ("None", "Single", "OnePerAz")
_ANYWHERE: Final = "0.0.0.0/0"


def construct_vpc(register: Register, *, name: str, urn: str, inputs: Properties) -> Properties:
    """Register awsx's children of a VPC under the component `urn`, and return the component's outputs.

    Outputs are `ResourceReference`s for resources and `Attribute`s for ids, UNKNOWN in the preview of a
    creation.

    Raises:
        ResourceError: inputs that awsx refuses, or that this stand-in does not support.
    """
    configured = {key: value for key, value in inputs.items() if value is not None}
    what = f"awsx.ec2.Vpc {name!r}"
    _require_supported(what, configured, (*_VPC_INPUTS, *_OWN_INPUTS))
    if missing := [key for key in _REQUIRED if not configured.get(key)]:
        raise ResourceError(f"{what}: the local run needs {', '.join(missing)}")
    if configured.get("subnetStrategy") != "Auto":
        raise ResourceError(
            f"{what}: subnetStrategy is {configured.get('subnetStrategy')!r}, "
            f"the local run supports only 'Auto': set it",
        )
    zones: list[str] = configured["availabilityZoneNames"]
    specs = _specs(what, configured, len(zones))
    strategy = _nat_strategy(what, configured, {str(spec["type"]) for spec in specs})

    own_tags: Properties = configured.get("tags") or {}
    tags = {"Name": name, **own_tags}
    vpc_inputs = {key: configured[key] for key in _VPC_INPUTS if key in configured}
    vpc_inputs |= {"cidrBlock": configured["cidrBlock"], "tags": tags}
    vpc = register(Child("aws:ec2/vpc:Vpc", name, vpc_inputs, urn))
    build = _Build(register, name, configured, tags, strategy, vpc)
    gateway = build.child("internetGateway", name, vpc, {"vpcId": vpc.output("id"), "tags": tags})
    # Public ones first, as private subnets route to their NAT gateways.
    ordered = sorted(specs, key=lambda spec: _TYPES.index(spec["type"]))
    for zone_index, zone in enumerate(zones):
        for position, spec in enumerate(ordered):
            build.subnet(spec, zone, zone_index, gateway, ipv6_index=zone_index + position * len(zones))
    return build.outputs(gateway, specs)


@dataclass(frozen=True)
class _Build:
    """Registers the subnets, each with its route table."""

    register: Register
    name: str
    configured: Properties
    tags: Properties
    strategy: str
    vpc: Registered
    children: dict[str, list[Registered]] = field(default_factory=lambda: defaultdict(list))
    """By type, and subnets also by subnet type."""

    def child(self, kind: str, name: str, parent: Registered, inputs: Properties) -> Registered:
        """Register a child of a child."""
        token = f"aws:ec2/{kind}:{kind[0].upper()}{kind[1:]}"
        child = self.register(Child(token, name, inputs, parent.urn))
        self.children[kind].append(child)
        return child

    def subnet(
        self, spec: Properties, zone: str, zone_index: int, gateway: Registered, *, ipv6_index: int
    ) -> None:
        """Register a subnet, its route table and route, and its NAT gateway if it has one."""
        kind = str(spec["type"])
        name = f"{self.name}-{kind.lower()}-{zone_index + 1}"
        common: Properties = {
            "vpcId": self.vpc.output("id"),
            "tags": {**self.tags, "Name": name, "SubnetType": kind},
        }
        inputs: Properties = {
            **common,
            "availabilityZone": zone,
            "mapPublicIpOnLaunch": kind == "Public",
            "cidrBlock": spec["cidrBlocks"][zone_index],
            **self._ipv6(name, spec, ipv6_index),
        }
        registered = self.child("subnet", name, self.vpc, inputs)
        self.children[kind].append(registered)
        table = self.child("routeTable", name, registered, common)
        ends = {"routeTableId": table.output("id"), "subnetId": registered.output("id")}
        self.child("routeTableAssociation", name, table, ends)
        gateways = self.children["natGateway"]
        if kind == "Public":
            if self.strategy == "OnePerAz" or (self.strategy == "Single" and not gateways):
                self._nat_gateway(registered, zone_index)
            target = {"gatewayId": gateway.output("id")}
        elif self.strategy != "None":
            target = {"natGatewayId": gateways[0 if self.strategy == "Single" else zone_index].output("id")}
        else:
            return
        route = {"routeTableId": table.output("id"), **target, "destinationCidrBlock": _ANYWHERE}
        self.child("route", name, table, route)

    def _ipv6(self, name: str, spec: Properties, index: int) -> Properties:
        vpc_has_ipv6 = self.configured.get("assignGeneratedIpv6CidrBlock")
        own = spec.get("assignIpv6AddressOnCreation")
        if not (vpc_has_ipv6 if own is None else own):
            return {"assignIpv6AddressOnCreation": False}
        if not vpc_has_ipv6:
            raise ResourceError(
                f"subnet {name!r} assigns IPv6 addresses, but its VPC has none: "
                f"set assignGeneratedIpv6CidrBlock",
            )
        block, value = self.vpc.outputs.get("ipv6CidrBlock"), UNKNOWN
        if isinstance(block, str):
            value = str(list(IPv6Network(block).subnets(new_prefix=64))[index])
        return {"assignIpv6AddressOnCreation": True, "ipv6CidrBlock": Attribute(self.vpc.urn, value)}

    def _nat_gateway(self, subnet: Registered, zone_index: int) -> None:
        name = f"{self.name}-{zone_index + 1}"
        own_tags: Properties = self.configured.get("tags") or {}
        tags = {**own_tags, "Name": name}
        eip = self.child("eip", name, subnet, {"tags": tags})
        inputs = {"subnetId": subnet.output("id"), "allocationId": eip.output("allocationId"), "tags": tags}
        self.child("natGateway", name, subnet, inputs)

    def outputs(self, gateway: Registered, specs: Sequence[Properties]) -> Properties:
        """Return the component's outputs."""
        outputs: Properties = {
            "internetGateway": gateway.reference,
            "subnetLayout": [{key: spec[key] for key in ("cidrBlocks", "type")} for spec in specs],
            "vpc": self.vpc.reference,
            "vpcEndpoints": [],
            "vpcId": self.vpc.output("id"),
        }
        for kind in ("eip", "natGateway", "route", "routeTable", "routeTableAssociation", "subnet"):
            outputs[f"{kind}s"] = [child.reference for child in self.children[kind]]
        for kind in ("Isolated", "Private", "Public"):
            outputs[f"{kind.lower()}Subnets"] = [child.reference for child in self.children[kind]]
            outputs[f"{kind.lower()}SubnetIds"] = [child.output("id") for child in self.children[kind]]
        return outputs


def _require_supported(what: str, configured: Properties, supported: Collection[str]) -> None:
    if others := sorted(
        key for key, value in configured.items() if value is not None and key not in supported
    ):
        raise ResourceError(
            f"{what}: the local run does not support {', '.join(others)}; leave it out, "
            f"or add it to local/resources/awsx.py",
        )


def _specs(what: str, configured: Properties, zones: int) -> list[Properties]:
    specs: list[Properties] = configured["subnetSpecs"]
    for index, spec in enumerate(specs):
        where = f"{what}, subnetSpecs[{index}]"
        _require_supported(where, spec, _SPEC_INPUTS)
        if spec["type"] not in _TYPES:
            raise ResourceError(f"{where}: type {spec['type']!r} is not one of {', '.join(_TYPES)}")
        if spec["type"] in (other["type"] for other in specs[:index]):
            raise ResourceError(f"{where}: another one is {spec['type']} too: give one of each type")
        blocks: list[str] = spec.get("cidrBlocks") or []
        if len(blocks) != zones:
            raise ResourceError(
                f"{where}: {len(blocks)} cidrBlocks for {zones} Availability Zones; give one for each",
            )
    return specs


def _nat_strategy(what: str, configured: Properties, kinds: Collection[str]) -> str:
    nat: Properties = configured.get("natGateways") or {}
    _require_supported(f"{what}, natGateways", nat, ("strategy",))
    strategy = str(nat.get("strategy") or "OnePerAz")
    if strategy not in _NAT_STRATEGIES:
        raise ResourceError(f"{what}: NAT strategy {strategy!r} is not one of {', '.join(_NAT_STRATEGIES)}")
    if strategy != "None" and set(kinds) != set(_TYPES):
        raise ResourceError(
            f"{what}: NAT gateways ({strategy}) need public subnets to be in, and private ones to serve; "
            f"it has {', '.join(sorted(kinds))}",
        )
    return strategy
