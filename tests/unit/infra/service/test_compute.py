"""Arguments that depend on capacity: task definition, service, ports and schedules."""

from __future__ import annotations

from typing import Any

import pytest

from infra.network.discovery import Namespaces
from infra.service.compute import Compute
from infra.settings import (
    CapacityProvider,
    DiscoverySettings,
    Ec2Capacity,
    ExternalCapacity,
    ManagedInstancesCapacity,
    PlacementConstraint,
    PlacementStrategy,
    Schedule,
)
from tests.unit.infra.factories import declare_service, platform, service_settings
from tests.unit.infra.recorder import Graph

SERVICE = "aws:ecs/service:Service"
CAPACITY = {
    "pool": Ec2Capacity(type="ec2", instance_types=("t4g.small",)),
    "own": ManagedInstancesCapacity(type="managed-instances"),
    "rack": ExternalCapacity(type="external"),
}
PLATFORM = {"capacity": CAPACITY, "provider_names": {"pool": "capacity-pool-1", "own": "capacity-own-1"}}
NETWORK: Any = {
    "subnets": ["subnet-1", "subnet-2"],
    "security_groups": ["sg-tasks"],
    "assign_public_ip": False,
}
SPREAD = PlacementStrategy(type="spread", field="attribute:ecs.availability-zone")
BINPACK = PlacementStrategy(type="binpack", field="memory")
ONE_ZONE = PlacementConstraint(type="memberOf", expression="attribute:ecs.availability-zone == us-east-1a")


def _on(capacity: str) -> dict[str, Any]:
    return {"capacity_provider_strategy": (CapacityProvider(capacity_provider=capacity, weight=1),)}


def _compute(capacity: str, *, public: bool = False, **changes: Any) -> Compute:
    shared = platform(**PLATFORM, assign_public_ip=public)
    return Compute.of(service_settings(**_on(capacity), **changes), shared)


def _declare(capacity: str, **changes: Any) -> Graph:
    return declare_service(platform_changes=PLATFORM, **_on(capacity), **changes)


def _strategy(provider: str) -> list[dict[str, Any]]:
    return [{"capacity_provider": provider, "weight": 1, "base": 0}]


FARGATE = Compute(
    kind="fargate",
    network_mode="awsvpc",
    capacity_provider_strategies=_strategy("FARGATE"),
    network_configuration=NETWORK,
    availability_zone_rebalancing="ENABLED",
    ordered_placement_strategies=None,
    placement_constraints=None,
)


@pytest.mark.parametrize(
    ("compute", "expected"),
    [
        (_compute("FARGATE"), FARGATE),
        (
            _compute("pool", network_mode="bridge", placement_strategies=(SPREAD, BINPACK)),
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
                network_configuration=NETWORK,
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
def test_arguments_follow_from_the_capacity(compute: Compute, expected: Compute) -> None:
    assert compute == expected


@pytest.mark.parametrize(("capacity", "public"), [("FARGATE", True), ("pool", False), ("own", False)])
def test_only_fargate_tasks_have_a_public_address(capacity: str, public: bool) -> None:  # noqa: FBT001
    """ECS refuses to assign one to a task on an instance."""
    network = _compute(capacity, public=True).network_configuration

    assert network == {**NETWORK, "assign_public_ip": public}


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
    "changes", [{"placement_strategies": (BINPACK,)}, {"placement_constraints": (ONE_ZONE,)}]
)
def test_zones_are_not_rebalanced_against_the_placement(changes: dict[str, Any]) -> None:
    """ECS refuses a service with both."""
    assert _compute("pool", **changes).availability_zone_rebalancing == "DISABLED"


def test_service_on_instances_is_reached_by_dynamic_ports() -> None:
    graph = _declare("pool", network_mode="bridge", cpu=300, memory=700, gpus=1)
    definition = graph.one("aws:ecs/taskDefinition:TaskDefinition").inputs
    container = graph.containers("web")["web"]
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


def test_service_on_instances_is_registered_in_dns_with_its_port() -> None:
    """Its tasks have no address of their own, so that clients need SRV records."""
    graph = declare_service(
        platform_changes={**PLATFORM, "namespaces": Namespaces(dns_id="ns-1", dns_name="dev.internal")},
        **_on("pool"),
        network_mode="bridge",
        exposure="none",
        discovery=DiscoverySettings(enabled=True),
    )
    registry = graph.one("aws:servicediscovery/service:Service").inputs

    assert registry["dnsConfig"]["dnsRecords"][0]["type"] == "SRV"
    assert graph.one(SERVICE).inputs["serviceRegistries"] == {
        "registryArn": "arn:aws:servicediscovery:us-east-1:123456789012:service/web-1a2b3c4",
        "containerName": "web",
        "containerPort": 3000,
    }


def test_service_and_schedules_outside_aws_have_a_launch_type_instead_of_a_strategy() -> None:
    nightly = Schedule(rate="1 day")
    graph = _declare("rack", exposure="none", network_mode="host", schedules={"nightly": nightly})
    service = graph.one(SERVICE).inputs
    scheduled = graph.one("aws:scheduler/schedule:Schedule").inputs["target"]["ecsParameters"]

    assert service["availabilityZoneRebalancing"] == "DISABLED"
    for task in (service, scheduled):
        assert task["launchType"] == "EXTERNAL"
        assert not {"capacityProviderStrategies", "platformVersion", "networkConfiguration"} & task.keys()


def test_service_is_replaced_when_the_provider_would_keep_its_launch_type_or_network() -> None:
    """A removed launch type stays in ECS, and the old network configuration is refused without `awsvpc`."""
    triggers = [
        _declare(capacity, exposure="none", host=None, **changes).one(SERVICE).replacement_trigger
        for capacity, changes in (
            ("FARGATE", {}),
            ("pool", {}),
            ("own", {}),
            ("pool", {"network_mode": "bridge"}),
            ("pool", {"network_mode": "host"}),
            ("rack", {}),
        )
    ]

    # In place between capacity providers, and between modes without an address of the task's own.
    assert triggers == [
        "none",
        "none",
        "none",
        *["none without-address"] * 2,
        "none EXTERNAL without-address",
    ]
