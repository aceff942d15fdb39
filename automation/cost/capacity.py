"""Capacity other than Fargate: number, type and price of instances.

Tasks on instances are free; the instances cost. An Auto Scaling group that ECS scales has as many instances
as its tasks need, within its bounds; another group has its desired capacity. ECS Managed Instances are
assumed to be of the type on which the tasks cost least.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from math import ceil
from typing import Any, Final

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
from automation.cost.prices import load_table
from automation.cost.resources import Resource, block_of, blocks_of
from automation.cost.schedules import (
    Levels,
    UnsupportedScheduleError,
    combined,
    from_unix_cron,
    levels_of,
    run_times,
)
from automation.cost.tasks import (
    SERVICE,
    Bounds,
    Strategy,
    definition_of,
    strategy_of,
    task_architecture,
    task_size,
    tasks_by_provider,
)
from automation.cost.usage import Context, Usage

GROUP: Final = "aws:autoscaling/group:Group"
PROVIDER: Final = "aws:ecs/capacityProvider:CapacityProvider"
TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"
SCHEDULE: Final = "aws:autoscaling/schedule:Schedule"
ACTIVATION: Final = "aws:ssm/activation:Activation"

HOURS_OF_MONTH: Final = 730
AMI_DISK_GIB: Final = 30
"""The disk of the ECS-optimized AMI of Amazon Linux 2023, if a launch template configures none."""
MANAGED_DISK_GIB: Final = 80
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ManagedInstancesStorageConfiguration.html"""
_MIB_IN_GIB: Final = 1024
_GPU_FAMILIES: Final = ("g", "p")
_GRAVITON: Final = "amazon-web-services"
_ASSUMPTIONS: Final = ("hours", "instance_reserved_gb")


def group(resource: Resource, context: Context) -> Iterator[Usage]:
    """Yield the usage of an Auto Scaling group."""
    providers = _providers_of(resource, context)
    loads = _loads(providers, context)
    template = _template(resource, context)
    instance_type = _type(resource, template, loads, context)
    instance = load_instances().get(instance_type)
    reserved, target = context.assumed.instance_reserved_gb, min(providers.values(), default=1.0)

    def wanted(simultaneous: Sequence[Load]) -> float:
        if not providers:
            return resource.integer("desiredCapacity")
        needed = instances_for(simultaneous, instance, reserved) if instance else None
        return ceil(round((needed or 0) / target, 6))

    count = sum(
        share * bounds.clamp(wanted(simultaneous))
        for (bounds, *simultaneous), share in combined([_bounds(resource, context), *loads])
    )
    hours = count * context.assumed.hours
    distribution = block_of(resource.block("mixedInstancesPolicy"), "instancesDistribution")
    percent = distribution.get("onDemandPercentageAboveBaseCapacity")
    name = _named(instance_type, spot=percent is not None and int(percent) < 100)  # noqa: PLR2004
    yield Usage(f"{INSTANCE}{instance_type}", hours, "Instances", name, _ASSUMPTIONS if loads else ("hours",))
    for kind, gib in _disks(template):
        yield Usage(f"ebs-{kind}", count * gib, "Instances", "disks", ())
    interfaces = template.blocks("networkInterfaces") if template else []
    if any(str(item.get("associatePublicIpAddress")).lower() == "true" for item in interfaces):
        yield Usage("public-ipv4", hours, "Public IPv4", "an address for each instance")


def provider(resource: Resource, context: Context) -> Iterator[Usage]:
    """Yield the usage of ECS Managed Instances; a provider with an Auto Scaling group is free itself."""
    template = block_of(resource.block("managedInstancesProvider"), "instanceLaunchTemplate")
    if not template:
        return
    name, region = str(resource.properties.get("name")), context.stack.region
    phases = combined(_loads([name], context))
    # The last phase is the busiest.
    peak = phases[-1][0]
    if not any(load.tasks for load in peak):
        return
    disk = int(block_of(template, "storageConfiguration").get("storageSizeGib") or MANAGED_DISK_GIB)
    reserved = context.assumed.instance_reserved_gb
    architectures = (task_architecture(definition) for _, definition, _ in _services_on([name], context))
    candidates = _candidates(block_of(template, "instanceRequirements"), next(architectures, "x86_64"))
    found = cheapest(peak, candidates, region, reserved, extra=_fee_and_disk(disk, region))
    if found is None:
        yield Usage(f"instances for {resource.name}", 1, "Instances", "instances", ("hours",))
        return
    instance = found[0]
    count = sum(share * (instances_for(loads, instance, reserved) or 0) for loads, share in phases)
    hours = count * context.assumed.hours
    text = _named(instance.type, spot=template.get("capacityOptionType") == "SPOT")
    yield Usage(f"{INSTANCE}{instance.type}", hours, "Instances", text, _ASSUMPTIONS)
    managed = f"{instance.type}, managed by ECS"
    yield Usage(f"{MANAGED}{instance.type}", hours, "Instances", managed, _ASSUMPTIONS)
    yield Usage("ebs-gp3", count * disk, "Instances", "disks", ())


def activation(resource: Resource, context: Context) -> Iterator[Usage]:
    """Yield the usage of machines outside AWS: ECS bills each registered machine by the hour."""
    hours = resource.integer("registrationLimit", 1) * context.assumed.hours
    yield Usage("external-instance", hours, "External machines", "hours of machines")


def _named(instance_type: str, *, spot: bool) -> str:
    return f"{instance_type}, Spot priced as on demand" if spot else instance_type


def _providers_of(group: Resource, context: Context) -> dict[str, float]:
    """Return a group's capacity providers by name, with the share of the group that ECS fills with tasks."""
    providers: dict[str, float] = {}
    arn = group.properties.get("arn")
    for item in context.stack.all(PROVIDER):
        block = item.block("autoScalingGroupProvider")
        if arn and block.get("autoScalingGroupArn") == arn:
            percent = block_of(block, "managedScaling").get("targetCapacity") or 100
            providers[str(item.properties.get("name"))] = int(percent) / 100
    return providers


def _services_on(
    providers: Collection[str], context: Context
) -> Iterator[tuple[Resource, Resource, Strategy]]:
    """Yield the services on capacity providers, each with its task definition and strategy."""
    for service in context.stack.all(SERVICE):
        definition = definition_of(service, context.stack)
        strategy = strategy_of(service, context.stack)
        if definition and any(item.get("capacityProvider") in providers for item in strategy):
            yield service, definition, strategy


def _loads(providers: Collection[str], context: Context) -> list[Levels[Load]]:
    """Return the tasks of each service on capacity providers over the year, the fewest first."""
    loads: list[Levels[Load]] = []
    for service, definition, strategy in _services_on(providers, context):
        vcpus, gib = task_size(definition)
        levels: list[tuple[Load, float]] = []
        for total, share in context.tasks[service.name].levels:
            placed = tasks_by_provider(total, strategy)
            count = sum(tasks for name, tasks in placed.items() if name in providers)
            levels.append((Load(tasks=count, vcpus=vcpus, gib=gib), share))
        loads.append(sorted(levels, key=lambda level: level[0].tasks))
    return loads


def _launch(resource: Resource) -> Mapping[str, Any]:
    return block_of(resource.block("mixedInstancesPolicy"), "launchTemplate")


def _template(resource: Resource, context: Context) -> Resource | None:
    specification = block_of(_launch(resource), "launchTemplateSpecification")
    wanted = specification.get("launchTemplateId") or resource.block("launchTemplate").get("id")
    return next((item for item in context.stack.all(TEMPLATE) if item.properties.get("id") == wanted), None)


def _type(
    resource: Resource, template: Resource | None, loads: Sequence[Levels[Load]], context: Context
) -> str:
    """Return the type of a group's instances: AWS's strategy `lowest-price` chooses the cheapest."""
    overrides = blocks_of(_launch(resource).get("overrides"))
    types = [str(item["instanceType"]) for item in overrides if item.get("instanceType")]
    if not types:
        return str((template.properties.get("instanceType") if template else None) or "of an unknown type")
    tasks = [load for levels in loads for load, _ in levels]
    reserved = context.assumed.instance_reserved_gb
    known = [load_instances()[name] for name in types if name in load_instances()]
    fitting = [item for item in known if instances_for(tasks, item, reserved) is not None] or known
    return min(fitting, key=lambda item: item.hourly(context.stack.region)).type if fitting else types[0]


def _bounds(resource: Resource, context: Context) -> Levels[Bounds]:
    """Return the bounds of a group over the year."""

    def bounds_of(item: Resource) -> Bounds:
        return Bounds(item.integer("minSize"), item.integer("maxSize"))

    name = resource.properties.get("name")
    actions = [
        item
        for item in context.stack.all(SCHEDULE)
        if name and item.properties.get("autoscalingGroupName") == name
    ]
    try:
        events = [(at, bounds_of(action)) for action in actions for at in _run_times_of(action)]
    except UnsupportedScheduleError:
        # An estimate that is too high is safer than one that is too low.
        possible = [bounds_of(item) for item in (resource, *actions)]
        widest = Bounds(max(item.minimum for item in possible), max(item.maximum for item in possible))
        return [(widest, 1.0)]
    return sorted(levels_of(events, bounds_of(resource), lambda _, bounds: bounds))


def _run_times_of(action: Resource) -> list[float]:
    recurrence = str(action.properties.get("recurrence") or "")
    return run_times(from_unix_cron(recurrence), str(action.properties.get("timeZone") or "UTC"))


def _disks(template: Resource | None) -> list[tuple[str, int]]:
    """Return kind and GiB of the disks of each instance."""
    mappings = template.blocks("blockDeviceMappings") if template else []
    disks = [
        (str(disk.get("volumeType") or "gp3"), int(size))
        for disk in (block_of(item, "ebs") for item in mappings)
        if (size := disk.get("volumeSize"))
    ]
    return disks or [("gp3", AMI_DISK_GIB)]


def _candidates(requirements: Mapping[str, Any], architecture: str) -> list[Instance]:
    """Return the types of the table that meet the requirements of Managed Instances."""
    manufacturers: list[str] = requirements.get("cpuManufacturers") or []
    if manufacturers:
        architecture = "arm64" if _GRAVITON in manufacturers else "x86_64"
    allowed: list[str] = requirements.get("allowedInstanceTypes") or ["*"]
    excluded: list[str] = requirements.get("excludedInstanceTypes") or []
    burstable = requirements.get("burstablePerformance") or "excluded"
    gpu = bool(requirements.get("acceleratorTypes"))
    return [
        item
        for item in load_instances().values()
        if item.architecture == architecture
        and _is_within(item.vcpus, block_of(requirements, "vcpuCount"))
        and _is_within(item.gib * _MIB_IN_GIB, block_of(requirements, "memoryMib"))
        and any(fnmatchcase(item.type, pattern) for pattern in allowed)
        and not any(fnmatchcase(item.type, pattern) for pattern in excluded)
        and burstable != ("excluded" if item.burstable else "required")
        and item.type.startswith(_GPU_FAMILIES) == gpu
    ]


def _is_within(value: float, bounds: Mapping[str, Any]) -> bool:
    return int(bounds.get("min") or 0) <= value <= (int(bounds.get("max") or 0) or value)


def _fee_and_disk(disk: int, region: str) -> Callable[[Instance], float]:
    """Return a function for dollars an hour that a managed instance costs beside its own price."""
    table = load_table()
    gb = table.regions.get(region, {}).get("ebs-gp3") or table.regions[FALLBACK_REGION]["ebs-gp3"]
    return lambda instance: instance.hourly(region) * table.managed_share + disk * gb.usd / HOURS_OF_MONTH
