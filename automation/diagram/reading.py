"""Makes a picture of a stack's resources, planned or deployed; each type that is left out has a reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from automation.cost.resources import Stack
from automation.diagram.builder import Builder, title_of
from automation.diagram.compute import add_compute
from automation.diagram.dependencies import add_dependencies
from automation.diagram.load_balancers import add_load_balancers
from automation.diagram.model import Picture
from automation.diagram.network import add_network
from automation.diagram.regional import add_regional_services

_NOT_DRAWN: Final[Mapping[str, tuple[str, ...]]] = {
    "edges show which connections are allowed": (
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    ),
    "part of a gateway or load balancer that is drawn": (
        "aws:ec2/eip:Eip",
        "aws:ec2/route:Route",
        "aws:ec2/routeTable:RouteTable",
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
    ),
    "docs/security.md has the permissions": (
        "aws:iam/instanceProfile:InstanceProfile",
        "aws:iam/role:Role",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    ),
    "a setting of a resource that is drawn": (
        "aws:acm/certificateValidation:CertificateValidation",
        "aws:ec2/launchTemplate:LaunchTemplate",
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        "aws:efs/backupPolicy:BackupPolicy",
        "aws:efs/fileSystemPolicy:FileSystemPolicy",
        "aws:sqs/queuePolicy:QueuePolicy",
    ),
    "not a resource on AWS by itself": ("docker-build:index:Image", "random:index/randomId:RandomId"),
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
    drawn = {resource for node in picture.nodes for resource in node.of}
    return sorted({title_of(item) for item in stack.resources if item.type not in NOT_DRAWN} - drawn)
