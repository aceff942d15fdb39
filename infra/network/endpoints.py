"""VPC endpoints: connections to AWS services without the internet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, kw_only=True)
class EndpointsArgs:
    """Inputs of :class:`Endpoints`."""

    region: str
    vpc_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[list[str]]
    """One subnet in each zone."""
    tasks_security_group_id: pulumi.Input[str]
    services: Sequence[str]
    """Last parts of the AWS services' names, such as ecr.api, or entire names.

    In China the first part of the name depends on the service: com.amazonaws or cn.com.amazonaws.
    """


class Endpoints(pulumi.ComponentResource):
    """Interface endpoints of AWS services, which only the tasks can connect to."""

    def __init__(self, name: str, args: EndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:Endpoints", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        group = aws.ec2.SecurityGroup(
            name, description="Endpoints of AWS services: open to the tasks", vpc_id=args.vpc_id, opts=child
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-from-tasks",
            security_group_id=group.id,
            description="Requests from the tasks",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            referenced_security_group_id=args.tasks_security_group_id,
            opts=child,
        )
        for service in args.services:
            is_entire = f".{args.region}." in service
            # Both spellings have one name: AWS refuses a second endpoint with the same private DNS names.
            short = service.removeprefix(f"com.amazonaws.{args.region}.")
            aws.ec2.VpcEndpoint(
                f"{name}-{short.replace('.', '-')}",
                vpc_id=args.vpc_id,
                vpc_endpoint_type="Interface",
                service_name=service if is_entire else f"com.amazonaws.{args.region}.{service}",
                subnet_ids=args.subnet_ids,
                security_group_ids=[group.id],
                # The services' usual names then resolve to the endpoint.
                private_dns_enabled=True,
                opts=child,
            )
        self.register_outputs({})
