"""Rules between services and capacity: combinations that ECS would refuse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from infra.settings.capacity import FARGATE, Capacity, Kind
from infra.settings.faults import nearest
from infra.settings.model import Fault
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
    """Return the network mode of a service's tasks: what it says, or the first that its capacity has."""
    said = service.network_mode
    return _NETWORK_MODES[kind_of(service, capacity)][0] if said == "auto" else said


def faults_of(
    service: ServiceSettings, capacity: Mapping[str, Capacity], *, has_nat: bool
) -> Iterator[Fault]:
    """Yield what is wrong between a service and the capacity that it names."""
    if service.is_on_fargate:
        return
    unknown = [*_unknown(service, capacity)]
    yield from unknown
    if unknown:
        return
    kind = kind_of(service, capacity)
    for index, line in enumerate(service.capacity_provider_strategy):
        path, own = (_STRATEGY, index, "capacity-provider"), capacity[line.capacity_provider]
        if own.type != kind:
            same = f"capacity of type {kind}, as the others of this strategy are; ECS mixes no types"
            yield Fault(same, path, line.capacity_provider)
        elif own.architecture != service.architecture:
            other = (
                f"capacity with the service's `architecture`, {service.architecture}; "
                f"{line.capacity_provider} has {own.architecture}"
            )
            yield Fault(other, path, line.capacity_provider)
        elif service.gpus and not own.gpu:
            without = "`ami: al2023-gpu`" if own.type == "ec2" else "`gpu: true`"
            yield Fault(f"0, or {without} for the capacity {line.capacity_provider}", ("gpus",), service.gpus)
    yield from _of_kind(service, kind)
    yield from _of_network(service, capacity, kind, has_nat=has_nat)


def _unknown(service: ServiceSettings, capacity: Mapping[str, Capacity]) -> Iterator[Fault]:
    for index, line in enumerate(service.capacity_provider_strategy):
        name = line.capacity_provider
        if not line.is_fargate and name not in capacity:
            near = nearest(name, capacity)
            hint = f"; the nearest is `{near}`" if near else ""
            known = ", ".join([*FARGATE, *capacity])
            path = (_STRATEGY, index, "capacity-provider")
            yield Fault(f"one of {known}: `capacity` has no such name{hint}", path, name)


def _of_kind(service: ServiceSettings, kind: Kind) -> Iterator[Fault]:
    if kind != "ec2" and service.placement_strategies:
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement.html
        shown = f"{len(service.placement_strategies)} items"
        yield Fault(
            f"none on {kind} capacity, where ECS places tasks itself", ("placement-strategies",), shown
        )
    if service.ephemeral_storage_gib:
        disk = "0: Fargate alone has it; instances have the disks of their `capacity`"
        yield Fault(disk, ("ephemeral-storage-gib",), service.ephemeral_storage_gib)
    if kind == "external":
        yield from _of_machines_outside_aws(service)


def _of_machines_outside_aws(service: ServiceSettings) -> Iterator[Fault]:
    for name, volume in service.volumes.items():
        for key, storage in (("efs", volume.efs), ("ebs", volume.ebs)):
            if storage is not None:
                nowhere = "none: machines outside AWS mount neither EFS nor EBS"
                yield Fault(nowhere, ("volumes", name, key), name)
    lines = service.capacity_provider_strategy
    if lines[0].base:
        # Its launch type stands in the place of a strategy.
        yield Fault("0: all tasks go to the one external capacity", (_STRATEGY, 0, "base"), lines[0].base)
    for key, setting in (("connect", service.connect), ("discovery", service.discovery)):
        if setting.enabled:
            none = "false: ECS keeps no names for machines outside AWS"
            yield Fault(none, (key, "enabled"), True)
    if service.exposure != "none":
        nothing = "none: ECS registers tasks on machines outside AWS with no load balancer"
        yield Fault(nothing, ("exposure",), service.exposure)


def _of_network(
    service: ServiceSettings, capacity: Mapping[str, Capacity], kind: Kind, *, has_nat: bool
) -> Iterator[Fault]:
    modes = _NETWORK_MODES[kind]
    mode = network_mode_of(service, capacity)
    if mode != "awsvpc" and service.security_group_ids:
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking.html
        none = f"none with `network-mode` {mode}: such tasks have their instance's groups"
        yield Fault(none, ("security-group-ids",), service.security_group_ids)
    if mode == "host" and service.has_privileged_port:
        taken = "1024 or more with `network-mode` host, where only root listens on lower ones"
        yield Fault(taken, ("container-port",), min(service.container_port, service.ingress[1]))
    if mode not in modes:
        yield Fault(f"one of auto, {', '.join(modes)} on {kind} capacity", ("network-mode",), mode)
    elif mode not in ("awsvpc", "bridge") and service.connect.enabled:
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect.html
        yield Fault(
            "false, or another `network-mode`: it works with awsvpc and bridge", ("connect", "enabled"), True
        )
    elif not has_nat and kind == "managed-instances":
        # No subnet here hands out public addresses, and nothing asks for them.
        yield Fault(
            f"`nat` single or one-per-az for the managed instances of {service.name}: without one they reach "
            "neither ECS nor the registry",
            (_STRATEGY, 0, "capacity-provider"),
            service.capacity_provider_strategy[0].capacity_provider,
        )
    elif not has_nat and kind == "ec2" and mode == "awsvpc":
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking-awsvpc.html
        yield Fault(
            "bridge or host with `nat: none`, or another `nat`: a task with an address of its own has no "
            "public one on EC2, so that nothing of it reaches the internet",
            ("network-mode",),
            service.network_mode,
        )
