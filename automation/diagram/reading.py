"""Makes a picture of a stack's resources, planned or deployed; each type that is left out has a reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from automation.cost.resources import Stack, aws_types
from automation.diagram.builder import Builder, title_of
from automation.diagram.compute import add_compute
from automation.diagram.dependencies import add_dependencies
from automation.diagram.load_balancers import add_load_balancers
from automation.diagram.model import Picture
from automation.diagram.network import add_network
from automation.diagram.regional import add_regional_services

_NOT_DRAWN: Final = {
    "edges show which connections are allowed": aws_types(
        ec2="DefaultSecurityGroup SecurityGroup", vpc="SecurityGroupEgressRule SecurityGroupIngressRule"
    ),
    "part of a gateway or load balancer that is drawn": aws_types(
        ec2="Eip Route RouteTable RouteTableAssociation"
    ),
    "docs/security.md has the permissions": aws_types(
        iam="InstanceProfile Role RolePolicy RolePolicyAttachment"
    ),
    "a setting of a resource that is drawn": aws_types(
        acm="CertificateValidation",
        ec2="LaunchTemplate",
        ecr="LifecyclePolicy",
        efs="BackupPolicy FileSystemPolicy",
        sqs="QueuePolicy",
    ),
    "not a resource on AWS": ["docker-build:index:Image", "random:index/randomId:RandomId"],
}
NOT_DRAWN: Final[Mapping[str, str]] = {token: reason for reason, of in _NOT_DRAWN.items() for token in of}
"""Types that are left out, each with the reason."""


def picture_of(stack: Stack) -> Picture:
    """Return the picture of a stack."""
    builder = Builder(stack)
    add_network(builder)
    add_compute(builder)
    add_load_balancers(builder)
    add_dependencies(builder)
    add_regional_services(builder)
    return builder.picture()


def not_drawn(stack: Stack, picture: Picture) -> list[str]:
    """Return the resources of unknown types, which a picture lacks."""
    drawn = {resource for node in picture.nodes for resource in node.resources}
    return sorted({title_of(item) for item in stack.resources if item.type not in NOT_DRAWN} - drawn)
