"""What follows from a service's capacity: compatibility, network mode, targets, placement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from infra.settings import kind_of, network_mode_of
from infra.settings.placement import ZONE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pulumi
    import pulumi_aws as aws

    from infra.service.platform import Platform
    from infra.settings import Kind, ServiceSettings

_COMPATIBILITY: Final[Mapping[Kind, str]] = {
    "fargate": "FARGATE",
    "ec2": "EC2",
    "managed-instances": "MANAGED_INSTANCES",
    "external": "EXTERNAL",
}


@dataclass(frozen=True, kw_only=True)
class Compute:
    """How the tasks of one service run; every place where AWS asks for it gets it from here."""

    kind: Kind
    network_mode: str
    capacity_provider_strategies: Sequence[Any] | None
    """None for machines outside AWS: they have no capacity provider, and a launch type instead."""
    network_configuration: aws.ecs.ServiceNetworkConfigurationArgsDict | None
    """None for tasks without an address of their own."""
    availability_zone_rebalancing: str | None
    # Services and schedules have types of their own for the same.
    ordered_placement_strategies: Sequence[Any] | None
    placement_constraints: Sequence[Any] | None

    @classmethod
    def of(cls, settings: ServiceSettings, platform: Platform) -> Compute:
        """Return how a service's tasks run."""
        kind = kind_of(settings, platform.capacity)
        mode = network_mode_of(settings, platform.capacity)
        strategies = [
            {
                "capacity_provider": platform.provider_names.get(
                    line.capacity_provider, line.capacity_provider
                ),
                "weight": line.weight,
                "base": line.base,
            }
            for line in settings.capacity_provider_strategy
        ]
        return cls(
            kind=kind,
            network_mode=mode,
            capacity_provider_strategies=None if kind == "external" else strategies,
            network_configuration=_network(kind, settings, platform) if mode == "awsvpc" else None,
            availability_zone_rebalancing=_rebalancing(kind, settings),
            ordered_placement_strategies=[
                {"type": step.type, **({"field": step.field} if step.field else {})}
                for step in settings.placement_strategies
            ]
            or None,
            placement_constraints=[
                {"type": rule.type, **({"expression": rule.expression} if rule.expression else {})}
                for rule in settings.placement_constraints
            ]
            or None,
        )

    @property
    def compatibilities(self) -> list[str]:
        """What a task definition has to be valid for."""
        return [_COMPATIBILITY[self.kind]]

    @property
    def launch_type(self) -> str | None:
        """In the place of a strategy, for machines outside AWS."""
        return "EXTERNAL" if self.kind == "external" else None

    @property
    def platform_version(self) -> str | None:
        """Fargate alone has one."""
        return "LATEST" if self.kind == "fargate" else None

    @property
    def target_type(self) -> Literal["ip", "instance"]:
        """What a target group for the tasks holds: their addresses, or their instances with ports."""
        return "ip" if self.network_mode == "awsvpc" else "instance"

    def port_mapping(self, container_port: int, protocol: Literal["tcp", "udp"] = "tcp") -> dict[str, Any]:
        """Return how a container's port is reached from outside its task."""
        mapping = {"containerPort": container_port, "protocol": protocol}
        if self.network_mode == "bridge":
            # Any that is free, so that several tasks of a service fit on one instance.
            return {**mapping, "hostPort": 0}
        if self.network_mode == "host":
            return {**mapping, "hostPort": container_port}
        return mapping


def _network(
    kind: Kind, settings: ServiceSettings, platform: Platform
) -> aws.ecs.ServiceNetworkConfigurationArgsDict:
    public: pulumi.Input[bool] = platform.assign_public_ip if kind == "fargate" else False
    return {
        "subnets": platform.subnet_ids,
        "security_groups": [platform.security_group_id, *settings.security_group_ids],
        # ECS refuses it for all but Fargate.
        "assign_public_ip": public,
    }


def _rebalancing(kind: Kind, settings: ServiceSettings) -> str | None:
    """Return whether ECS moves tasks to keep zones even, where it can.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html
    """
    if kind == "managed-instances":
        # ECS decides.
        return None
    by_zone = any(ZONE in (rule.expression or "") for rule in settings.placement_constraints)
    elsewhere = bool(settings.placement_strategies) and settings.placement_strategies[0].field != ZONE
    return "DISABLED" if kind == "external" or by_zone or elsewhere else "ENABLED"
