"""The VPC: one made by awsx, or an existing one."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws
import pulumi_awsx as awsx

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.settings import Nat, NetworkSettings

ZONE_SLOTS: Final = 4
"""The VPC's range is always cut for this many zones, so that using one zone more or less moves nothing."""

ZONES_WITHOUT_FARGATE: Final = ("usw1-az2", "apne1-az3", "cnn1-az3", "cnn1-az4", "use1-az3")
"""Zones, by id, in which tasks cannot run; of the last one arm64 alone.

It is left out whatever the architecture: if it came and went with it, the subnets of other zones would move.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AWS_Fargate-Regions.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-arm64.html
"""

_NAT_STRATEGY: Final[dict[Nat, awsx.ec2.NatGatewayStrategy]] = {
    "none": awsx.ec2.NatGatewayStrategy.NONE,
    "single": awsx.ec2.NatGatewayStrategy.SINGLE,
    "one-per-az": awsx.ec2.NatGatewayStrategy.ONE_PER_AZ,
}


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """What a :class:`Network` needs to know."""

    settings: NetworkSettings

    region: str

    protect: bool = False
    """Refuse to delete the VPC and what is in it."""


class Network(pulumi.ComponentResource):
    """A VPC with public subnets for the load balancer, and subnets from which tasks reach the internet."""

    vpc_id: pulumi.Output[str]
    public_subnet_ids: pulumi.Output[list[str]]
    """Where the load balancer is."""
    public_subnets: Mapping[str, pulumi.Output[str]]
    """Ids of the public subnets by zone; by themselves in a VPC that was there before."""
    private_subnet_ids: pulumi.Output[list[str]]
    zones: list[str]
    """What tells the subnets apart, in their order: the zones' names, or the ids of existing subnets."""
    task_subnet_ids: pulumi.Output[list[str]]
    """Where tasks run: the public subnets if there is no NAT gateway, else the private ones."""
    tasks_have_public_addresses: bool
    """Without a NAT gateway a public address is a task's only way to the registry and the logs."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:Network", name, None, opts)

        existing = args.settings
        if existing.vpc_id is None:
            self._make_vpc(name, args)
        else:
            self.vpc_id = pulumi.Output.from_input(existing.vpc_id)
            self.public_subnet_ids = pulumi.Output.from_input(list(existing.public_subnet_ids))
            self.public_subnets = {one: pulumi.Output.from_input(one) for one in existing.public_subnet_ids}
            self.private_subnet_ids = pulumi.Output.from_input(list(existing.private_subnet_ids))
            public = existing.nat == "none"
            self.zones = list(existing.public_subnet_ids if public else existing.private_subnet_ids)

        self.tasks_have_public_addresses = args.settings.nat == "none"
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
            },
        )

    def _make_vpc(self, name: str, args: NetworkArgs) -> None:
        settings = args.settings
        self.zones = zones = self._zones(settings.availability_zones)
        layout = subnet_layout(settings.cidr)[: len(zones)]

        vpc = awsx.ec2.Vpc(
            name,
            cidr_block=settings.cidr,
            availability_zone_names=zones,
            enable_dns_hostnames=True,
            assign_generated_ipv6_cidr_block=settings.ipv6,
            nat_gateways={"strategy": _NAT_STRATEGY[settings.nat]},
            subnet_strategy=awsx.ec2.SubnetAllocationStrategy.AUTO,
            # Both kinds always: a private subnet without NAT costs nothing, and turning NAT on then moves
            # none.
            subnet_specs=[
                {
                    "type": awsx.ec2.SubnetType.PUBLIC,
                    "cidr_blocks": [str(slot.public) for slot in layout],
                    "assign_ipv6_address_on_creation": settings.ipv6,
                },
                {
                    "type": awsx.ec2.SubnetType.PRIVATE,
                    "cidr_blocks": [str(slot.private) for slot in layout],
                    # awsx numbers IPv6 blocks public first, so that those of the private subnets depend on
                    # how many zones there are: a zone more would move them. Tasks there reach the internet by
                    # IPv4 and NAT.
                    "assign_ipv6_address_on_creation": False,
                },
            ],
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=args.protect,
                transforms=[_without_automatic_public_addresses],
            ),
        )
        # The group that AWS gives to whatever names none lets everything in and out; without rules it lets
        # nothing.
        aws.ec2.DefaultSecurityGroup(
            f"{name}-default",
            vpc_id=vpc.vpc_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        # It costs nothing, and the layers of images and flow logs need no NAT then.
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

    def _zones(self, count: int) -> list[str]:
        # awsx would take the first names of all zones, among them Local Zones that the account has switched
        # on.
        zones = aws.get_availability_zones(
            exclude_zone_ids=list(ZONES_WITHOUT_FARGATE),
            filters=[{"name": "zone-type", "values": ["availability-zone"]}],
            opts=pulumi.InvokeOptions(parent=self),
        ).names
        if len(zones) < count:
            raise pulumi.RunError(
                f"availability-zones is {count}, but this account can use {len(zones)} in its region: "
                f"{', '.join(zones)}; ask for at most {len(zones)}, or use another aws:region",
            )
        return sorted(zones)[:count]

    def _route_ipv6(self, name: str, vpc: awsx.ec2.Vpc, zones: list[str]) -> None:
        # awsx gives IPv6 addresses but no route for them. Its route tables come zone by zone, public before
        # private (awsx 3.11.0, ec2/vpc.ts: one loop over zones, the specs of each sorted by kind).
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
    """The ranges of one Availability Zone."""

    public: IPv4Network
    private: IPv4Network


def subnet_layout(cidr: str) -> list[ZoneSlot]:
    """Return where subnets are, whatever the number of zones and the kind of NAT.

    A zone has a quarter of the VPC: its first half is private, the next quarter public, and the last one is
    left for what may come (databases, endpoints).
    """
    slots = IPv4Network(cidr).subnets(prefixlen_diff=ZONE_SLOTS.bit_length() - 1)
    return [
        ZoneSlot(private=next(slot.subnets(prefixlen_diff=1)), public=list(slot.subnets(prefixlen_diff=2))[2])
        for slot in slots
    ]


def _without_automatic_public_addresses(
    args: pulumi.ResourceTransformArgs,
) -> pulumi.ResourceTransformResult | None:
    # awsx switches it on for public subnets and has no argument for it; tasks ask for an address themselves
    # (EC2.15).
    if args.type_ != "aws:ec2/subnet:Subnet":
        return None
    return pulumi.ResourceTransformResult({**args.props, "mapPublicIpOnLaunch": False}, args.opts)
