"""Service discovery: a namespace for Service Connect, and a private DNS zone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from infra.settings import DiscoverySettings


@dataclass(frozen=True, kw_only=True)
class Namespaces:
    """What services register in, of this stack or of the one that it attaches to."""

    connect_arn: pulumi.Input[str] | None = None
    """Of Service Connect; None where no service uses it."""
    dns_id: pulumi.Input[str] | None = None
    """Of the private DNS zone; None where no service has a name there."""
    dns_name: pulumi.Input[str] | None = None
    """Name of that zone."""


@dataclass(frozen=True, kw_only=True)
class DiscoveryArgs:
    """What :class:`Discovery` needs to know."""

    vpc_id: pulumi.Input[str]
    connect: bool = False
    """Whether a service uses Service Connect."""
    domain: str | None = None
    """Name of the private DNS zone, if a service has a name there."""


class Discovery(pulumi.ComponentResource):
    """The namespaces of one stack: its services find each other, and nobody else finds them.

    That of Service Connect is known to the proxies of its services alone; the DNS zone to the VPC.
    """

    namespaces: Namespaces

    def __init__(self, name: str, args: DiscoveryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:Discovery", name, None, opts)

        connect = (
            aws.servicediscovery.HttpNamespace(f"{name}-connect", opts=pulumi.ResourceOptions(parent=self))
            if args.connect
            else None
        )
        dns = (
            aws.servicediscovery.PrivateDnsNamespace(
                f"{name}-dns",
                name=args.domain,
                vpc=args.vpc_id,
                # Another one of that name cannot be there at the same time.
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
            if args.domain
            else None
        )

        self.namespaces = Namespaces(
            connect_arn=connect.arn if connect else None,
            dns_id=dns.id if dns else None,
            dns_name=dns.name if dns else None,
        )
        self.register_outputs(
            {"connect_arn": self.namespaces.connect_arn, "dns_id": self.namespaces.dns_id},
        )


def registered(
    name: str,
    settings: DiscoverySettings,
    *,
    namespace_id: pulumi.Input[str],
    srv: bool,
    parent: pulumi.Resource,
) -> aws.servicediscovery.Service:
    """Declare the name under which ECS registers a service's tasks.

    Args:
        name: the service's.
        settings: what its name is.
        namespace_id: of the DNS zone.
        srv: whether tasks are found by SRV records, with a port, for want of an address of their own.
        parent: the service's component.
    """
    return aws.servicediscovery.Service(
        name,
        name=settings.name or name,
        dns_config={
            "namespace_id": namespace_id,
            "dns_records": [{"type": "SRV" if srv else "A", "ttl": settings.ttl_seconds}],
            "routing_policy": "MULTIVALUE",
        },
        # By it ECS takes an unhealthy task out. AWS ignores the number; without it the provider sends none.
        health_check_custom_config={"failure_threshold": 1},
        # ECS takes out the tasks of a deleted service a moment later, and Cloud Map refuses until then:
        # https://github.com/hashicorp/terraform-provider-aws/issues/4853
        force_destroy=True,
        opts=pulumi.ResourceOptions(parent=parent),
    )
