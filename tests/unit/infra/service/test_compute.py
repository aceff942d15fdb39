"""What a service's capacity means for its task definition, its service, its ports and its schedules."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.service.compute import Compute
from infra.service.service import Service
from infra.settings import (
    CapacityProvider,
    Ec2Capacity,
    ExternalCapacity,
    ManagedInstancesCapacity,
    PlacementConstraint,
    PlacementStrategy,
    Schedule,
)
from tests.unit.infra.factories import held, platform, service_args, service_settings
from tests.unit.infra.recorder import Graph, declare, once

SERVICE = "aws:ecs/service:Service"
DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
CAPACITY = {
    "pool": Ec2Capacity(type="ec2", instance_types=("t4g.small",)),
    "own": ManagedInstancesCapacity(type="managed-instances"),
    "rack": ExternalCapacity(type="external"),
}
PLATFORM = {"capacity": CAPACITY, "provider_names": {"pool": "capacity-pool-1", "own": "capacity-own-1"}}
ADDRESSES: Any = {
    "subnets": ["subnet-1", "subnet-2"],
    "security_groups": ["sg-tasks"],
    "assign_public_ip": False,
}
SPREAD = PlacementStrategy(type="spread", field="attribute:ecs.availability-zone")
PACKED = PlacementStrategy(type="binpack", field="memory")


def _on(*names: str) -> dict[str, Any]:
    lines = tuple(CapacityProvider(capacity_provider=name, weight=1) for name in names)
    return {"capacity_provider_strategy": lines}


def _compute(name: str, **changes: Any) -> Compute:
    return Compute.of(service_settings(**_on(name), **changes), platform(**PLATFORM))


@once
def _service(name: str, **changes: Any) -> Graph:
    arguments = service_args(service_settings(**_on(name), **changes), **PLATFORM)
    return declare(lambda: Service("web", arguments, opts=held()))


def _strategy(name: str) -> list[dict[str, Any]]:
    return [{"capacity_provider": name, "weight": 1, "base": 0}]


@pytest.mark.parametrize(
    ("compute", "expected"),
    [
        (
            _compute("FARGATE"),
            Compute(
                kind="fargate",
                network_mode="awsvpc",
                capacity_provider_strategies=_strategy("FARGATE"),
                network_configuration=ADDRESSES,
                availability_zone_rebalancing="ENABLED",
                ordered_placement_strategies=None,
                placement_constraints=None,
            ),
        ),
        (
            _compute("pool", network_mode="bridge", placement_strategies=(SPREAD, PACKED)),
            Compute(
                kind="ec2",
                network_mode="bridge",
                capacity_provider_strategies=_strategy("capacity-pool-1"),
                network_configuration=None,
                availability_zone_rebalancing="ENABLED",
                ordered_placement_strategies=[
                    {"type": "spread", "field": "attribute:ecs.availability-zone"},
                    {"type": "binpack", "field": "memory"},
                ],
                placement_constraints=None,
            ),
        ),
        (
            _compute("own"),
            Compute(
                kind="managed-instances",
                network_mode="awsvpc",
                capacity_provider_strategies=_strategy("capacity-own-1"),
                network_configuration=ADDRESSES,
                availability_zone_rebalancing=None,
                ordered_placement_strategies=None,
                placement_constraints=None,
            ),
        ),
        (
            _compute("rack", placement_constraints=(PlacementConstraint(type="distinctInstance"),)),
            Compute(
                kind="external",
                network_mode="bridge",
                capacity_provider_strategies=None,
                network_configuration=None,
                availability_zone_rebalancing="DISABLED",
                ordered_placement_strategies=None,
                placement_constraints=[{"type": "distinctInstance"}],
            ),
        ),
    ],
    ids=["fargate", "ec2", "managed-instances", "external"],
)
def test_all_that_differs_follows_from_the_capacity(compute: Compute, expected: Compute) -> None:
    assert compute == expected


@pytest.mark.parametrize(("name", "public"), [("FARGATE", True), ("pool", False), ("own", False)])
def test_only_a_fargate_task_has_a_public_address_of_its_own(name: str, public: bool) -> None:  # noqa: FBT001
    """ECS refuses to give one to a task on an instance."""
    reachable = platform(**PLATFORM, assign_public_ip=True)
    network = Compute.of(service_settings(**_on(name)), reachable).network_configuration

    assert network == {**ADDRESSES, "assign_public_ip": public}


@pytest.mark.parametrize(
    ("compute", "compatibility", "target", "mapping"),
    [
        (_compute("FARGATE"), "FARGATE", "ip", {}),
        (_compute("pool"), "EC2", "ip", {}),
        (_compute("pool", network_mode="bridge"), "EC2", "instance", {"hostPort": 0}),
        (_compute("pool", network_mode="host"), "EC2", "instance", {"hostPort": 3000}),
        (_compute("own"), "MANAGED_INSTANCES", "ip", {}),
        (_compute("rack"), "EXTERNAL", "instance", {"hostPort": 0}),
    ],
)
def test_ports_and_targets_follow_from_the_network_mode(
    compute: Compute, compatibility: str, target: str, mapping: dict[str, int]
) -> None:
    assert compute.compatibilities == [compatibility]
    assert compute.target_type == target
    assert compute.port_mapping(3000) == {"containerPort": 3000, "protocol": "tcp", **mapping}


@pytest.mark.parametrize(
    "changes",
    [
        {"placement_strategies": (PACKED,)},
        {
            "placement_constraints": (
                PlacementConstraint(
                    type="memberOf", expression="attribute:ecs.availability-zone == us-east-1a"
                ),
            )
        },
    ],
)
def test_zones_are_kept_even_only_where_ecs_can(changes: dict[str, Any]) -> None:
    """It refuses a service that is balanced between zones and placed otherwise."""
    assert _compute("pool", **changes).availability_zone_rebalancing == "DISABLED"


def test_a_service_on_instances_is_reached_by_their_ports() -> None:
    graph = _service("pool", network_mode="bridge", cpu=300, memory=700, gpus=1)
    definition = graph.one(DEFINITION).inputs
    (container,) = json.loads(definition["containerDefinitions"])
    service = graph.one(SERVICE).inputs

    assert definition["requiresCompatibilities"] == ["EC2"]
    assert definition["networkMode"] == "bridge"
    assert (definition["cpu"], definition["memory"]) == ("300", "700")
    assert container["portMappings"] == [{"containerPort": 3000, "protocol": "tcp", "hostPort": 0}]
    assert container["resourceRequirements"] == [{"type": "GPU", "value": "1"}]
    assert graph.one("aws:lb/targetGroup:TargetGroup").inputs["targetType"] == "instance"
    assert service["capacityProviderStrategies"] == [
        {"capacityProvider": "capacity-pool-1", "weight": 1, "base": 0}
    ]
    assert not {"launchType", "platformVersion", "networkConfiguration"} & service.keys()


def test_a_service_outside_aws_has_a_launch_type_in_the_place_of_a_strategy() -> None:
    service = _service("rack", exposure="none", network_mode="host").one(SERVICE).inputs

    assert service["launchType"] == "EXTERNAL"
    assert service["availabilityZoneRebalancing"] == "DISABLED"
    assert not {"capacityProviderStrategies", "platformVersion", "networkConfiguration"} & service.keys()


def test_what_starts_by_the_clock_runs_there_too() -> None:
    nightly = Schedule(rate="1 day")
    graph = _service("rack", exposure="none", schedules={"nightly": nightly})
    task = graph.one("aws:scheduler/schedule:Schedule").inputs["target"]["ecsParameters"]

    assert task["launchType"] == "EXTERNAL"
    assert not {"capacityProviderStrategies", "platformVersion", "networkConfiguration"} & task.keys()
