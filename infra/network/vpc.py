"""The VPC: a new one by awsx, or an existing one."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws
import pulumi_awsx as awsx

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.settings import Nat, NetworkSettings

ZONE_SLOTS: Final = 4
"""The VPC's range is always divided for this many zones, so that subnets keep their ranges."""

ZONES_WITHOUT_FARGATE: Final = ("usw1-az2", "apne1-az3", "cnn1-az3", "cnn1-az4", "use1-az3")
"""Ids of zones without Fargate; the last one has no Fargate on arm64.

That zone is excluded for every architecture, so that a change of the architecture moves no subnets.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AWS_Fargate-Regions.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-arm64.html
"""

_NAT_STRATEGY: Final[dict[Nat, awsx.ec2.NatGatewayStrategy]] = {
    "none": awsx.ec2.NatGatewayStrategy.NONE,
    "single": awsx.ec2.NatGatewayStrategy.SINGLE,
    "one-per-az": awsx.ec2.NatGatewayStrategy.ONE_PER_AZ,
}

_SUBNET: Final = "aws:ec2/subnet:Subnet"
_IPV6_RANGE: Final = {"aws:ec2/vpc:Vpc": "assignGeneratedIpv6CidrBlock", _SUBNET: "ipv6CidrBlock"}
"""The property of a resource that gives it an IPv6 range."""


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """Inputs of :class:`Network`."""

    settings: NetworkSettings
    region: str
    protect: bool = False
    """Protect the VPC and its resources from deletion."""


class Network(pulumi.ComponentResource):
    """A VPC with public subnets for the load balancer, and subnets for tasks with a route to the internet."""

    vpc_id: pulumi.Output[str]
    public_subnet_ids: pulumi.Output[list[str]]
    public_subnets: Mapping[str, pulumi.Output[str]]
    """Ids of the public subnets by zone; in an existing VPC by the ids themselves."""
    private_subnet_ids: pulumi.Output[list[str]]
    task_subnet_ids: pulumi.Output[list[str]]
    """Subnets of tasks: the public ones without a NAT gateway, else the private ones."""
    tasks_have_public_addresses: bool
    """Whether tasks need public addresses to connect to the registry and the logs: without a NAT gateway."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:Network", name, None, opts)

        settings = args.settings
        self._zones: list[str] = []
        self._existing_task_subnets: Sequence[str] = ()
        self.tasks_have_public_addresses = settings.nat == "none"
        if settings.vpc_id is None:
            self._create_vpc(name, args)
        else:
            public, private = settings.public_subnet_ids, settings.private_subnet_ids
            self.vpc_id = pulumi.Output.from_input(settings.vpc_id)
            self.public_subnet_ids = pulumi.Output.from_input(list(public))
            self.public_subnets = {subnet_id: pulumi.Output.from_input(subnet_id) for subnet_id in public}
            self.private_subnet_ids = pulumi.Output.from_input(list(private))
            self._existing_task_subnets = public if self.tasks_have_public_addresses else private

        self.task_subnet_ids = (
            self.public_subnet_ids if self.tasks_have_public_addresses else self.private_subnet_ids
        )

        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "public_subnet_ids": self.public_subnet_ids,
                "private_subnet_ids": self.private_subnet_ids,
                "task_subnet_ids": self.task_subnet_ids,
                "tasks_have_public_addresses": self.tasks_have_public_addresses,
            }
        )

    def task_subnet_by_zone(self) -> dict[str, pulumi.Output[str]]:
        """Return one of the tasks' subnets for each zone, the first in the settings of an existing VPC."""
        zones = self._zones or [
            aws.ec2.get_subnet(id=subnet_id, opts=pulumi.InvokeOptions(parent=self)).availability_zone
            for subnet_id in self._existing_task_subnets
        ]
        subnets: dict[str, pulumi.Output[str]] = {}
        for index, zone in enumerate(zones):
            subnets.setdefault(zone, self.task_subnet_ids.apply(lambda ids, index=index: ids[index]))
        return subnets

    def _create_vpc(self, name: str, args: NetworkArgs) -> None:
        settings = args.settings
        self._zones = zones = self._choose_zones(settings.availability_zones)
        layout = subnet_layout(settings.cidr)[: len(zones)]

        vpc = awsx.ec2.Vpc(
            name,
            cidr_block=settings.cidr,
            availability_zone_names=zones,
            enable_dns_hostnames=True,
            assign_generated_ipv6_cidr_block=settings.ipv6,
            nat_gateways={"strategy": _NAT_STRATEGY[settings.nat]},
            subnet_strategy=awsx.ec2.SubnetAllocationStrategy.AUTO,
            # Always both types: private subnets without NAT are free, and enabling NAT then moves no subnets.
            subnet_specs=[
                {
                    "type": awsx.ec2.SubnetType.PUBLIC,
                    "cidr_blocks": [str(slot.public) for slot in layout],
                    "assign_ipv6_address_on_creation": settings.ipv6,
                },
                {
                    "type": awsx.ec2.SubnetType.PRIVATE,
                    "cidr_blocks": [str(slot.private) for slot in layout],
                    # awsx assigns IPv6 blocks to public subnets first, so that the blocks of private subnets
                    # would change with the number of zones. Tasks there use IPv4 and NAT.
                    "assign_ipv6_address_on_creation": False,
                },
            ],
            opts=pulumi.ResourceOptions(
                parent=self, protect=args.protect, transforms=[_awsx_transform(ipv6=settings.ipv6)]
            ),
        )
        # AWS assigns this group to resources without one; it allows all traffic until its rules are removed.
        aws.ec2.DefaultSecurityGroup(
            f"{name}-default", vpc_id=vpc.vpc_id, opts=pulumi.ResourceOptions(parent=self)
        )
        # Free, and image layers and flow logs then do not pass through the NAT gateway.
        aws.ec2.VpcEndpoint(
            f"{name}-s3",
            vpc_id=vpc.vpc_id,
            vpc_endpoint_type="Gateway",
            service_name=f"com.amazonaws.{args.region}.s3",
            route_table_ids=vpc.route_tables.apply(lambda tables: [table.id for table in tables]),
            opts=pulumi.ResourceOptions(parent=self),
        )
        if settings.ipv6:
            self._route_ipv6(name, vpc, zones)

        self.vpc_id = vpc.vpc_id
        self.public_subnet_ids = vpc.public_subnet_ids.apply(list)
        self.public_subnets = {
            zone: vpc.public_subnet_ids.apply(lambda ids, index=index: ids[index])
            for index, zone in enumerate(zones)
        }
        self.private_subnet_ids = vpc.private_subnet_ids.apply(list)

    def _choose_zones(self, count: int) -> list[str]:
        # By default awsx uses the first zones of all, including Local Zones that the account has enabled.
        zones = aws.get_availability_zones(
            exclude_zone_ids=list(ZONES_WITHOUT_FARGATE),
            filters=[{"name": "zone-type", "values": ["availability-zone"]}],
            opts=pulumi.InvokeOptions(parent=self),
        ).names
        if len(zones) < count:
            raise pulumi.RunError(
                f"availability-zones = {count}: at most {len(zones)}, for this account can use "
                f"{', '.join(zones)} in its region; or set another aws:region"
            )
        return sorted(zones)[:count]

    def _route_ipv6(self, name: str, vpc: awsx.ec2.Vpc, zones: list[str]) -> None:
        # awsx creates no IPv6 routes. Its route tables are ordered by zone, public before private (awsx
        # 3.11.0, ec2/vpc.ts: one loop over zones, the specs of each sorted by type).
        gateway_id = vpc.internet_gateway.apply(lambda gateway: gateway.id)
        for index, zone in enumerate(zones):
            aws.ec2.Route(
                f"{name}-ipv6-{zone}",
                route_table_id=vpc.route_tables.apply(lambda tables, index=index: tables[2 * index].id),
                destination_ipv6_cidr_block="::/0",
                gateway_id=gateway_id,
                opts=pulumi.ResourceOptions(parent=self),
            )


@dataclass(frozen=True, kw_only=True)
class ZoneSlot:
    """The subnet ranges of one Availability Zone."""

    public: IPv4Network
    private: IPv4Network


def subnet_layout(cidr: str) -> list[ZoneSlot]:
    """Return the subnet ranges, which do not depend on the number of zones or on NAT.

    A zone has a quarter of the VPC: its first half is private, the next quarter public, and the last quarter
    is reserved (databases, endpoints).
    """
    slots = IPv4Network(cidr).subnets(prefixlen_diff=ZONE_SLOTS.bit_length() - 1)
    return [
        ZoneSlot(private=next(slot.subnets(prefixlen_diff=1)), public=list(slot.subnets(prefixlen_diff=2))[2])
        for slot in slots
    ]


def _awsx_transform(*, ipv6: bool) -> pulumi.ResourceTransform:
    """Return the transform of the VPC and the subnets that awsx declares.

    awsx enables public addresses for public subnets and has no argument for it; tasks request an address
    themselves (EC2.15).

    When `ipv6` is switched off, the IPv6 ranges are kept, which cost nothing: AWS refuses to remove the VPC's
    while subnets have a part of it, and Pulumi updates the VPC first (terraform-provider-aws#39854).
    """

    def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if args.type_ not in _IPV6_RANGE:
            return None
        props, opts = args.props, args.opts
        if args.type_ == _SUBNET:
            props = {**props, "mapPublicIpOnLaunch": False}
        if not ipv6:
            kept = pulumi.ResourceOptions(ignore_changes=[_IPV6_RANGE[args.type_]])
            opts = pulumi.ResourceOptions.merge(opts, kept)
        return pulumi.ResourceTransformResult(props, opts)

    return transform
