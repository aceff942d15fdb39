"""What tasks run on beside Fargate."""

from __future__ import annotations

from typing import Any

import pytest

from automation.cost.capacity import ACTIVATION, GROUP, PROVIDER, SCHEDULE, TEMPLATE
from automation.cost.resources import Resource
from tests.unit.automation.cost.bills import (
    CLUSTER,
    NAT_GATEWAY,
    bill,
    quantities,
    resource,
    service,
    task,
)

SCALED = "aws:appautoscaling/scheduledAction:ScheduledAction"
OWN = [{"capacityProvider": "own", "weight": 1}]
NOON_TO_MIDNIGHT = ("0 12 * * *", "0 0 * * *")


def group(*types: str, **properties: Any) -> Resource:
    """A group of instances by which the provider `own` is backed."""
    specification = {"launchTemplateId": "lt-1", "version": "1"}
    overrides = [{"instanceType": one} for one in types]
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


def action(name: str, recurrence: str, fewest: int, most: int) -> Resource:
    where = {"autoscalingGroupName": "group", "recurrence": recurrence}
    return resource(SCHEDULE, name, **where, minSize=fewest, maxSize=most)


def test_tasks_on_instances_cost_nothing_beside_the_instances() -> None:
    """Two tasks of 1 vCPU fit on an instance of 2, so that three take two."""
    taken = quantities(group("m7g.large"), template(50), backed(), *tasks(3), hours=10)

    assert taken == {"ec2-m7g.large": 20, "ebs-gp3": 100}


@pytest.mark.parametrize(("fewest", "most", "count"), [(0, 10, 2), (4, 10, 4), (0, 1, 1), (0, 0, 0)])
def test_a_group_has_the_instances_that_its_tasks_need_within_its_bounds(
    fewest: int, most: int, count: int
) -> None:
    own = group("m7g.large", minSize=fewest, maxSize=most)

    assert quantities(own, backed(), *tasks(3), hours=1).get("ec2-m7g.large", 0) == count


def test_room_that_is_kept_for_more_tasks_is_paid() -> None:
    """Filled by half, four tasks take four instances of two."""
    assert quantities(group("m7g.large"), backed(targetCapacity=50), *tasks(4), hours=1)["ec2-m7g.large"] == 4


def test_the_memory_of_the_system_is_no_room_for_tasks() -> None:
    """8 GB less one: three tasks of 2 GB instead of four."""
    four = tasks(4, cpu=256)

    assert (
        quantities(group("m7g.large"), backed(), *four, hours=1, instance_reserved_gb=0)["ec2-m7g.large"] == 1
    )
    assert (
        quantities(group("m7g.large"), backed(), *four, hours=1, instance_reserved_gb=1)["ec2-m7g.large"] == 2
    )


def test_tasks_without_a_size_take_what_their_containers_reserve() -> None:
    containers = '[{"cpu": 512, "memoryReservation": 1024}, {"cpu": 512, "memory": 1024}]'
    sized = [
        task(cpu=None, memory=None, containerDefinitions=containers),
        service(desiredCount=4, capacityProviderStrategies=OWN),
    ]

    assert quantities(group("m7g.large"), backed(), *sized, hours=1)["ec2-m7g.large"] == 2


def test_of_several_types_the_one_of_the_lowest_price_is_taken() -> None:
    """As AWS does by `lowest-price`, whatever fits on it."""
    assert "ec2-m6g.large" in quantities(group("m7g.large", "m6g.large"), backed(), *tasks(2), hours=1)


def test_a_type_on_which_a_task_has_no_room_is_not_taken() -> None:
    large = tasks(1, cpu=4096)

    assert quantities(group("m6g.large", "m7g.xlarge"), backed(), *large, hours=1)["ec2-m7g.xlarge"] == 1


def test_a_group_that_ecs_does_not_scale_has_the_instances_that_it_is_told_to_have() -> None:
    assert quantities(group("m7g.large", desiredCapacity=3), hours=1)["ec2-m7g.large"] == 3


def test_a_group_of_one_type_takes_it_from_its_launch_template() -> None:
    alone = group(mixedInstancesPolicy=None, launchTemplate={"id": "lt-1"}, minSize=1)

    assert quantities(alone, template(instanceType="c7g.large"), hours=1)["ec2-c7g.large"] == 1


def test_a_type_that_the_table_does_not_know_counts_with_the_fewest() -> None:
    """What it costs is not known either, and said; `--live` can ask."""
    assert quantities(group("p5.48xlarge", minSize=2), backed(), *tasks(9), hours=1)["ec2-p5.48xlarge"] == 2


def test_spot_instances_are_priced_as_on_demand_and_that_is_said() -> None:
    policy = {**group("m7g.large").properties["mixedInstancesPolicy"]}
    policy["instancesDistribution"] = {"onDemandPercentageAboveBaseCapacity": 50}
    found = bill(group(mixedInstancesPolicy=policy), backed(), *tasks(1))

    assert [line.usage.what for line in found.lines] == ["m7g.large, Spot priced as on demand", "disks"]


def test_a_launch_template_that_says_nothing_of_disks_has_that_of_the_image() -> None:
    assert quantities(group("m7g.large", minSize=2), hours=1)["ebs-gp3"] == 60


def test_another_kind_of_disk_has_a_price_of_its_own() -> None:
    mappings = [{"ebs": {"volumeType": "io2", "volumeSize": 40}}]

    assert quantities(group("m7g.large", minSize=1), template(blockDeviceMappings=mappings))["ebs-io2"] == 40


def test_instances_with_public_addresses_pay_for_them() -> None:
    public = template(networkInterfaces=[{"associatePublicIpAddress": "true"}])

    assert quantities(group("m7g.large", minSize=2), public, hours=10)["public-ipv4"] == 20


def test_a_group_follows_the_hours_of_its_schedule() -> None:
    """Half of the day none, half of the day two."""
    noon, midnight = NOON_TO_MIDNIGHT
    own = [group("m7g.large"), action("day", noon, 2, 2), action("night", midnight, 0, 0)]

    assert quantities(*own, hours=100)["ec2-m7g.large"] == pytest.approx(100)


def test_the_busy_hours_of_a_group_are_those_of_its_tasks() -> None:
    """By night there are neither tasks nor instances, and by day room for all of them."""
    noon, midnight = NOON_TO_MIDNIGHT
    where = {"resourceId": "service/cluster/web-1"}
    named = resource(
        "aws:ecs/service:Service", "web", **{**tasks(4)[1].properties, "name": "web-1", "desiredCount": 4}
    )
    own = [
        group("m7g.large"),
        backed(),
        action("day", noon, 0, 2),
        action("night", midnight, 0, 0),
        tasks(4)[0],
        named,
        resource("aws:appautoscaling/target:Target", **where, minCapacity=0, maxCapacity=4),
    ]
    for name, when, count in (("day", "cron(0 12 * * ? *)", 4), ("night", "cron(0 0 * * ? *)", 0)):
        to = {"minCapacity": str(count), "maxCapacity": str(count)}
        own.append(resource(SCALED, name, **where, schedule=when, scalableTargetAction=to))

    assert quantities(*own, hours=100)["ec2-m7g.large"] == pytest.approx(100)


def test_a_schedule_that_is_not_understood_counts_with_the_widest_bounds() -> None:
    own = [group("m7g.large"), action("day", "0 6 1 * MON", 3, 5), action("night", "0 18 * * *", 0, 0)]

    assert quantities(*own, hours=1)["ec2-m7g.large"] == 3


def test_managed_instances_are_paid_with_their_management_and_disks() -> None:
    """Four tasks of 1 vCPU and 2 GB: the cheapest of the types that may be chosen is of 4 vCPUs."""
    taken = quantities(managed(allowedInstanceTypes=["m7g.*"]), *tasks(4), hours=10)

    assert taken == {"ec2-m7g.xlarge": 10, "managed-m7g.xlarge": 10, "ebs-gp3": 10}


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
def test_managed_instances_are_of_the_cheapest_type_that_may_be_chosen(
    requirements: dict[str, Any], expected: str
) -> None:
    small = tasks(1, cpu=512, memory=1024)

    assert f"managed-{expected}" in quantities(managed(**requirements), *small, hours=1)


def test_without_a_task_there_is_no_managed_instance() -> None:
    assert quantities(managed(), *tasks(0), hours=1) == {}
    assert quantities(managed(), hours=1) == {}


def test_where_no_type_of_the_table_will_do_that_is_what_has_no_price() -> None:
    assert quantities(managed(acceleratorTypes=["gpu"]), *tasks(1)) == {"instances for it": 1}


def test_managed_spot_instances_are_priced_as_on_demand_and_that_is_said() -> None:
    spot = managed(allowedInstanceTypes=["m7g.large"])
    spot.properties["managedInstancesProvider"]["instanceLaunchTemplate"]["capacityOptionType"] = "SPOT"

    assert bill(spot, *tasks(1)).lines[0].usage.what == "m7g.large, Spot priced as on demand"


def test_machines_outside_aws_are_paid_by_the_hour_of_each() -> None:
    assert quantities(resource(ACTIVATION, registrationLimit=3), hours=10) == {"external-instance": 30}


def test_tasks_on_machines_outside_aws_do_not_go_through_the_nat_gateway() -> None:
    outside = service(desiredCount=2, capacityProviderStrategies=None, launchType="EXTERNAL")

    assert quantities(task(), outside, resource(NAT_GATEWAY), resource(CLUSTER), hours=1) == {"nat-hour": 1}
