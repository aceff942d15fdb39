"""Stand-in for `awsx.ec2.Vpc`, which lives in a provider of its own: the same children, the same outputs.

It follows awsx 3.11.0 (awsx/ec2/vpc.ts) for what the program uses, and refuses the rest by name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, Any, Final, cast

from local.resources.base import UNKNOWN, Properties, ResourceError, Unknown
from local.resources.construct import Attribute, ResourceReference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from local.resources.construct import Registered, Registrar

_VPC_INPUTS: Final = (
    "assignGeneratedIpv6CidrBlock",
    "enableDnsHostnames",
    "enableDnsSupport",
    "instanceTenancy",
)
_OWN_INPUTS: Final = (
    "availabilityZoneCidrMask",
    "availabilityZoneNames",
    "cidrBlock",
    "natGateways",
    "numberOfAvailabilityZones",
    "subnetSpecs",
    "subnetStrategy",
    "tags",
)
_SPEC_INPUTS: Final = ("assignIpv6AddressOnCreation", "cidrBlocks", "cidrMask", "name", "tags", "type")
_TYPES: Final = ("Public", "Private", "Isolated", "Unused")
_NAT_STRATEGIES: Final = ("None", "Single", "OnePerAz")
_ORDER: Final = {"Public": 0, "Private": 1, "Isolated": 2}
_ANYWHERE: Final = "0.0.0.0/0"


@dataclass(frozen=True)
class _Subnet:
    name: str
    kind: str
    zone: str
    cidr: IPv4Network
    ipv6: bool | None
    tags: Properties


@dataclass
class _Children:
    """What has been registered, in awsx's order."""

    subnets: dict[str, list[Registered]] = field(
        default_factory=lambda: {kind: [] for kind in ("all", "Public", "Private", "Isolated")},
    )
    route_tables: list[Registered] = field(default_factory=list["Registered"])
    associations: list[Registered] = field(default_factory=list["Registered"])
    routes: list[Registered] = field(default_factory=list["Registered"])
    eips: list[Registered] = field(default_factory=list["Registered"])
    nat_gateways: list[Registered] = field(default_factory=list["Registered"])


def construct_vpc(registrar: Registrar, *, name: str, urn: str, inputs: Properties) -> Properties:
    """Register awsx's children of a VPC under the component `urn`, and return the component's outputs.

    Outputs hold `ResourceReference`s for resources and `Attribute`s for ids, UNKNOWN in the preview of a
    creation.

    Raises:
        ResourceError: inputs that awsx refuses, or that this stand-in does not know.
    """
    given = {key: value for key, value in inputs.items() if value is not None}
    _refuse_strangers(f"awsx.ec2.Vpc {name!r}", given, (*_VPC_INPUTS, *_OWN_INPUTS))
    if given.get("subnetStrategy") != "Auto":
        raise ResourceError(
            f"awsx.ec2.Vpc {name!r}: subnetStrategy is {given.get('subnetStrategy')!r}, "
            f"the local run knows 'Auto' only: set it",
        )
    zones = _zones(registrar, name, given)
    specs = _specs(name, given, len(zones))
    cidr = str(given.get("cidrBlock") or "10.0.0.0/16")
    layout = _layout(name, cidr, zones, specs, given.get("availabilityZoneCidrMask"))
    strategy = _nat_strategy(name, given, layout)

    tags: Properties = given.get("tags") or {}
    shared = {"Name": name, **tags}
    vpc_inputs = {key: given[key] for key in _VPC_INPUTS if key in given}
    vpc = registrar.register(
        "aws:ec2/vpc:Vpc",
        name,
        {**vpc_inputs, "cidrBlock": cidr, "tags": shared},
        parent=urn,
    )
    gateway = registrar.register(
        "aws:ec2/internetGateway:InternetGateway",
        name,
        {"vpcId": vpc.output("id"), "tags": shared},
        parent=vpc.urn,
        depends_on=[vpc.urn],
    )
    children = _Children()
    build = _Build(registrar, name, vpc, gateway, given, tags, shared, strategy, children)
    for zone_index, zone in enumerate(zones):
        of_zone = [subnet for subnet in layout if subnet.zone == zone and subnet.kind != "Unused"]
        # Public ones first: the private ones' routes lead to a NAT gateway in them.
        for position, subnet in enumerate(sorted(of_zone, key=lambda subnet: _ORDER[subnet.kind])):
            build.subnet(subnet, zone_index, ipv6_index=zone_index + position * len(zones))
    return _outputs(vpc, gateway, children, specs)


@dataclass(frozen=True)
class _Build:
    """Registers one subnet after the other, each with its route table."""

    registrar: Registrar
    name: str
    vpc: Registered
    gateway: Registered
    given: Properties
    tags: Properties
    shared: Properties
    strategy: str
    children: _Children

    def subnet(self, subnet: _Subnet, zone_index: int, *, ipv6_index: int) -> None:
        """Register a subnet, its route table and routes, and its NAT gateway if it gets one."""
        registered = self.registrar.register(
            "aws:ec2/subnet:Subnet",
            subnet.name,
            {
                "vpcId": self.vpc.output("id"),
                "availabilityZone": subnet.zone,
                "mapPublicIpOnLaunch": subnet.kind == "Public",
                "cidrBlock": str(subnet.cidr),
                **self._ipv6(subnet, ipv6_index),
                "tags": {**self.shared, **subnet.tags, "Name": subnet.name, "SubnetType": subnet.kind},
            },
            parent=self.vpc.urn,
            depends_on=[self.vpc.urn],
        )
        self.children.subnets["all"].append(registered)
        self.children.subnets[subnet.kind].append(registered)
        table = self.registrar.register(
            "aws:ec2/routeTable:RouteTable",
            subnet.name,
            {
                "vpcId": self.vpc.output("id"),
                "tags": {**self.shared, "Name": subnet.name, "SubnetType": subnet.kind},
            },
            parent=registered.urn,
            depends_on=[registered.urn],
        )
        self.children.route_tables.append(table)
        self.children.associations.append(
            self.registrar.register(
                "aws:ec2/routeTableAssociation:RouteTableAssociation",
                subnet.name,
                {"routeTableId": table.output("id"), "subnetId": registered.output("id")},
                parent=table.urn,
                depends_on=[table.urn],
            ),
        )
        if subnet.kind == "Public":
            if self.strategy == "OnePerAz" or (self.strategy == "Single" and not self.children.nat_gateways):
                self._nat_gateway(registered, zone_index)
            self._route(subnet.name, table, {"gatewayId": self.gateway.output("id")})
        elif subnet.kind == "Private" and self.strategy != "None":
            nat = self.children.nat_gateways[0 if self.strategy == "Single" else zone_index]
            self._route(subnet.name, table, {"natGatewayId": nat.output("id")})

    def _ipv6(self, subnet: _Subnet, index: int) -> Properties:
        of_vpc = self.given.get("assignGeneratedIpv6CidrBlock")
        assign = of_vpc if subnet.ipv6 is None else subnet.ipv6
        if not assign:
            return {"assignIpv6AddressOnCreation": False}
        block = self.vpc.outputs.get("ipv6CidrBlock")
        if block is None or isinstance(block, Unknown):
            if not of_vpc:
                raise ResourceError(
                    f"subnet {subnet.name!r} assigns IPv6 addresses, but its VPC has none: "
                    f"set assignGeneratedIpv6CidrBlock",
                )
            value: Any = UNKNOWN
        else:
            value = str(list(IPv6Network(block).subnets(new_prefix=64))[index])
        return {"assignIpv6AddressOnCreation": True, "ipv6CidrBlock": Attribute(self.vpc.urn, value)}

    def _nat_gateway(self, subnet: Registered, zone_index: int) -> None:
        name = f"{self.name}-{zone_index + 1}"
        tags = {**self.tags, "Name": name}
        eip = self.registrar.register(
            "aws:ec2/eip:Eip",
            name,
            {"tags": tags},
            parent=subnet.urn,
            depends_on=[subnet.urn],
        )
        self.children.eips.append(eip)
        nat = self.registrar.register(
            "aws:ec2/natGateway:NatGateway",
            name,
            {"subnetId": subnet.output("id"), "allocationId": eip.output("allocationId"), "tags": tags},
            parent=subnet.urn,
            depends_on=[subnet.urn],
        )
        self.children.nat_gateways.append(nat)

    def _route(self, name: str, table: Registered, target: Properties) -> None:
        route = self.registrar.register(
            "aws:ec2/route:Route",
            name,
            {"routeTableId": table.output("id"), **target, "destinationCidrBlock": _ANYWHERE},
            parent=table.urn,
            depends_on=[table.urn],
        )
        self.children.routes.append(route)


def _refuse_strangers(what: str, given: Properties, known: Sequence[str]) -> None:
    if strangers := sorted(key for key, value in given.items() if value is not None and key not in known):
        raise ResourceError(
            f"{what}: the local run does not know {', '.join(strangers)}; leave it out, "
            f"or add it to local/resources/awsx.py",
        )


def _zones(registrar: Registrar, name: str, given: Properties) -> list[str]:
    names: list[str] | None = given.get("availabilityZoneNames")
    count: int | None = given.get("numberOfAvailabilityZones")
    if names and count:
        raise ResourceError(
            f"awsx.ec2.Vpc {name!r}: give availabilityZoneNames or numberOfAvailabilityZones, not both",
        )
    if names:
        return names
    wanted = 3 if count is None else count
    found: list[str] = registrar.invoke("aws:index/getAvailabilityZones:getAvailabilityZones", {})["names"]
    if len(found) < wanted:
        raise ResourceError(
            f"awsx.ec2.Vpc {name!r} wants {wanted} Availability Zones, this region has {len(found)}: "
            f"{', '.join(found)}; ask for at most {len(found)}",
        )
    return found[:wanted]


def _specs(name: str, given: Properties, zones: int) -> list[Properties]:
    specs: list[Properties] = given.get("subnetSpecs") or []
    if not specs:
        raise ResourceError(f"awsx.ec2.Vpc {name!r}: the local run needs subnetSpecs")
    labels: set[str] = set()
    for index, spec in enumerate(specs):
        where = f"awsx.ec2.Vpc {name!r}, subnetSpecs[{index}]"
        _refuse_strangers(where, spec, _SPEC_INPUTS)
        if spec["type"] not in _TYPES:
            raise ResourceError(f"{where}: type {spec['type']!r} is none of {', '.join(_TYPES)}")
        label = str(spec.get("name") or spec["type"].lower())
        if label in labels:
            raise ResourceError(
                f"{where}: another one is called {label!r} too: give each a `name` of its own"
            )
        labels.add(label)
        explicit = [len(cast("list[str]", other.get("cidrBlocks") or [])) for other in specs]
        if any(explicit) and explicit[index] != zones:
            raise ResourceError(
                f"{where}: {explicit[index]} cidrBlocks for {zones} Availability Zones; give one for each",
            )
    return specs


def _layout(
    name: str,
    cidr: str,
    zones: Sequence[str],
    specs: Sequence[Properties],
    zone_mask: int | None,
) -> list[_Subnet]:
    blocks = _explicit_blocks(specs) or _automatic_blocks(
        name, IPv4Network(cidr), len(zones), specs, zone_mask
    )
    layout = [
        _Subnet(
            name=f"{name}-{spec.get('name') or spec['type'].lower()}-{zone_index + 1}",
            kind=spec["type"],
            zone=zone,
            cidr=blocks[spec_index][zone_index],
            ipv6=spec.get("assignIpv6AddressOnCreation"),
            tags=spec.get("tags") or {},
        )
        for zone_index, zone in enumerate(zones)
        for spec_index, spec in enumerate(specs)
    ]
    for index, subnet in enumerate(layout):
        for other in layout[:index]:
            if subnet.cidr.overlaps(other.cidr):
                raise ResourceError(
                    f"subnets {other.name!r} ({other.cidr}) and {subnet.name!r} ({subnet.cidr}) overlap: "
                    f"give each a range of its own",
                )
    return layout


def _explicit_blocks(specs: Sequence[Properties]) -> list[list[IPv4Network]]:
    return [[IPv4Network(block) for block in spec["cidrBlocks"]] for spec in specs if spec.get("cidrBlocks")]


def _automatic_blocks(
    name: str,
    vpc: IPv4Network,
    zones: int,
    specs: Sequence[Properties],
    zone_mask: int | None,
) -> list[list[IPv4Network]]:
    """Cut an equal part for each zone, and in it one range for each spec, in the order of the specs."""
    mask = vpc.prefixlen + (zones - 1).bit_length() if zone_mask is None else zone_mask
    default = mask + (len(specs) - 1).bit_length()
    sizes = [int(spec.get("cidrMask") or default) for spec in specs]
    needed = sum(2 ** (32 - size) for size in sizes)
    available = 2 ** (32 - mask)
    if needed > available:
        raise ResourceError(
            f"awsx.ec2.Vpc {name!r}: a zone has {available} addresses, its subnets need {needed}: "
            f"make the VPC larger or the subnets smaller",
        )
    blocks: list[list[IPv4Network]] = [[] for _ in specs]
    for zone in range(zones):
        start = int(vpc.network_address) + zone * available
        for index, size in enumerate(sizes):
            length = 2 ** (32 - size)
            # A range begins at a multiple of its own length.
            start = -(-start // length) * length
            blocks[index].append(IPv4Network((start, size)))
            start += length
    return blocks


def _nat_strategy(name: str, given: Properties, layout: Sequence[_Subnet]) -> str:
    nat: Properties = given.get("natGateways") or {}
    _refuse_strangers(f"awsx.ec2.Vpc {name!r}, natGateways", nat, ("strategy",))
    strategy = str(nat.get("strategy") or "OnePerAz")
    if strategy not in _NAT_STRATEGIES:
        raise ResourceError(
            f"awsx.ec2.Vpc {name!r}: NAT strategy {strategy!r} is none of {', '.join(_NAT_STRATEGIES)}",
        )
    kinds = {subnet.kind for subnet in layout}
    if strategy != "None" and not ("Public" in kinds and kinds & {"Private", "Isolated"}):
        raise ResourceError(
            f"awsx.ec2.Vpc {name!r}: NAT gateways ({strategy}) need public subnets to be in, and private or "
            f"isolated ones to serve; it has {', '.join(sorted(kinds))}",
        )
    return strategy


def _reference(registered: Registered) -> ResourceReference:
    return ResourceReference(registered.urn, UNKNOWN if registered.id is None else registered.id)


def _resolved(spec: Properties) -> Properties:
    resolved = {
        key: spec[key] for key in ("cidrBlocks", "cidrMask", "name", "type") if spec.get(key) is not None
    }
    if "cidrMask" in resolved and "cidrBlocks" not in resolved:
        resolved["size"] = 2 ** (32 - int(resolved["cidrMask"]))
    return resolved


def _outputs(
    vpc: Registered, gateway: Registered, children: _Children, specs: list[Properties]
) -> Properties:
    def ids(kind: str) -> list[Attribute]:
        return [subnet.output("id") for subnet in children.subnets[kind]]

    def references(registered: Sequence[Registered]) -> list[ResourceReference]:
        return [_reference(child) for child in registered]

    return {
        "eips": references(children.eips),
        "internetGateway": _reference(gateway),
        "isolatedSubnetIds": ids("Isolated"),
        "isolatedSubnets": references(children.subnets["Isolated"]),
        "natGateways": references(children.nat_gateways),
        "privateSubnetIds": ids("Private"),
        "privateSubnets": references(children.subnets["Private"]),
        "publicSubnetIds": ids("Public"),
        "publicSubnets": references(children.subnets["Public"]),
        "routeTableAssociations": references(children.associations),
        "routeTables": references(children.route_tables),
        "routes": references(children.routes),
        "subnetLayout": [_resolved(spec) for spec in specs],
        "subnets": references(children.subnets["all"]),
        "vpc": _reference(vpc),
        "vpcEndpoints": [],
        "vpcId": vpc.output("id"),
    }
