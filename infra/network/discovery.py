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
    """The namespaces of this stack, or of the stack that it attaches to."""

    connect_arn: pulumi.Input[str] | None = None
    """Namespace of Service Connect; None if no service uses it."""
    dns_id: pulumi.Input[str] | None = None
    """Namespace of the private DNS zone; None if no service has a name there."""
    dns_name: pulumi.Input[str] | None = None
    """Name of that zone."""


@dataclass(frozen=True, kw_only=True)
class DiscoveryArgs:
    """Inputs of :class:`Discovery`."""

    vpc_id: pulumi.Input[str]
    connect: bool = False
    """Whether a service uses Service Connect."""
    domain: str | None = None
    """Name of the private DNS zone, if a service has a name there."""


class Discovery(pulumi.ComponentResource):
    """The namespaces in which the services of a stack find each other.

    Only the proxies of its services can use the Service Connect namespace, and only the VPC the DNS zone.
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
                # Two namespaces of the same name cannot exist at the same time.
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
        self.register_outputs({"connect_arn": self.namespaces.connect_arn, "dns_id": self.namespaces.dns_id})


def discovery_service(
    name: str,
    settings: DiscoverySettings,
    *,
    namespace_id: pulumi.Input[str],
    srv: bool,
    parent: pulumi.Resource,
) -> aws.servicediscovery.Service:
    """Declare the Cloud Map service in which ECS registers the tasks of a service.

    Args:
        name: of the service.
        settings: of its name in the DNS zone.
        namespace_id: the DNS zone's.
        srv: whether tasks have SRV records with a port, as they have no address of their own.
        parent: the service's component.
    """
    return aws.servicediscovery.Service(
        # With another name it is another resource: the old name resolves until the tasks have the new one.
        f"{name}-{settings.name}" if settings.name else name,
        name=settings.name or name,
        dns_config={
            "namespace_id": namespace_id,
            "dns_records": [{"type": "SRV" if srv else "A", "ttl": settings.ttl_seconds}],
            "routing_policy": "MULTIVALUE",
        },
        # ECS deregisters unhealthy tasks by it. AWS ignores the threshold; without it the provider omits the
        # block.
        health_check_custom_config={"failure_threshold": 1},
        # ECS deregisters the tasks of a deleted service with a delay, and Cloud Map refuses to delete until
        # then:
        # https://github.com/hashicorp/terraform-provider-aws/issues/4853
        force_destroy=True,
        # Two services of the same name cannot exist in a namespace at the same time, and another network mode
        # has another type of records.
        opts=pulumi.ResourceOptions(parent=parent, delete_before_replace=True),
    )
