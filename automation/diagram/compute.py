"""What runs in a picture: the cluster, the capacity of its own, and services with their tasks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from automation.cost.resources import Resource, block_of, blocks_of
from automation.diagram.draft import Draft, counted, short, text
from automation.diagram.model import Node, Tasks

_FARGATE: Final = {"FARGATE": "Fargate", "FARGATE_SPOT": "Fargate Spot"}
_GIB: Final = 1024
_ALL: Final = 100


def read(draft: Draft) -> None:
    """Add the cluster, what tasks run on, and the services."""
    _cluster(draft)
    for group in draft.all("autoscaling/group:Group"):
        _instances(draft, group)
    for provider in draft.all("ecs/capacityProvider:CapacityProvider"):
        _provider(draft, provider)
    for activation in draft.all("ssm/activation:Activation"):
        machines = f"{counted(activation.integer('registrationLimit'), 'machine')} outside AWS"
        name = f"ECS Anywhere {short(activation.name)}"
        node = Node(id="outside", kind="machines", name=name, lines=(machines,), within="cluster")
        draft.add(node, activation, *draft.all("ssm/parameter:Parameter"))
    for service in draft.all("ecs/service:Service"):
        _service(draft, service)


def definition_of(draft: Draft, service: Resource) -> Resource | None:
    """Return a service's task definition, if it is known."""
    return draft.stack.by_arn(service.properties.get("taskDefinition"))


def containers_of(definition: Resource | None) -> list[Mapping[str, Any]]:
    """Return the containers of a task, as ECS takes them; none where they are not known yet."""
    said = text(definition, "containerDefinitions") if definition else ""
    return blocks_of(json.loads(said)) if said else []


def scales(scaling: Resource, service: Resource) -> bool:
    """Whether a resource of Application Auto Scaling is of a service."""
    return text(scaling, "resourceId").rpartition("/")[2] == text(service, "name")


def _cluster(draft: Draft) -> None:
    clusters = draft.all("ecs/cluster:Cluster")
    said = [one for cluster in clusters for one in cluster.blocks("settings") if one["value"] != "disabled"]
    draft.add(
        Node(
            id="cluster",
            kind="cluster",
            name="ECS cluster",
            lines=tuple(f"Container Insights {one['value']}" for one in said),
            exists=not clusters,
        ),
        *clusters,
        *draft.all("ecs/clusterCapacityProviders:ClusterCapacityProviders"),
    )


def _instances(draft: Draft, group: Resource) -> None:
    policy = group.block("mixedInstancesPolicy")
    overrides = blocks_of(block_of(policy, "launchTemplate").get("overrides"))
    shares = block_of(policy, "instancesDistribution")
    base = int(shares.get("onDemandBaseCapacity", 0))
    spot = _ALL - int(shares.get("onDemandPercentageAboveBaseCapacity", _ALL))
    share = "" if spot == _ALL else f"{spot} % "
    bought = f"{base} on demand, then {share}Spot" if spot else "on demand"
    draft.add(
        Node(
            id=f"capacity {group.name}",
            kind="capacity",
            name=f"EC2 instances {short(group.name)}",
            lines=(
                ", ".join(str(one["instanceType"]) for one in overrides if one.get("instanceType")),
                f"{group.integer('minSize')} to {group.integer('maxSize')} instances, {bought}",
            ),
            within="cluster",
            subnets=draft.placed(group.strings("vpcZoneIdentifiers")),
        ),
        group,
    )


def _provider(draft: Draft, provider: Resource) -> None:
    own = provider.block("managedInstancesProvider")
    if not own:
        draft.is_of(_capacity(draft, provider), provider)
        return
    template = block_of(own, "instanceLaunchTemplate")
    types = block_of(template, "instanceRequirements").get("allowedInstanceTypes")
    draft.add(
        Node(
            id=_capacity(draft, provider),
            kind="capacity",
            name=f"Managed Instances {short(provider.name)}",
            lines=(", ".join(types or ["any type that the tasks fit on"]), "ECS adds and removes them"),
            within="cluster",
            subnets=draft.placed(block_of(template, "networkConfiguration").get("subnets") or ()),
        ),
        provider,
    )


def _capacity(draft: Draft, provider: Resource) -> str:
    """Return the id of the node that a capacity provider is part of."""
    arn = provider.block("autoScalingGroupProvider").get("autoScalingGroupArn")
    group = draft.stack.by_arn(arn) if arn else None
    return f"capacity {(group or provider).name}"


def _service(draft: Draft, service: Resource) -> None:
    definition = definition_of(draft, service)
    on, capacity = _runs_on(draft, service)
    subnets = draft.placed(service.block("networkConfiguration").get("subnets") or ())
    targets = [one for one in draft.all("appautoscaling/target:Target") if scales(one, service)]
    policies = [one for one in draft.all("appautoscaling/policy:Policy") if scales(one, service)]
    counts = [(target.integer("minCapacity"), target.integer("maxCapacity")) for target in targets] or [
        (service.integer("desiredCount"),) * 2
    ]
    lines = (*_size(definition), capacity, *_disks(service), *_rollout(service))
    id_ = draft.add(
        Node(
            id=f"service {service.name}",
            kind="service",
            name=service.name,
            lines=tuple(filter(None, lines)),
            within=on,
            subnets=subnets or (draft.nodes[on].subnets if on in draft.nodes else ()),
            tasks=Tasks(least=counts[0][0], most=counts[0][1], containers=tuple(_containers(definition))),
        ),
        service,
        *targets,
        *policies,
    )
    if definition:
        draft.is_of(id_, definition)


def _runs_on(draft: Draft, service: Resource) -> tuple[str, str]:
    """Return the node that a service is within, and what is said of its capacity where that is AWS's own."""
    if service.properties.get("launchType") == "EXTERNAL":
        return "outside", ""
    strategy = [str(one.get("capacityProvider")) for one in service.blocks("capacityProviderStrategies")]
    for provider in draft.all("ecs/capacityProvider:CapacityProvider"):
        if text(provider, "name") in strategy:
            return _capacity(draft, provider), ""
    return "cluster", " and ".join(sorted(_FARGATE.get(one, one) for one in strategy)) or "Fargate"


def _size(definition: Resource | None) -> Iterator[str]:
    if definition and (cpu := definition.integer("cpu")) and (memory := definition.integer("memory")):
        yield f"{cpu / 1024:.3g} vCPU, {f'{memory / _GIB:g} GB' if memory >= _GIB else f'{memory} MB'}"


def _containers(definition: Resource | None) -> Iterator[str]:
    for one in containers_of(definition):
        ports = ", ".join(str(mapping["containerPort"]) for mapping in one.get("portMappings", ()))
        yield f"{one['name']} :{ports}" if ports else str(one["name"])


def _disks(service: Resource) -> Iterator[str]:
    for volume in service.blocks("volumeConfiguration"):
        size = int(block_of(volume, "managedEbsVolume").get("sizeInGb", 0))
        yield f"EBS {volume.get('name')}: {size} GiB each"


def _rollout(service: Resource) -> Iterator[str]:
    strategy = str(service.block("deploymentConfiguration").get("strategy", "ROLLING"))
    if strategy != "ROLLING":
        yield f"{strategy.replace('_', '/').lower()} deployments"
