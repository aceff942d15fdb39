"""Capacity beside Fargate: number, type and price of instances.

Tasks on instances cost nothing themselves. An Auto Scaling group that ECS scales has the instances that its
tasks need, within its bounds; others have their desired capacity. For ECS Managed Instances the type with the
lowest cost for the tasks is assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import ceil
from typing import Any, Final

from automation.cost.cron import SECONDS_OF_YEAR, UnknownScheduleError, moments, of_unix
from automation.cost.instances import (
    FALLBACK_REGION,
    INSTANCE,
    MANAGED,
    Instance,
    Load,
    cheapest,
    instances_for,
    load_instances,
)
from automation.cost.levels import Levels, side_by_side, together
from automation.cost.placement import shares, strategy_of
from automation.cost.prices import load_table
from automation.cost.resources import Resource, block_of, blocks_of
from automation.cost.tasks import SERVICE
from automation.cost.usage import Context, Usage, task_architecture, task_size

GROUP: Final = "aws:autoscaling/group:Group"
PROVIDER: Final = "aws:ecs/capacityProvider:CapacityProvider"
TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"
SCHEDULE: Final = "aws:autoscaling/schedule:Schedule"
ACTIVATION: Final = "aws:ssm/activation:Activation"

_DISK_OF_THE_IMAGE: Final = 30
"""GiB of the ECS-optimized image of Amazon Linux 2023, where a launch template says nothing."""
_DISK_OF_MANAGED: Final = 80
"""GiB: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ManagedInstancesStorageConfiguration.html"""
_HOURS_OF_MONTH: Final = 730
_MIB_IN_GIB: Final = 1024
_WITH_GPU: Final = ("g", "p")
_GRAVITON: Final = "amazon-web-services"
_RESERVED: Final = "instance_reserved_gb"


@dataclass(frozen=True, order=True)
class _Bounds:
    fewest: int
    most: int


def group(resource: Resource, context: Context) -> Iterator[Usage]:
    """Yield what an Auto Scaling group is billed for."""
    filled = _providers_of(resource, context)
    loads = _loads(filled, context)
    template = _template(resource, context)
    instance_type = _type(resource, template, loads, context)
    instance = load_instances().types.get(instance_type)
    reserved, full = context.assumed.instance_reserved_gb, min(filled.values(), default=1.0)

    def wanted(at_once: Sequence[Load]) -> float:
        if not filled:
            return resource.whole("desiredCapacity")
        room = instances_for(at_once, instance, reserved) if instance else None
        return ceil(round((room or 0) / full, 6))

    count = sum(
        share * min(max(wanted(at_once), bounds.fewest), bounds.most)
        for share, bounds, at_once in side_by_side(_bounds(resource, context), together(loads))
    )
    spot = ", Spot priced as on demand" if _has_spot(resource) else ""
    assumes = ("hours", _RESERVED) if loads else ("hours",)
    hours = count * context.assumed.hours
    yield Usage(f"{INSTANCE}{instance_type}", hours, "Instances", f"{instance_type}{spot}", assumes)
    for kind, gib in _disks(template):
        yield Usage(f"ebs-{kind}", count * gib, "Instances", "disks", ())
    if _has_addresses(template):
        yield Usage("public-ipv4", hours, "Public IPv4", "an address for each instance")


def provider(resource: Resource, context: Context) -> Iterator[Usage]:
    """Yield what ECS Managed Instances are billed for; a group's provider has its instances billed there."""
    template = block_of(resource.block("managedInstancesProvider"), "instanceLaunchTemplate")
    if not template:
        return
    name = str(resource.properties.get("name"))
    loads = _loads([name], context)
    phases = together(loads)
    # The idlest come first.
    peak = phases[-1][1]
    if not any(load.tasks for load in peak):
        return
    disk = int(block_of(template, "storageConfiguration").get("storageSizeGib") or _DISK_OF_MANAGED)
    reserved = context.assumed.instance_reserved_gb
    candidates = _candidates(block_of(template, "instanceRequirements"), _architecture(name, context))
    region = context.stack.region
    found = cheapest(peak, candidates, region, reserved, beside=_beside(disk, region))
    if found is None:
        yield Usage(f"instances for {resource.name}", 1, "Instances", "instances", ("hours",))
        return
    instance = found[0]
    count = sum(share * (instances_for(at_once, instance, reserved) or 0) for share, at_once in phases)
    hours, assumes = count * context.assumed.hours, ("hours", _RESERVED)
    spot = ", Spot priced as on demand" if template.get("capacityOptionType") == "SPOT" else ""
    yield Usage(f"{INSTANCE}{instance.type}", hours, "Instances", f"{instance.type}{spot}", assumes)
    yield Usage(f"{MANAGED}{instance.type}", hours, "Instances", f"{instance.type}, managed by ECS", assumes)
    yield Usage("ebs-gp3", count * disk, "Instances", "disks", ())


def activation(resource: Resource, context: Context) -> Iterator[Usage]:
    """Yield what ECS asks for machines outside AWS: by the hour of each that may register."""
    hours = resource.whole("registrationLimit", 1) * context.assumed.hours
    yield Usage("external-instance", hours, "External machines", "hours of machines")


def _providers_of(group: Resource, context: Context) -> dict[str, float]:
    """Return the capacity providers of a group, by name, with the share of it that ECS fills with tasks."""
    arn, found = group.properties.get("arn"), dict[str, float]()
    for one in context.stack.all(PROVIDER):
        block = one.block("autoScalingGroupProvider")
        if arn and block.get("autoScalingGroupArn") == arn:
            target = block_of(block, "managedScaling").get("targetCapacity") or 100
            found[str(one.properties.get("name"))] = int(target) / 100
    return found


def _loads(providers: Collection[str], context: Context) -> list[Levels[Load]]:
    """Return what each service puts on capacity providers over the time."""
    found: list[Levels[Load]] = []
    for service in context.stack.all(SERVICE):
        definition = context.stack.by_arn(service.properties.get("taskDefinition"))
        strategy = strategy_of(service, context.stack)
        if definition is None or not any(line.get("capacityProvider") in providers for line in strategy):
            continue
        vcpus, gib = task_size(definition)
        levels = [
            (share, Load(tasks=_placed(count, strategy, providers), vcpus=vcpus, gib=gib))
            for count, share in context.tasks[service.name].levels
        ]
        found.append(sorted(levels, key=lambda level: level[1].tasks))
    return found


def _placed(count: float, strategy: Sequence[Mapping[str, Any]], providers: Collection[str]) -> float:
    return sum(share for name, share in shares(count, strategy).items() if name in providers)


def _template(resource: Resource, context: Context) -> Resource | None:
    policy = block_of(resource.block("mixedInstancesPolicy"), "launchTemplate")
    named = block_of(policy, "launchTemplateSpecification")
    wanted = named.get("launchTemplateId") or resource.block("launchTemplate").get("id")
    return next((one for one in context.stack.all(TEMPLATE) if one.properties.get("id") == wanted), None)


def _type(
    resource: Resource, template: Resource | None, loads: Sequence[Levels[Load]], context: Context
) -> str:
    """Return which of a group's types AWS starts: with `lowest-price` that of the lowest price an hour."""
    policy = block_of(resource.block("mixedInstancesPolicy"), "launchTemplate")
    types = [
        str(one["instanceType"]) for one in blocks_of(policy.get("overrides")) if one.get("instanceType")
    ]
    if not types:
        return str((template.properties.get("instanceType") if template else None) or "of an unknown type")
    tasks = [load for curve in loads for _, load in curve]
    reserved = context.assumed.instance_reserved_gb
    known = [load_instances().types[one] for one in types if one in load_instances().types]
    fitting = [one for one in known if instances_for(tasks, one, reserved) is not None] or known
    return min(fitting, key=lambda one: one.hourly(context.stack.region)).type if fitting else types[0]


def _bounds(resource: Resource, context: Context) -> Levels[_Bounds]:
    """Return how few and how many instances a group may have over the time."""
    start = _Bounds(resource.whole("minSize"), resource.whole("maxSize"))
    name = resource.properties.get("name")
    actions = [
        one
        for one in context.stack.all(SCHEDULE)
        if name and one.properties.get("autoscalingGroupName") == name
    ]
    changes = [(one, _Bounds(one.whole("minSize"), one.whole("maxSize"))) for one in actions]
    try:
        events = sorted((moment, bounds) for one, bounds in changes for moment in _moments(one))
    except UnknownScheduleError:
        every = [start, *(bounds for _, bounds in changes)]
        # Too much can be looked into.
        return [(1.0, _Bounds(max(one.fewest for one in every), max(one.most for one in every)))]
    if not events:
        return [(1.0, start)]
    spent: dict[_Bounds, float] = {}
    ends = [moment for moment, _ in events[1:]] + [events[0][0] + SECONDS_OF_YEAR]
    for (moment, bounds), end in zip(events, ends, strict=True):
        spent[bounds] = spent.get(bounds, 0) + (end - moment) / SECONDS_OF_YEAR
    return [(share, bounds) for bounds, share in sorted(spent.items())]


def _moments(action: Resource) -> list[float]:
    recurrence = str(action.properties.get("recurrence") or "")
    return moments(of_unix(recurrence), str(action.properties.get("timeZone") or "UTC"))


def _has_spot(resource: Resource) -> bool:
    distribution = block_of(resource.block("mixedInstancesPolicy"), "instancesDistribution")
    percent = distribution.get("onDemandPercentageAboveBaseCapacity")
    return percent is not None and int(percent) < 100  # noqa: PLR2004 - per cent


def _disks(template: Resource | None) -> list[tuple[str, int]]:
    mappings = template.items("blockDeviceMappings") if template else []
    disks = [block_of(one, "ebs") for one in mappings]
    found = [
        (str(disk.get("volumeType") or "gp3"), int(disk["volumeSize"]))
        for disk in disks
        if disk.get("volumeSize")
    ]
    return found or [("gp3", _DISK_OF_THE_IMAGE)]


def _has_addresses(template: Resource | None) -> bool:
    interfaces = template.items("networkInterfaces") if template else []
    return any(str(one.get("associatePublicIpAddress")).lower() == "true" for one in interfaces)


def _architecture(name: str, context: Context) -> str:
    """Return the processor that the tasks on a provider are made for."""
    for service in context.stack.all(SERVICE):
        strategy = strategy_of(service, context.stack)
        definition = context.stack.by_arn(service.properties.get("taskDefinition"))
        if definition is not None and any(line.get("capacityProvider") == name for line in strategy):
            return task_architecture(definition)
    return "x86_64"


def _candidates(requirements: Mapping[str, Any], architecture: str) -> list[Instance]:
    """Return the types of the table that ECS may choose."""
    manufacturers: list[str] = requirements.get("cpuManufacturers") or []
    if manufacturers:
        architecture = "arm64" if _GRAVITON in manufacturers else "x86_64"
    allowed: list[str] = requirements.get("allowedInstanceTypes") or ["*"]
    excluded: list[str] = requirements.get("excludedInstanceTypes") or []
    burstable = requirements.get("burstablePerformance") or "excluded"
    gpu = bool(requirements.get("acceleratorTypes"))
    return [
        one
        for one in load_instances().types.values()
        if one.architecture == architecture
        and _within(one.vcpus, block_of(requirements, "vcpuCount"))
        and _within(one.gib * _MIB_IN_GIB, block_of(requirements, "memoryMib"))
        and any(fnmatchcase(one.type, pattern) for pattern in allowed)
        and not any(fnmatchcase(one.type, pattern) for pattern in excluded)
        and burstable != ("excluded" if one.burstable else "required")
        and one.type.startswith(_WITH_GPU) == gpu
    ]


def _within(value: float, bounds: Mapping[str, Any]) -> bool:
    return int(bounds.get("min") or 0) <= value <= (int(bounds.get("max") or 0) or value)


def _beside(disk: int, region: str) -> Callable[[Instance], float]:
    """Return what each instance of a type costs an hour beside the instance: its management and its disk."""
    table = load_table()
    gb = table.regions.get(region, {}).get("ebs-gp3") or table.regions[FALLBACK_REGION]["ebs-gp3"]

    def hourly(instance: Instance) -> float:
        return instance.hourly(region) * table.managed_share + disk * gb.usd / _HOURS_OF_MONTH

    return hourly
