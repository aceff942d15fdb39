"""Small stacks, and prices with which dollars are quantities."""

from __future__ import annotations

from datetime import date
from typing import Any

from automation.cost.assumptions import Assumptions
from automation.cost.estimate import Estimate, estimate
from automation.cost.prices import Price
from automation.cost.resources import Resource, Stack
from automation.cost.tables import Source

SERVICE = "aws:ecs/service:Service"
TASK_DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
CLUSTER = "aws:ecs/cluster:Cluster"
LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
NAT_GATEWAY = "aws:ec2/natGateway:NatGateway"
TARGET = "aws:appautoscaling/target:Target"
POLICY = "aws:appautoscaling/policy:Policy"
SCHEDULED_ACTION = "aws:appautoscaling/scheduledAction:ScheduledAction"
KEY, ADDRESS, BUCKET = "aws:kms/key:Key", "aws:ec2/eip:Eip", "aws:s3/bucket:Bucket"
FARGATE = [{"capacityProvider": "FARGATE", "weight": 1}]
SPOT = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]


class OneDollarPrices:
    """Prices of one dollar for each unit."""

    def price(self, key: str) -> Price:
        source = Source(url="https://example.com", read=date(2026, 1, 2))
        return Price(key=key, usd=1.0, unit="unit", source=source)


def resource(token: str, name: str = "it", /, **properties: Any) -> Resource:
    return Resource(type=token, name=name, properties=properties)


def service(name: str = "web", /, **properties: Any) -> Resource:
    defaults = {
        "desiredCount": 1,
        "taskDefinition": "arn:task",
        "capacityProviderStrategies": FARGATE,
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


def action(schedule: str, minimum: int, maximum: int, of: str = "web", **properties: Any) -> Resource:
    """A scheduled action of a service, whose limits the provider keeps as text."""
    return resource(
        SCHEDULED_ACTION,
        f"{of} {schedule}",
        resourceId=f"service/cluster/{of}",
        schedule=schedule,
        scalableTargetAction={"minCapacity": str(minimum), "maxCapacity": str(maximum)},
        **properties,
    )


def target(minimum: int, maximum: int, of: str = "web") -> Resource:
    """The scalable target of a service."""
    return resource(TARGET, of, resourceId=f"service/cluster/{of}", minCapacity=minimum, maxCapacity=maximum)


def policy(of: str = "web") -> Resource:
    """A scaling policy of a service."""
    return resource(POLICY, of, resourceId=f"service/cluster/{of}")


def stack(*resources: Resource) -> Stack:
    return Stack("test", "nowhere", resources)


def bill(*resources: Resource, **assumed: float) -> Estimate:
    return estimate(stack(*resources), OneDollarPrices(), Assumptions(**assumed))


def quantities(*resources: Resource, **assumed: float) -> dict[str, float]:
    """Return the total quantity of each price."""
    totals: dict[str, float] = {}
    for line in bill(*resources, **assumed).lines:
        totals[line.price.key] = totals.get(line.price.key, 0) + line.usage.quantity
    return totals
