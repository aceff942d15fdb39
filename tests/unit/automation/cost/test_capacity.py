"""Number and type of instances for tasks."""

from __future__ import annotations

from typing import Any

import pytest

from automation.cost.capacity import ACTIVATION, GROUP, PROVIDER, SCHEDULE, TEMPLATE
from automation.cost.resources import Resource
from tests.unit.automation.cost.bills import (
    CLUSTER,
    NAT_GATEWAY,
    action,
    bill,
    quantities,
    resource,
    service,
    target,
    task,
)

OWN = [{"capacityProvider": "own", "weight": 1}]


def group(*types: str, **properties: Any) -> Resource:
    """The Auto Scaling group of the provider `own`."""
    specification = {"launchTemplateId": "lt-1", "version": "1"}
    overrides = [{"instanceType": name} for name in types]
    defaults = {
        "name": "group",
        "arn": "arn:group",
        "minSize": 0,
        "maxSize": 10,
        "mixedInstancesPolicy": {
            "launchTemplate": {"launchTemplateSpecification": specification, "overrides": overrides},
            "instancesDistribution": {"onDemandPercentageAboveBaseCapacity": 100},
        },
    }
    return resource(GROUP, **{**defaults, **properties})


def template(disk: int = 30, **properties: Any) -> Resource:
    mappings = [{"deviceName": "/dev/xvda", "ebs": {"volumeType": "gp3", "volumeSize": disk}}]
    return resource(TEMPLATE, **{"id": "lt-1", "blockDeviceMappings": mappings, **properties})


def backed(**managed_scaling: int) -> Resource:
    block = {"autoScalingGroupArn": "arn:group", "managedScaling": managed_scaling}
    return resource(PROVIDER, name="own", autoScalingGroupProvider=block)


def managed(disk: int = 10, name: str = "own", **requirements: Any) -> Resource:
    template = {
        "instanceRequirements": {"vcpuCount": {"min": 1, "max": 8}, **requirements},
        "storageConfiguration": {"storageSizeGib": disk},
    }
    return resource(PROVIDER, name=name, managedInstancesProvider={"instanceLaunchTemplate": template})


def tasks(count: int, cpu: int = 1024, memory: int = 2048, **properties: Any) -> list[Resource]:
    return [
        task(cpu=str(cpu), memory=str(memory)),
        service(desiredCount=count, capacityProviderStrategies=OWN, **properties),
    ]


def scheduled(recurrence: str, minimum: int, maximum: int) -> Resource:
    """A scheduled action of the group."""
    return resource(
        SCHEDULE,
        recurrence,
        autoscalingGroupName="group",
        recurrence=recurrence,
        minSize=minimum,
        maxSize=maximum,
    )


def instances(*resources: Resource, **assumed: float) -> dict[str, float]:
    """Return the hours of each instance type in one hour."""
    found = quantities(*resources, **{"hours": 1, **assumed})
    return {key.removeprefix("ec2-"): count for key, count in found.items() if key.startswith("ec2-")}


def test_tasks_on_instances_are_free_beside_the_instances() -> None:
    """Two tasks of 1 vCPU fit on an instance with 2."""
    found = quantities(group("m7g.large"), template(50), backed(), *tasks(3), hours=10)

    assert found == {"ec2-m7g.large": 20, "ebs-gp3": 100}


@pytest.mark.parametrize(("minimum", "maximum", "count"), [(0, 10, 2), (4, 10, 4), (0, 1, 1), (0, 0, 0)])
def test_a_group_has_the_instances_that_its_tasks_need_within_its_bounds(
    minimum: int, maximum: int, count: int
) -> None:
    own = group("m7g.large", minSize=minimum, maxSize=maximum)

    assert instances(own, backed(), *tasks(3)).get("m7g.large", 0) == count


@pytest.mark.parametrize(
    ("resources", "assumed", "expected"),
    [
        ([group("m7g.large"), backed(targetCapacity=50), *tasks(4)], {}, {"m7g.large": 4}),
        ([group("m7g.large"), backed(), *tasks(4, cpu=256)], {"instance_reserved_gb": 0}, {"m7g.large": 1}),
        ([group("m7g.large"), backed(), *tasks(4, cpu=256)], {"instance_reserved_gb": 1}, {"m7g.large": 2}),
        ([group("m7g.large", "m6g.large"), backed(), *tasks(2)], {}, {"m6g.large": 1}),
        ([group("m6g.large", "m7g.xlarge"), backed(), *tasks(1, cpu=4096)], {}, {"m7g.xlarge": 1}),
        ([group("m7g.large", desiredCapacity=3)], {}, {"m7g.large": 3}),
        (
            [
                group(mixedInstancesPolicy=None, launchTemplate={"id": "lt-1"}, minSize=1),
                template(instanceType="c7g.large"),
            ],
            {},
            {"c7g.large": 1},
        ),
        ([group("p5.48xlarge", minSize=2), backed(), *tasks(9)], {}, {"p5.48xlarge": 2}),
        (
            [group("m7g.large"), scheduled("0 12 * * *", 2, 2), scheduled("0 0 * * *", 0, 0)],
            {},
            {"m7g.large": 1},
        ),
        (
            [group("m7g.large"), scheduled("0 6 1 * MON", 3, 5), scheduled("0 18 * * *", 0, 0)],
            {},
            {"m7g.large": 3},
        ),
        (
            [
                group("m7g.large"),
                backed(),
                task(
                    cpu=None,
                    memory=None,
                    containerDefinitions='[{"cpu": 512, "memoryReservation": 1024}, {"cpu": 512, "memory": 1024}]',
                ),
                service(desiredCount=4, capacityProviderStrategies=OWN),
            ],
            {},
            {"m7g.large": 2},
        ),
    ],
    ids=[
        "a target capacity of 50 % needs twice the instances",
        "without reserved memory four tasks fit on an instance",
        "reserved memory is not available for tasks",
        "the cheapest type of several is chosen",
        "a type that is too small for a task is not chosen",
        "a group that ECS does not scale has its desired capacity",
        "a group of one type has the type of its launch template",
        "an unknown type counts with the minimum",
        "a group follows its schedule",
        "a group with an unsupported schedule has the widest bounds",
        "tasks without a size have the sum of their containers",
    ],
)
def test_instances_of_a_group(
    resources: list[Resource], assumed: dict[str, float], expected: dict[str, float]
) -> None:
    assert instances(*resources, **assumed) == pytest.approx(expected)


def test_tasks_of_different_sizes_share_instances() -> None:
    """One task of 1 vCPU and two of half a vCPU fit on an instance with 2."""
    small = task(arn="arn:small", cpu="512", memory="1024")
    worker = service("worker", desiredCount=2, taskDefinition="arn:small", capacityProviderStrategies=OWN)

    assert instances(group("m7g.large"), backed(), *tasks(1), small, worker) == {"m7g.large": 1}


def test_a_group_is_busy_at_the_hours_of_its_tasks() -> None:
    """At night there are neither tasks nor instances."""
    definition, web = tasks(4, name="web")
    own = [
        group("m7g.large"),
        backed(),
        scheduled("0 12 * * *", 0, 2),
        scheduled("0 0 * * *", 0, 0),
        definition,
        web,
        target(0, 4),
        action("cron(0 12 * * ? *)", 4, 4),
        action("cron(0 0 * * ? *)", 0, 0),
    ]

    assert instances(*own) == pytest.approx({"m7g.large": 1})


def test_spot_instances_are_priced_as_on_demand_and_their_line_says_so() -> None:
    policy = {**group("m7g.large").properties["mixedInstancesPolicy"]}
    policy["instancesDistribution"] = {"onDemandPercentageAboveBaseCapacity": 50}
    found = bill(group(mixedInstancesPolicy=policy), backed(), *tasks(1))

    assert [line.usage.what for line in found.lines] == ["m7g.large, Spot priced as on demand", "disks"]


@pytest.mark.parametrize(
    ("launch", "key", "quantity"),
    [
        ([], "ebs-gp3", 60),
        ([template(blockDeviceMappings=[{"ebs": {"volumeType": "io2", "volumeSize": 40}}])], "ebs-io2", 80),
        ([template(networkInterfaces=[{"associatePublicIpAddress": "true"}])], "public-ipv4", 20),
    ],
    ids=["the disk of the AMI", "another kind of disk", "a public address"],
)
def test_each_instance_pays_for_its_disk_and_address(
    launch: list[Resource], key: str, quantity: float
) -> None:
    assert quantities(group("m7g.large", minSize=2), *launch, hours=10)[key] == quantity


def test_managed_instances_pay_for_their_management_and_disks() -> None:
    """Four tasks of 1 vCPU and 2 GB are cheapest on one instance with 4 vCPUs."""
    found = quantities(managed(allowedInstanceTypes=["m7g.*"]), *tasks(4), hours=10)

    assert found == {"ec2-m7g.xlarge": 10, "managed-m7g.xlarge": 10, "ebs-gp3": 10}


@pytest.mark.parametrize(
    ("requirements", "expected"),
    [
        ({}, "c6g.medium"),
        ({"burstablePerformance": "included"}, "t4g.small"),
        ({"cpuManufacturers": ["intel", "amd"]}, "c6i.large"),
        ({"vcpuCount": {"min": 4, "max": 8}}, "c6g.xlarge"),
        ({"memoryMib": {"min": 16384}}, "r6g.large"),
        ({"excludedInstanceTypes": ["c6g.*"]}, "c7g.medium"),
    ],
)
def test_managed_instances_are_of_the_cheapest_type_that_meets_the_requirements(
    requirements: dict[str, Any], expected: str
) -> None:
    assert expected in instances(managed(**requirements), *tasks(1, cpu=512, memory=1024))


def test_managed_instances_need_tasks() -> None:
    assert quantities(managed(), *tasks(0), hours=1) == {}
    assert quantities(managed(), hours=1) == {}


def test_requirements_that_no_type_of_the_table_meets_have_no_price() -> None:
    assert quantities(managed(acceleratorTypes=["gpu"]), *tasks(1)) == {"instances for it": 1}


def test_managed_spot_instances_are_priced_as_on_demand_and_their_line_says_so() -> None:
    spot = managed(allowedInstanceTypes=["m7g.large"])
    spot.properties["managedInstancesProvider"]["instanceLaunchTemplate"]["capacityOptionType"] = "SPOT"

    assert bill(spot, *tasks(1)).lines[0].usage.what == "m7g.large, Spot priced as on demand"


def test_machines_outside_aws_are_billed_by_the_hour() -> None:
    assert quantities(resource(ACTIVATION, registrationLimit=3), hours=10) == {"external-instance": 30}


def test_tasks_outside_aws_do_not_use_the_nat_gateway() -> None:
    outside = service(desiredCount=2, capacityProviderStrategies=None, launchType="EXTERNAL")

    assert quantities(task(), outside, resource(NAT_GATEWAY), resource(CLUSTER), hours=1) == {"nat-hour": 1}
