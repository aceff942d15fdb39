"""What services run on, and the combinations of service and capacity that ECS would refuse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from infra.settings.capacity import FARGATE, Capacity, Kind
from infra.settings.faults import Fault, nearest
from infra.settings.service import ServiceSettings
from infra.settings.service_keys import NetworkMode

_STRATEGY: Final = "capacity-provider-strategy"
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-instance-networking.html
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere.html
_NETWORK_MODES: Final[Mapping[Kind, tuple[NetworkMode, ...]]] = {
    "fargate": ("awsvpc",),
    "ec2": ("awsvpc", "bridge", "host", "none"),
    "managed-instances": ("awsvpc", "host"),
    "external": ("bridge", "host", "none"),
}


def kind_of(service: ServiceSettings, capacity: Mapping[str, Capacity]) -> Kind:
    """Return what a service's tasks run on; its strategy names one kind alone."""
    first = service.capacity_provider_strategy[0]
    return "fargate" if first.is_fargate else capacity[first.capacity_provider].type


def network_mode_of(service: ServiceSettings, capacity: Mapping[str, Capacity]) -> NetworkMode:
    """Return the network mode of a service's tasks; `auto` is the first that its capacity has."""
    mode = service.network_mode
    return _NETWORK_MODES[kind_of(service, capacity)][0] if mode == "auto" else mode


def faults_of_capacity(
    service: ServiceSettings, capacity: Mapping[str, Capacity], *, has_nat: bool
) -> Iterator[Fault]:
    """Yield the faults between a service and the capacity of its strategy, by the service's keys."""
    if service.is_on_fargate:
        return
    if unknown := [*_unknown_names(service, capacity)]:
        yield from unknown
        return
    kind = kind_of(service, capacity)
    for index, line in enumerate(service.capacity_provider_strategy):
        path, provider = (_STRATEGY, index, "capacity-provider"), capacity[line.capacity_provider]
        if provider.type != kind:
            yield Fault(path, f"capacity of type {kind}, as the others of this strategy; ECS mixes no types")
        elif provider.architecture != service.architecture:
            same = f"capacity with the service's `architecture`, {service.architecture}"
            yield Fault(path, f"{same}; {line.capacity_provider} has {provider.architecture}")
        elif not provider.gpu:
            with_gpus = "`ami: al2023-gpu`" if provider.type == "ec2" else "`gpu: true`"
            needs = f"0, or {with_gpus} for the capacity {line.capacity_provider}"
            yield from service.refuse(needs, "gpus")
    if kind != "ec2":
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement.html
        itself = f"none on {kind} capacity, where ECS places tasks itself"
        yield from service.refuse(itself, "placement-strategies")
    disk = "0: only Fargate has it; instances have the disks of their `capacity`"
    yield from service.refuse(disk, "ephemeral-storage-gib")
    if kind == "external":
        yield from _faults_outside_aws(service)
    yield from _faults_of_network(service, capacity, kind, has_nat=has_nat)


def _unknown_names(service: ServiceSettings, capacity: Mapping[str, Capacity]) -> Iterator[Fault]:
    for index, line in enumerate(service.capacity_provider_strategy):
        name = line.capacity_provider
        if not line.is_fargate and name not in capacity:
            near = nearest(name, capacity)
            hint = f"; the nearest is `{near}`" if near else ""
            known = ", ".join([*FARGATE, *capacity])
            path = (_STRATEGY, index, "capacity-provider")
            yield Fault(path, f"one of {known}: `capacity` has no such name{hint}")


def _faults_outside_aws(service: ServiceSettings) -> Iterator[Fault]:
    for name, volume in service.volumes.items():
        for key, storage in (("efs", volume.efs), ("ebs", volume.ebs)):
            if storage is not None:
                none = "none: machines outside AWS mount neither EFS nor EBS"
                yield Fault(("volumes", name, key), none, name)
    if service.capacity_provider_strategy[0].base:
        # ECS runs these tasks by a launch type, not by a strategy.
        yield Fault((_STRATEGY, 0, "base"), "0: all tasks go to the one external capacity")
    for key, is_on in (("connect", service.connect.enabled), ("discovery", service.discovery.enabled)):
        if is_on:
            yield Fault((key, "enabled"), "false: ECS keeps no names for machines outside AWS")
    if service.exposure != "none":
        none = "none: ECS registers tasks on machines outside AWS with no load balancer"
        yield Fault(("exposure",), none)


def _faults_of_network(
    service: ServiceSettings, capacity: Mapping[str, Capacity], kind: Kind, *, has_nat: bool
) -> Iterator[Fault]:
    modes = _NETWORK_MODES[kind]
    mode = network_mode_of(service, capacity)
    if mode != "awsvpc":
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking.html
        none = f"none with `network-mode` {mode}: such tasks have their instance's groups"
        yield from service.refuse(none, "security-group-ids")
    if mode == "host" and service.has_privileged_port:
        higher = "1024 or more with `network-mode` host, where only root listens on lower ones"
        yield Fault(("container-port",), higher, min(service.container_port, service.ingress[1]))
    if mode not in modes:
        yield Fault(("network-mode",), f"one of auto, {', '.join(modes)} on {kind} capacity")
    elif mode not in ("awsvpc", "bridge") and service.connect.enabled:
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect.html
        other = "false, or another `network-mode`: it works with awsvpc and bridge"
        yield Fault(("connect", "enabled"), other)
    elif not has_nat and kind == "managed-instances":
        # The instances have no public addresses, not even in public subnets.
        yield Fault(
            (_STRATEGY, 0, "capacity-provider"),
            f"`nat` single or one-per-az for the managed instances of {service.name}: without one they reach "
            "neither ECS nor the registry",
        )
    elif not has_nat and kind == "ec2" and mode == "awsvpc":
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking-awsvpc.html
        yield Fault(
            ("network-mode",),
            "bridge or host with `nat: none`, or another `nat`: with awsvpc a task on EC2 has no public "
            "address and does not reach the internet",
        )
