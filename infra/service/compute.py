"""Arguments that depend on a service's capacity: compatibility, network mode, targets, placement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from infra.cluster.capacity import strategy_items
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
    """Where and how the tasks of one service run."""

    kind: Kind
    network_mode: str
    capacity_provider_strategies: Sequence[Any] | None
    """None for machines outside AWS, which have a launch type instead of a capacity provider."""
    network_configuration: aws.ecs.ServiceNetworkConfigurationArgsDict | None
    """None for tasks without their own address."""
    availability_zone_rebalancing: str | None
    # `Any`, because services and schedules have different types for the same fields.
    ordered_placement_strategies: Sequence[Any] | None
    placement_constraints: Sequence[Any] | None

    @classmethod
    def of(cls, settings: ServiceSettings, platform: Platform) -> Compute:
        """Return how a service's tasks run."""
        kind = kind_of(settings, platform.capacity)
        mode = network_mode_of(settings, platform.capacity)
        strategies = strategy_items(settings.capacity_provider_strategy, platform.provider_names)
        return cls(
            kind=kind,
            network_mode=mode,
            capacity_provider_strategies=None if kind == "external" else strategies,
            network_configuration=_network_configuration(kind, settings, platform)
            if mode == "awsvpc"
            else None,
            availability_zone_rebalancing=_zone_rebalancing(kind, settings),
            ordered_placement_strategies=[
                strategy.model_dump(exclude_none=True) for strategy in settings.placement_strategies
            ]
            or None,
            placement_constraints=[
                constraint.model_dump(exclude_none=True) for constraint in settings.placement_constraints
            ]
            or None,
        )

    @property
    def compatibilities(self) -> list[str]:
        """Compatibilities that a task definition requires."""
        return [_COMPATIBILITY[self.kind]]

    @property
    def launch_type(self) -> str | None:
        """Launch type of machines outside AWS; None for a strategy."""
        return "EXTERNAL" if self.kind == "external" else None

    @property
    def fixed_in_a_service(self) -> list[str]:
        """What differs from tasks in AWS with their own address, and cannot change in an ECS service.

        The provider leaves out a launch type and a network configuration that are no longer set, and ECS
        then keeps the old ones.
        """
        return [
            *([self.launch_type] if self.launch_type else ()),
            *(() if self.network_configuration else ("without-address",)),
        ]

    @property
    def platform_version(self) -> str | None:
        """Platform version; only Fargate has one."""
        return "LATEST" if self.kind == "fargate" else None

    @property
    def target_type(self) -> Literal["ip", "instance"]:
        """Type of the targets: tasks by address, or instances by port."""
        return "ip" if self.network_mode == "awsvpc" else "instance"

    def port_mapping(self, container_port: int, protocol: Literal["tcp", "udp"] = "tcp") -> dict[str, Any]:
        """Return the port mapping of a container."""
        mapping = {"containerPort": container_port, "protocol": protocol}
        if self.network_mode == "bridge":
            # Any free port, so that several tasks of a service fit on one instance.
            return {**mapping, "hostPort": 0}
        if self.network_mode == "host":
            return {**mapping, "hostPort": container_port}
        return mapping


def _network_configuration(
    kind: Kind, settings: ServiceSettings, platform: Platform
) -> aws.ecs.ServiceNetworkConfigurationArgsDict:
    public: pulumi.Input[bool] = platform.assign_public_ip if kind == "fargate" else False
    return {
        "subnets": platform.subnet_ids,
        "security_groups": [platform.security_group_id, *settings.security_group_ids],
        # ECS accepts it only on Fargate.
        "assign_public_ip": public,
    }


def _zone_rebalancing(kind: Kind, settings: ServiceSettings) -> str | None:
    """Return whether ECS may move tasks to balance zones.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html
    """
    if kind == "managed-instances":
        # ECS decides by itself.
        return None
    by_zone = any(ZONE in (rule.expression or "") for rule in settings.placement_constraints)
    other_order = bool(settings.placement_strategies) and settings.placement_strategies[0].field != ZONE
    return "DISABLED" if kind == "external" or by_zone or other_order else "ENABLED"
