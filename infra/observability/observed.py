"""The services of a stack, as alarms and the dashboard observe them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pulumi

    from infra.settings import ServiceSettings


@dataclass(frozen=True, kw_only=True)
class ObservedService:
    """A service with alarms, or with charts on the dashboard."""

    settings: ServiceSettings
    service_name: pulumi.Input[str]
    """Name of the ECS service."""
    load_balancer: pulumi.Input[str]
    """ARN suffix of its load balancer."""
    target_groups: Sequence[pulumi.Input[str]]
    """ARN suffix of each target group; none for a service without a load balancer."""
    user_impact_alarms: Sequence[pulumi.Input[str]]
    """Names of its deployment alarms about user impact, which have no notifications themselves."""
    has_metrics: bool = True
    """Whether ECS has metrics of its tasks, as it has not for machines outside AWS."""


@dataclass(frozen=True, kw_only=True)
class ObservedStack:
    """A stack, by the names of its parts in metrics."""

    qualified_name: str
    """Project and stack, such as node-on-ecs/prod."""
    services: Sequence[ObservedService]
    cluster_name: pulumi.Input[str]
    load_balancer: pulumi.Input[str] | None
    """ARN suffix of the stack's own application load balancer; None for an existing one."""
    log_group_name: pulumi.Input[str]
