"""The network load balancer of a stack: for TCP, TLS and UDP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.settings import NetworkLoadBalancerSettings


@dataclass(frozen=True, kw_only=True)
class NetworkLoadBalancerArgs:
    """What a :class:`NetworkLoadBalancer` needs to know."""

    settings: NetworkLoadBalancerSettings
    subnet_ids: pulumi.Input[list[str]]
    public_subnets: Mapping[str, pulumi.Input[str]]
    """Ids of the public subnets by zone, each of which gets a fixed address if there are any."""
    security_group_id: pulumi.Input[str]
    ipv6: bool = False
    protect: bool = False
    log_bucket: str | None = None
    """Gets a line for each connection that this load balancer decrypts; AWS logs no others."""
    log_prefix: str = ""
    prerequisites: Sequence[pulumi.Resource] = ()
    """What its addresses need as long as it lives: the internet gateway, routes."""


class NetworkLoadBalancer(pulumi.ComponentResource):
    """A load balancer of connections; each service adds a listener of its own to it."""

    arn: pulumi.Output[str]
    arn_suffix: pulumi.Output[str]
    """End of the ARN, as metrics name a load balancer."""
    dns_name: pulumi.Output[str]
    zone_id: pulumi.Output[str]
    """Route 53 zone of `dns_name`, for alias records."""
    addresses: pulumi.Output[list[str]]
    """Fixed addresses; empty without any."""

    def __init__(
        self, name: str, args: NetworkLoadBalancerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("node-on-ecs:infra:NetworkLoadBalancer", name, None, opts)

        addresses = {
            zone: aws.ec2.Eip(
                f"{name}-{zone}",
                domain="vpc",
                opts=pulumi.ResourceOptions(
                    parent=self, protect=args.protect, depends_on=list(args.prerequisites)
                ),
            )
            for zone in (args.public_subnets if args.settings.fixed_addresses else ())
        }
        mappings: list[aws.lb.LoadBalancerSubnetMappingArgsDict] = [
            {"subnet_id": args.public_subnets[zone], "allocation_id": address.allocation_id}
            for zone, address in addresses.items()
        ]
        load_balancer = aws.lb.LoadBalancer(
            name,
            load_balancer_type="network",
            internal=args.settings.internal,
            ip_address_type="dualstack" if args.ipv6 else "ipv4",
            subnets=None if mappings else args.subnet_ids,
            subnet_mappings=mappings or None,
            security_groups=[args.security_group_id],
            # Else a zone's clients reach that zone's tasks alone, and there may be none.
            enable_cross_zone_load_balancing=True,
            # Off, the provider wants a bucket, too.
            access_logs={"bucket": args.log_bucket, "prefix": args.log_prefix, "enabled": True}
            if args.log_bucket
            else None,
            enable_deletion_protection=args.protect,
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=args.protect,
                depends_on=list(args.prerequisites),
                # An Elastic IP address is one load balancer's at a time: the old one goes first.
                delete_before_replace=bool(mappings),
            ),
        )

        self.arn = load_balancer.arn
        self.arn_suffix = load_balancer.arn_suffix
        self.dns_name = load_balancer.dns_name
        self.zone_id = load_balancer.zone_id
        self.addresses = pulumi.Output.all(*[one.public_ip for one in addresses.values()]).apply(
            lambda known: list(map(str, known))
        )
        self.register_outputs(
            {
                "arn": self.arn,
                "arn_suffix": self.arn_suffix,
                "dns_name": self.dns_name,
                "zone_id": self.zone_id,
                "addresses": self.addresses,
            }
        )
