"""Small stacks and their pictures."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from automation.cost.resources import Resource, Stack
from automation.diagram.model import Picture
from automation.diagram.reading import picture_of


def resource(kind: str, name: str = "it", **properties: object) -> Resource:
    """Return a resource with the ARN and id that others refer to."""
    known = {"arn": f"arn:of:{kind}:{name}", "id": f"{name}-id", "name": name, **properties}
    return Resource(type=f"aws:{kind}", name=name, properties=known)


def stack_of(*resources: Resource) -> Stack:
    return Stack("mine", "eu-central-1", resources)


def drawn(*resources: Resource) -> Picture:
    return picture_of(stack_of(*resources))


def subnet(zone: str, kind: str = "Private") -> Resource:
    name = f"{kind.lower()}-{zone}"
    properties = {"availabilityZone": zone, "cidrBlock": "10.0.0.0/24", "tags": {"SubnetType": kind}}
    return resource("ec2/subnet:Subnet", name, **properties)


def service(name: str = "web", *zones: str, **properties: object) -> Resource:
    network = {"subnets": [f"private-{zone}-id" for zone in zones]}
    return resource(
        "ecs/service:Service", name, **{"desiredCount": 1, "networkConfiguration": network, **properties}
    )


@pytest.fixture(scope="session")
def picture(planned: Callable[[str], Stack]) -> Callable[[str], Picture]:
    """The pictures of the shipped stacks."""
    return cache(lambda name: picture_of(planned(name)))
