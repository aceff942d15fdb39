"""A service: tasks that stay, behind a rule of the load balancer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from infra.task import TaskDefinition, TaskDefinitionArgs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.settings import CapacityProvider, ServiceSettings


@dataclass(frozen=True, kw_only=True)
class ServiceArgs:
    """What a :class:`Service` needs to know."""

    task: TaskDefinitionArgs
    """What runs; its settings are the service's own."""
    cluster_arn: pulumi.Input[str]
    capacity_provider_strategy: Sequence[CapacityProvider]
    vpc_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[list[str]]
    security_group_id: pulumi.Input[str]
    assign_public_ip: bool
    listener_arn: pulumi.Input[str]
    prerequisites: Sequence[pulumi.Resource] = ()
    """What the first task cannot start without, though no argument leads to it: routes, rules, capacity."""

    @property
    def settings(self) -> ServiceSettings:
        """The service's settings."""
        return self.task.settings


class Service(pulumi.ComponentResource):
    """A service that takes a new version without losing a request, and goes back to the old one by itself.

    It owns all that belongs to it alone, so that adding or removing a copy touches no other.
    """

    name: pulumi.Output[str]
    """Name of the ECS service."""

    def __init__(self, name: str, args: ServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:Service", name, None, opts)
        settings = args.settings

        task = TaskDefinition(name, args.task, opts=pulumi.ResourceOptions(parent=self))
        target_group = aws.lb.TargetGroup(
            name,
            vpc_id=args.vpc_id,
            target_type="ip",
            protocol="HTTP",
            # ECS registers each task with its own port; this default is never used. The container's port here
            # would mean another group, empty at first, whenever it changes.
            port=80,
            deregistration_delay=settings.deregistration_delay_seconds,
            health_check={
                "protocol": "HTTP",
                "port": "traffic-port",
                "path": settings.health_check_path,
                "matcher": "200",
                "interval": settings.health_check_interval_seconds,
                # AWS wants it shorter than the interval, which can be 5 seconds.
                "timeout": min(5, settings.health_check_interval_seconds - 1),
                "healthy_threshold": 2,
                "unhealthy_threshold": 3,
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        rule = aws.lb.ListenerRule(
            name,
            listener_arn=args.listener_arn,
            priority=settings.priority,
            conditions=[_condition(settings)],
            transforms=_without_prefix(settings),
            actions=[{"type": "forward", "target_group_arn": target_group.arn}],
            opts=pulumi.ResourceOptions(parent=self),
        )
        service = aws.ecs.Service(
            name,
            cluster=args.cluster_arn,
            task_definition=task.arn,
            desired_count=settings.desired_count,
            capacity_provider_strategies=[
                {"capacity_provider": line.capacity_provider, "weight": line.weight, "base": line.base}
                for line in args.capacity_provider_strategy
            ],
            # Without it another strategy would replace the service. The price: whatever changes is deployed
            # anew, the desired count alone too. What does not change is left alone.
            force_new_deployment=True,
            platform_version="LATEST",
            network_configuration={
                "subnets": args.subnet_ids,
                "security_groups": [args.security_group_id],
                "assign_public_ip": args.assign_public_ip,
            },
            load_balancers=[
                {
                    "target_group_arn": target_group.arn,
                    "container_name": settings.name,
                    "container_port": settings.container_port,
                },
            ],
            deployment_circuit_breaker={"enable": True, "rollback": True},
            deployment_minimum_healthy_percent=settings.deployment_minimum_healthy_percent,
            deployment_maximum_percent=settings.deployment_maximum_percent,
            health_check_grace_period_seconds=settings.health_check_grace_period_seconds,
            availability_zone_rebalancing="ENABLED",
            propagate_tags="SERVICE",
            enable_ecs_managed_tags=True,
            # ECS refuses a target group that no rule leads to.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[rule, *args.prerequisites]),
        )

        self.name = service.name
        self.register_outputs({"name": self.name})


def _condition(settings: ServiceSettings) -> aws.lb.ListenerRuleConditionArgsDict:
    if settings.host is not None:
        return {"host_header": {"values": [settings.host]}}
    if settings.path_prefix is not None:
        return {"path_pattern": {"values": [settings.path_prefix, f"{settings.path_prefix}/*"]}}
    return {"path_pattern": {"values": ["/*"]}}


def _without_prefix(settings: ServiceSettings) -> list[aws.lb.ListenerRuleTransformArgsDict] | None:
    if settings.host is not None or settings.path_prefix is None:
        return None
    rewrite: aws.lb.ListenerRuleTransformUrlRewriteConfigRewriteArgsDict = {
        "regex": f"^{settings.path_prefix}/?(.*)$",
        "replace": "/$1",
    }
    return [{"type": "url-rewrite", "url_rewrite_config": {"rewrite": rewrite}}]
