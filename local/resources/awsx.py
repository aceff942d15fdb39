"""Stand-in for `awsx.ec2.Vpc`, which lives in a provider of its own: the same children, the same outputs.

It follows awsx 3.11.0 (awsx/ec2/vpc.ts) for what the program uses, and refuses the rest by name.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, Final

from local.resources.base import UNKNOWN, Properties, ResourceError
from local.resources.construct import Attribute, ResourceReference

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from local.resources.construct import Registered, Registrar

_VPC_INPUTS: Final = (
    "assignGeneratedIpv6CidrBlock", "enableDnsHostnames", "enableDnsSupport", "instanceTenancy",
)  # fmt: skip
_OWN_INPUTS: Final = (
    "availabilityZoneCidrMask", "availabilityZoneNames", "cidrBlock", "natGateways",
    "numberOfAvailabilityZones", "subnetSpecs", "subnetStrategy", "tags",
)  # fmt: skip
_SPEC_INPUTS: Final = ("assignIpv6AddressOnCreation", "cidrBlocks", "cidrMask", "name", "tags", "type")
_TYPES: Final = ("Public", "Private", "Isolated", "Unused")
_NAT_STRATEGIES: Final = ("None", "Single", "OnePerAz")
_ANYWHERE: Final = "0.0.0.0/0"


@dataclass(frozen=True)
class _Subnet:
    name: str
    kind: str
    zone: str
    cidr: IPv4Network
    spec: Properties


def construct_vpc(registrar: Registrar, *, name: str, urn: str, inputs: Properties) -> Properties:
    """Register awsx's children of a VPC under the component `urn`, and return the component's outputs.

    Outputs hold `ResourceReference`s for resources and `Attribute`s for ids, UNKNOWN in the preview of a
    creation.

    Raises:
        ResourceError: inputs that awsx refuses, or that this stand-in does not know.
    """
    given = {key: value for key, value in inputs.items() if value is not None}
    what = f"awsx.ec2.Vpc {name!r}"
    _require_known(what, given, (*_VPC_INPUTS, *_OWN_INPUTS))
    if given.get("subnetStrategy") != "Auto":
        raise ResourceError(
            f"{what}: subnetStrategy is {given.get('subnetStrategy')!r}, "
            f"the local run knows 'Auto' only: set it",
        )
    zones = _zones(registrar, what, given)
    specs = _specs(what, given, len(zones))
    cidr = str(given.get("cidrBlock") or "10.0.0.0/16")
    blocks = _explicit_blocks(specs) or _automatic_blocks(
        what, IPv4Network(cidr), len(zones), specs, given.get("availabilityZoneCidrMask")
    )
    layout = _layout(name, zones, specs, blocks)
    strategy = _nat_strategy(what, given, {subnet.kind for subnet in layout})

    own_tags: Properties = given.get("tags") or {}
    tags = {"Name": name, **own_tags}
    vpc_inputs = {key: given[key] for key in _VPC_INPUTS if key in given}
    vpc_inputs |= {"cidrBlock": cidr, "tags": tags}
    vpc = registrar.register("aws:ec2/vpc:Vpc", name, vpc_inputs, parent=urn)
    build = _Build(registrar, name, given, tags, strategy, vpc)
    gateway = build.child("internetGateway", name, vpc, {"vpcId": vpc.output("id"), "tags": tags})
    for zone_index, zone in enumerate(zones):
        of_zone = [subnet for subnet in layout if subnet.zone == zone and subnet.kind != "Unused"]
        # Public ones first: the private ones' routes lead to a NAT gateway in them.
        of_zone.sort(key=lambda subnet: _TYPES.index(subnet.kind))
        for position, subnet in enumerate(of_zone):
            build.subnet(subnet, zone_index, gateway, ipv6_index=zone_index + position * len(zones))
    return build.outputs(gateway, specs)


@dataclass(frozen=True)
class _Build:
    """Registers one subnet after the other, each with its route table."""

    registrar: Registrar
    name: str
    given: Properties
    tags: Properties
    strategy: str
    vpc: Registered
    made: dict[str, list[Registered]] = field(default_factory=lambda: defaultdict(list))
    """By type, and subnets by kind too."""

    def child(self, kind: str, name: str, parent: Registered, inputs: Properties) -> Registered:
        """Register a child of a child, which it depends on."""
        token = f"aws:ec2/{kind}:{kind[0].upper()}{kind[1:]}"
        child = self.registrar.register(token, name, inputs, parent=parent.urn, depends_on=[parent.urn])
        self.made[kind].append(child)
        return child

    def subnet(self, subnet: _Subnet, zone_index: int, gateway: Registered, *, ipv6_index: int) -> None:
        """Register a subnet, its route table and routes, and its NAT gateway if it gets one."""
        named = {"Name": subnet.name, "SubnetType": subnet.kind}
        inputs: Properties = {
            "vpcId": self.vpc.output("id"),
            "availabilityZone": subnet.zone,
            "mapPublicIpOnLaunch": subnet.kind == "Public",
            "cidrBlock": str(subnet.cidr),
            **self._ipv6(subnet, ipv6_index),
            "tags": {**self.tags, **(subnet.spec.get("tags") or {}), **named},
        }
        registered = self.child("subnet", subnet.name, self.vpc, inputs)
        self.made[subnet.kind].append(registered)
        inputs = {"vpcId": self.vpc.output("id"), "tags": {**self.tags, **named}}
        table = self.child("routeTable", subnet.name, registered, inputs)
        ends = {"routeTableId": table.output("id"), "subnetId": registered.output("id")}
        self.child("routeTableAssociation", subnet.name, table, ends)
        gateways = self.made["natGateway"]
        if subnet.kind == "Public":
            if self.strategy == "OnePerAz" or (self.strategy == "Single" and not gateways):
                self._nat_gateway(registered, zone_index)
            target = {"gatewayId": gateway.output("id")}
        elif subnet.kind == "Private" and self.strategy != "None":
            target = {"natGatewayId": gateways[0 if self.strategy == "Single" else zone_index].output("id")}
        else:
            return
        route = {"routeTableId": table.output("id"), **target, "destinationCidrBlock": _ANYWHERE}
        self.child("route", subnet.name, table, route)

    def _ipv6(self, subnet: _Subnet, index: int) -> Properties:
        of_vpc = self.given.get("assignGeneratedIpv6CidrBlock")
        of_subnet = subnet.spec.get("assignIpv6AddressOnCreation")
        if not (of_vpc if of_subnet is None else of_subnet):
            return {"assignIpv6AddressOnCreation": False}
        if not of_vpc:
            raise ResourceError(
                f"subnet {subnet.name!r} assigns IPv6 addresses, but its VPC has none: "
                f"set assignGeneratedIpv6CidrBlock",
            )
        block, value = self.vpc.outputs.get("ipv6CidrBlock"), UNKNOWN
        if isinstance(block, str):
            value = str(list(IPv6Network(block).subnets(new_prefix=64))[index])
        return {"assignIpv6AddressOnCreation": True, "ipv6CidrBlock": Attribute(self.vpc.urn, value)}

    def _nat_gateway(self, subnet: Registered, zone_index: int) -> None:
        name = f"{self.name}-{zone_index + 1}"
        own_tags: Properties = self.given.get("tags") or {}
        tags = {**own_tags, "Name": name}
        eip = self.child("eip", name, subnet, {"tags": tags})
        inputs = {"subnetId": subnet.output("id"), "allocationId": eip.output("allocationId"), "tags": tags}
        self.child("natGateway", name, subnet, inputs)

    def outputs(self, gateway: Registered, specs: Sequence[Properties]) -> Properties:
        """Return the component's outputs."""
        outputs: Properties = {
            "internetGateway": _reference(gateway),
            "subnetLayout": [_resolved(spec) for spec in specs],
            "vpc": _reference(self.vpc),
            "vpcEndpoints": [],
            "vpcId": self.vpc.output("id"),
        }
        for kind in ("eip", "natGateway", "route", "routeTable", "routeTableAssociation", "subnet"):
            outputs[f"{kind}s"] = [_reference(child) for child in self.made[kind]]
        for kind in ("Isolated", "Private", "Public"):
            outputs[f"{kind.lower()}Subnets"] = [_reference(child) for child in self.made[kind]]
            outputs[f"{kind.lower()}SubnetIds"] = [child.output("id") for child in self.made[kind]]
        return outputs


def _reference(registered: Registered) -> ResourceReference:
    return ResourceReference(registered.urn, UNKNOWN if registered.id is None else registered.id)


def _resolved(spec: Properties) -> Properties:
    keys = ("cidrBlocks", "cidrMask", "name", "type")
    resolved = {key: spec[key] for key in keys if spec.get(key) is not None}
    if "cidrMask" in resolved and "cidrBlocks" not in resolved:
        resolved["size"] = 2 ** (32 - int(resolved["cidrMask"]))
    return resolved


def _require_known(what: str, given: Properties, known: Collection[str]) -> None:
    if unknown := sorted(key for key, value in given.items() if value is not None and key not in known):
        raise ResourceError(
            f"{what}: the local run does not know {', '.join(unknown)}; leave it out, "
            f"or add it to local/resources/awsx.py",
        )


def _zones(registrar: Registrar, what: str, given: Properties) -> list[str]:
    names: list[str] | None = given.get("availabilityZoneNames")
    count: int | None = given.get("numberOfAvailabilityZones")
    if names and count:
        raise ResourceError(f"{what}: give availabilityZoneNames or numberOfAvailabilityZones, not both")
    if names:
        return names
    wanted = 3 if count is None else count
    found: list[str] = registrar.invoke("aws:index/getAvailabilityZones:getAvailabilityZones", {})["names"]
    if len(found) < wanted:
        raise ResourceError(
            f"{what} wants {wanted} Availability Zones, this region has {len(found)}: "
            f"{', '.join(found)}; ask for at most {len(found)}",
        )
    return found[:wanted]


def _specs(what: str, given: Properties, zones: int) -> list[Properties]:
    specs: list[Properties] = given.get("subnetSpecs") or []
    if not specs:
        raise ResourceError(f"{what}: the local run needs subnetSpecs")
    explicit = [len(list[str](spec.get("cidrBlocks") or [])) for spec in specs]
    labels: set[str] = set()
    for index, spec in enumerate(specs):
        where = f"{what}, subnetSpecs[{index}]"
        _require_known(where, spec, _SPEC_INPUTS)
        if spec["type"] not in _TYPES:
            raise ResourceError(f"{where}: type {spec['type']!r} is none of {', '.join(_TYPES)}")
        label = str(spec.get("name") or spec["type"].lower())
        if label in labels:
            raise ResourceError(
                f"{where}: another one is called {label!r} too: give each a `name` of its own"
            )
        labels.add(label)
        if any(explicit) and explicit[index] != zones:
            raise ResourceError(
                f"{where}: {explicit[index]} cidrBlocks for {zones} Availability Zones; give one for each",
            )
    return specs


def _layout(
    name: str, zones: Sequence[str], specs: Sequence[Properties], blocks: Sequence[Sequence[IPv4Network]]
) -> list[_Subnet]:
    layout: list[_Subnet] = []
    for zone_index, zone in enumerate(zones):
        for spec, ranges in zip(specs, blocks, strict=True):
            label = f"{name}-{spec.get('name') or spec['type'].lower()}-{zone_index + 1}"
            subnet = _Subnet(label, spec["type"], zone, ranges[zone_index], spec)
            for other in layout:
                if subnet.cidr.overlaps(other.cidr):
                    raise ResourceError(
                        f"subnets {other.name!r} ({other.cidr}) and {subnet.name!r} ({subnet.cidr}) overlap: "
                        f"give each a range of its own",
                    )
            layout.append(subnet)
    return layout


def _explicit_blocks(specs: Sequence[Properties]) -> list[list[IPv4Network]]:
    return [[IPv4Network(block) for block in spec["cidrBlocks"]] for spec in specs if spec.get("cidrBlocks")]


def _automatic_blocks(
    what: str, vpc: IPv4Network, zones: int, specs: Sequence[Properties], zone_mask: int | None
) -> list[list[IPv4Network]]:
    """Cut an equal part for each zone, and in it one range for each spec, in the order of the specs."""
    mask = vpc.prefixlen + (zones - 1).bit_length() if zone_mask is None else zone_mask
    default = mask + (len(specs) - 1).bit_length()
    sizes = [int(spec.get("cidrMask") or default) for spec in specs]
    needed = sum(2 ** (32 - size) for size in sizes)
    available = 2 ** (32 - mask)
    if needed > available:
        raise ResourceError(
            f"{what}: a zone has {available} addresses, its subnets need {needed}: "
            f"make the VPC larger or the subnets smaller",
        )
    blocks: list[list[IPv4Network]] = [[] for _ in specs]
    for zone in range(zones):
        start = int(vpc.network_address) + zone * available
        for ranges, size in zip(blocks, sizes, strict=True):
            length = 2 ** (32 - size)
            # A range begins at a multiple of its own length.
            start = -(-start // length) * length
            ranges.append(IPv4Network((start, size)))
            start += length
    return blocks


def _nat_strategy(what: str, given: Properties, kinds: Collection[str]) -> str:
    nat: Properties = given.get("natGateways") or {}
    _require_known(f"{what}, natGateways", nat, ("strategy",))
    strategy = str(nat.get("strategy") or "OnePerAz")
    if strategy not in _NAT_STRATEGIES:
        raise ResourceError(f"{what}: NAT strategy {strategy!r} is none of {', '.join(_NAT_STRATEGIES)}")
    if strategy != "None" and not ("Public" in kinds and {"Private", "Isolated"} & set(kinds)):
        raise ResourceError(
            f"{what}: NAT gateways ({strategy}) need public subnets to be in, and private or "
            f"isolated ones to serve; it has {', '.join(sorted(kinds))}",
        )
    return strategy
