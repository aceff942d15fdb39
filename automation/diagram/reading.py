"""Makes a picture of a stack's resources, planned or deployed; what it leaves out has a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from automation.cost.resources import Stack
from automation.diagram import compute, entrances, needs, network, regional
from automation.diagram.draft import Draft, said
from automation.diagram.model import Picture

NOT_DRAWN: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        (
            "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
            "aws:ec2/securityGroup:SecurityGroup",
            "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        ),
        "the lines show who connects to whom",
    ),
    **dict.fromkeys(
        (
            "aws:ec2/eip:Eip",
            "aws:ec2/route:Route",
            "aws:ec2/routeTable:RouteTable",
            "aws:ec2/routeTableAssociation:RouteTableAssociation",
        ),
        "part of a gateway or load balancer that is drawn",
    ),
    **dict.fromkeys(
        (
            "aws:iam/instanceProfile:InstanceProfile",
            "aws:iam/role:Role",
            "aws:iam/rolePolicy:RolePolicy",
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        ),
        "docs/security.md has the permissions",
    ),
    **dict.fromkeys(
        (
            "aws:ecr/lifecyclePolicy:LifecyclePolicy",
            "aws:efs/backupPolicy:BackupPolicy",
            "aws:efs/fileSystemPolicy:FileSystemPolicy",
            "aws:sqs/queuePolicy:QueuePolicy",
        ),
        "a rule of something that is drawn",
    ),
    "aws:acm/certificateValidation:CertificateValidation": "waits, and makes nothing",
    "aws:ec2/launchTemplate:LaunchTemplate": "describes instances whose group is drawn",
    "docker-build:index:Image": "an image in a repository that is drawn",
    "random:index/randomId:RandomId": "stands in the state alone",
}
"""Types that no picture has, each with its reason."""


def picture_of(stack: Stack) -> Picture:
    """Return what is drawn of a stack."""
    draft = Draft(stack)
    for read in (network.read, compute.read, entrances.read, needs.read, regional.read):
        read(draft)
    reached = {edge.target for edge in draft.edges if edge.kind == "traffic"}
    nodes = [
        replace(node, of=tuple(sorted(draft.stand_for.get(node.id, ())))) for node in draft.nodes.values()
    ]
    return Picture(
        stack=stack.name,
        region=stack.region,
        # What is reached from outside comes before what works for it.
        nodes=tuple(sorted(nodes, key=lambda one: one.kind == "service" and one.id not in reached)),
        # Of an update that failed in the middle, an end may be missing.
        edges=tuple(edge for edge in draft.edges if {edge.source, edge.target} <= draft.nodes.keys()),
    )


def not_drawn(stack: Stack, picture: Picture) -> list[str]:
    """Return the resources that a picture leaves out for no known reason."""
    drawn = {resource for node in picture.nodes for resource in node.of}
    left = (resource for resource in stack.resources if resource.type not in NOT_DRAWN)
    return sorted({said(one) for one in left} - drawn)
