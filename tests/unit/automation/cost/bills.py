"""Small stacks with prices that one can reckon with."""

from __future__ import annotations

from datetime import date
from typing import Any

from automation.cost.assumptions import Assumptions
from automation.cost.estimate import Estimate, estimate
from automation.cost.prices import Price, Source
from automation.cost.resources import Resource, Stack

SERVICE = "aws:ecs/service:Service"
TASK_DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
CLUSTER = "aws:ecs/cluster:Cluster"
LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
NAT_GATEWAY = "aws:ec2/natGateway:NatGateway"


class EverythingCostsADollar:
    """A price book in which dollars are quantities."""

    region = "nowhere"

    def price(self, key: str) -> Price:
        source = Source(url="https://example.com", read=date(2026, 1, 2))
        return Price(key=key, usd=1.0, unit="unit", source=source)


def resource(token: str, name: str = "it", /, **properties: Any) -> Resource:
    return Resource(type=token, name=name, properties=properties)


def service(name: str = "web", **properties: Any) -> Resource:
    defaults = {
        "desiredCount": 1,
        "taskDefinition": "arn:task",
        "capacityProviderStrategies": [{"capacityProvider": "FARGATE", "weight": 1}],
        "networkConfiguration": {"assignPublicIp": False},
    }
    return resource(SERVICE, name, **{**defaults, **properties})


def task(**properties: Any) -> Resource:
    defaults = {
        "arn": "arn:task",
        "cpu": "512",
        "memory": "1024",
        "runtimePlatform": {"cpuArchitecture": "ARM64"},
    }
    return resource(TASK_DEFINITION, **{**defaults, **properties})


def stack(*resources: Resource) -> Stack:
    return Stack("test", "nowhere", resources)


def bill(*resources: Resource, **assumed: float) -> Estimate:
    return estimate(stack(*resources), EverythingCostsADollar(), Assumptions(**assumed))


def quantities(*resources: Resource, **assumed: float) -> dict[str, float]:
    """How much is taken of what has a price, over all resources."""
    taken: dict[str, float] = {}
    for line in bill(*resources, **assumed).lines:
        taken[line.price.key] = taken.get(line.price.key, 0) + line.usage.quantity
    return taken
