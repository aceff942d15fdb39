"""The cluster of a picture: its capacity, and the services with their tasks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from automation.cost.resources import Resource, block_of, blocks_of
from automation.cost.tasks import containers_of, definition_of, scales
from automation.diagram.builder import Builder, short, string
from automation.diagram.model import Tasks

_FARGATE: Final = {"FARGATE": "Fargate", "FARGATE_SPOT": "Fargate Spot"}
_GIB: Final = 1024


def add_compute(builder: Builder) -> None:
    """Add the cluster, its capacity, and the services."""
    _add_cluster(builder)
    for group in builder.all("autoscaling/group:Group"):
        _add_instances(builder, group)
    for provider in builder.all("ecs/capacityProvider:CapacityProvider"):
        _add_provider(builder, provider)
    for activation in builder.all("ssm/activation:Activation"):
        limit = activation.integer("registrationLimit")
        builder.add(
            "outside",
            "machines",
            f"ECS Anywhere {short(activation.name)}",
            [f"{limit} machine{'' if limit == 1 else 's'} outside AWS"],
            within="cluster",
            resources=[activation, *builder.all("ssm/parameter:Parameter")],
        )
    for service in builder.all("ecs/service:Service"):
        _add_service(builder, service)


def _add_cluster(builder: Builder) -> None:
    clusters = builder.all("ecs/cluster:Cluster")
    settings = [item.get("value") for cluster in clusters for item in cluster.blocks("settings")]
    providers = builder.all("ecs/clusterCapacityProviders:ClusterCapacityProviders")
    builder.add(
        "cluster",
        "cluster",
        "ECS cluster",
        [f"Container Insights {value}" for value in settings if value != "disabled"],
        external=not clusters,
        resources=[*clusters, *providers],
    )


def _add_instances(builder: Builder, group: Resource) -> None:
    policy = group.block("mixedInstancesPolicy")
    overrides = blocks_of(block_of(policy, "launchTemplate").get("overrides"))
    distribution = block_of(policy, "instancesDistribution")
    base = int(distribution.get("onDemandBaseCapacity", 0))
    spot = 100 - int(distribution.get("onDemandPercentageAboveBaseCapacity", 100))
    share = "" if spot == 100 else f"{spot} % "  # noqa: PLR2004 -- per cent
    purchase = f"{base} on demand, then {share}Spot" if spot else "on demand"
    builder.add(
        f"capacity {group.name}",
        "capacity",
        f"EC2 instances {short(group.name)}",
        (
            ", ".join(str(item["instanceType"]) for item in overrides if item.get("instanceType")),
            f"{group.integer('minSize')} to {group.integer('maxSize')} instances, {purchase}",
        ),
        within="cluster",
        subnets=builder.subnets(group.strings("vpcZoneIdentifiers")),
        resources=[group],
    )


def _add_provider(builder: Builder, provider: Resource) -> None:
    template = block_of(provider.block("managedInstancesProvider"), "instanceLaunchTemplate")
    if not template:
        builder.assign(_capacity_of(builder, provider), provider)
        return
    types = block_of(template, "instanceRequirements").get("allowedInstanceTypes")
    builder.add(
        _capacity_of(builder, provider),
        "capacity",
        f"Managed Instances {short(provider.name)}",
        (", ".join(types or ["any type that the tasks fit on"]), "ECS adds and removes them"),
        within="cluster",
        subnets=builder.subnets(block_of(template, "networkConfiguration").get("subnets") or ()),
        resources=[provider],
    )


def _capacity_of(builder: Builder, provider: Resource) -> str:
    """Return the id of the node of a capacity provider: its group's, or its own."""
    arn = provider.block("autoScalingGroupProvider").get("autoScalingGroupArn")
    group = builder.stack.by_arn(arn) if arn else None
    return f"capacity {(group or provider).name}"


def _add_service(builder: Builder, service: Resource) -> None:
    definition = definition_of(service, builder.stack)
    within, capacity = _capacity_for(builder, service)
    subnets = builder.subnets(service.block("networkConfiguration").get("subnets") or ())
    targets = [item for item in builder.all("appautoscaling/target:Target") if scales(item, service)]
    policies = [item for item in builder.all("appautoscaling/policy:Policy") if scales(item, service)]
    desired = service.integer("desiredCount")
    lines = [*_size(definition), capacity, *_disks(service), *_strategy(service)]
    builder.add(
        f"service {service.name}",
        "service",
        service.name,
        filter(None, lines),
        within=within,
        subnets=subnets or (builder.nodes[within].subnets if within in builder.nodes else ()),
        tasks=Tasks(
            least=targets[0].integer("minCapacity") if targets else desired,
            most=targets[0].integer("maxCapacity") if targets else desired,
            containers=tuple(_containers(definition)),
        ),
        resources=[service, *targets, *policies, *([definition] if definition else [])],
    )


def _capacity_for(builder: Builder, service: Resource) -> tuple[str, str]:
    """Return the node around a service, and the name of its capacity if that has no node."""
    if service.properties.get("launchType") == "EXTERNAL":
        return "outside", ""
    strategy = [str(item.get("capacityProvider")) for item in service.blocks("capacityProviderStrategies")]
    for provider in builder.all("ecs/capacityProvider:CapacityProvider"):
        node = _capacity_of(builder, provider)
        if string(provider, "name") in strategy and node in builder.nodes:
            return node, ""
    return "cluster", " and ".join(sorted(_FARGATE.get(name, name) for name in strategy)) or "Fargate"


def _size(definition: Resource | None) -> Iterator[str]:
    if definition and (cpu := definition.integer("cpu")) and (memory := definition.integer("memory")):
        yield f"{cpu / 1024:.3g} vCPU, {f'{memory / _GIB:g} GB' if memory >= _GIB else f'{memory} MB'}"


def _containers(definition: Resource | None) -> Iterator[str]:
    for container in containers_of(definition) if definition else ():
        ports = ", ".join(str(mapping["containerPort"]) for mapping in container.get("portMappings", ()))
        yield f"{container['name']} :{ports}" if ports else str(container["name"])


def _disks(service: Resource) -> Iterator[str]:
    for volume in service.blocks("volumeConfiguration"):
        size = int(block_of(volume, "managedEbsVolume").get("sizeInGb", 0))
        yield f"EBS {volume.get('name')}: {size} GiB each"


def _strategy(service: Resource) -> Iterator[str]:
    strategy = str(service.block("deploymentConfiguration").get("strategy", "ROLLING"))
    if strategy != "ROLLING":
        yield f"{strategy.replace('_', '/').lower()} deployments"
