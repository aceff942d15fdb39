"""A service: tasks that stay, behind a rule of the load balancer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from infra.autoscaling import Autoscaling, AutoscalingArgs
from infra.ecs_roles import HookRole
from infra.monitoring import DeploymentAlarms, DeploymentAlarmsArgs, alarms_of_service
from infra.routing import condition, target_group, transforms
from infra.strategy import (
    Green,
    GreenArgs,
    TrafficShift,
    deployment_configuration,
    needs_hook_role,
    stays_at_blue,
    timeouts,
)
from infra.task import TaskDefinition, TaskDefinitionArgs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.rollout.migration import Migrations
    from infra.settings import CapacityProvider, ServiceSettings


@dataclass(frozen=True, kw_only=True)
class ServiceArgs:
    """What a :class:`Service` needs to know."""

    task: TaskDefinitionArgs
    """What runs; its settings are the service's own."""
    cluster_arn: pulumi.Input[str]
    cluster_name: pulumi.Input[str]
    capacity_provider_strategy: Sequence[CapacityProvider]
    vpc_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[list[str]]
    security_group_id: pulumi.Input[str]
    assign_public_ip: pulumi.Input[bool]
    listener_arn: pulumi.Input[str]
    load_balancer_arn_suffix: pulumi.Input[str]
    migrations: Migrations
    """Runs what the settings want to have run before the service changes."""
    traffic_shift: TrafficShift | None = None
    """For a service with two target groups."""
    prerequisites: Sequence[pulumi.Resource] = ()
    """What the first task cannot start without, though no argument leads to it: routes, rules, capacity."""

    def __post_init__(self) -> None:
        if self.settings.rollout.has_two_target_groups and self.traffic_shift is None:
            raise ValueError(
                f"{self.settings.name} has two target groups and needs a traffic_shift, got None"
            )

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
    alarm_names: pulumi.Output[list[str]]
    """Names of the alarms that take a deployment back; empty without any."""
    task_definition_arn: pulumi.Output[str]
    """What it has to come to run."""

    def __init__(self, name: str, args: ServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:Service", name, None, opts)
        settings = args.settings

        task = TaskDefinition(name, args.task, opts=pulumi.ResourceOptions(parent=self))
        blue = target_group(name, settings, vpc_id=args.vpc_id, parent=self)
        green = self._green(name, blue, args)
        rule = self._rule(name, blue, green, args)
        groups = {name: blue} | ({f"{name}-green": green.target_group} if green else {})
        alarms = self._alarms(name, groups, args)
        hook_role = self._hook_role(name, args.task)
        gate = (
            args.migrations.gate(name, settings.migration, parent=self)
            if settings.migration is not None
            else None
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
                    "target_group_arn": blue.arn,
                    "container_name": settings.name,
                    "container_port": settings.container_port,
                    "advanced_configuration": green.advanced_configuration(rule) if green else None,
                },
            ],
            deployment_configuration=deployment_configuration(
                settings.rollout, hook_role.arn if hook_role else None
            ),
            alarms=alarms_of_service(alarms),
            deployment_circuit_breaker={"enable": True, "rollback": True},
            deployment_minimum_healthy_percent=settings.deployment_minimum_healthy_percent,
            deployment_maximum_percent=settings.deployment_maximum_percent,
            health_check_grace_period_seconds=settings.health_check_grace_period_seconds,
            availability_zone_rebalancing="ENABLED",
            enable_execute_command=settings.execute_command,
            propagate_tags="SERVICE",
            enable_ecs_managed_tags=True,
            triggers=gate.triggers if gate else None,
            opts=pulumi.ResourceOptions(
                parent=self,
                # ECS refuses a target group that no rule leads to.
                depends_on=[
                    rule,
                    *(green.prerequisites if green else ()),
                    *([hook_role] if hook_role else ()),
                    *([gate.record] if gate else ()),
                    *args.prerequisites,
                ],
                ignore_changes=["desiredCount"] if settings.autoscaling.enabled else None,
                custom_timeouts=timeouts(settings.rollout),
                hooks=gate.hooks if gate else None,
            ),
        )
        if settings.autoscaling.enabled:
            Autoscaling(
                name,
                AutoscalingArgs(
                    settings=settings.autoscaling,
                    cluster_name=args.cluster_name,
                    service_name=service.name,
                    target_groups=[group.arn_suffix for group in groups.values()],
                    load_balancer=args.load_balancer_arn_suffix,
                ),
                opts=pulumi.ResourceOptions(parent=self),
            )

        self.name = service.name
        self.task_definition_arn = task.arn
        self.alarm_names = alarms.names if alarms else pulumi.Output.from_input([])
        self.register_outputs(
            {
                "name": self.name,
                "task_definition_arn": self.task_definition_arn,
                "alarm_names": self.alarm_names,
            }
        )

    def _green(self, name: str, blue: aws.lb.TargetGroup, args: ServiceArgs) -> Green | None:
        if args.traffic_shift is None or not args.settings.rollout.has_two_target_groups:
            return None
        return Green(
            name,
            GreenArgs(settings=args.settings, blue=blue, vpc_id=args.vpc_id, shift=args.traffic_shift),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _rule(
        self, name: str, blue: aws.lb.TargetGroup, green: Green | None, args: ServiceArgs
    ) -> aws.lb.ListenerRule:
        # The same rule, whatever the strategy: another one would leave users without an answer for a moment.
        return aws.lb.ListenerRule(
            name,
            listener_arn=args.listener_arn,
            priority=args.settings.priority,
            conditions=[condition(args.settings)],
            transforms=transforms(args.settings),
            actions=[
                green.production_action if green else {"type": "forward", "target_group_arn": blue.arn},
            ],
            opts=green.options_of_rule(parent=self)
            if green
            else pulumi.ResourceOptions(
                parent=self, hooks=pulumi.ResourceHookBinding(before_update=[stays_at_blue(name)])
            ),
        )

    def _alarms(
        self, name: str, groups: Mapping[str, aws.lb.TargetGroup], args: ServiceArgs
    ) -> DeploymentAlarms | None:
        if not args.settings.alarms.enabled:
            return None
        return DeploymentAlarms(
            name,
            DeploymentAlarmsArgs(
                settings=args.settings.alarms,
                target_groups={prefix: group.arn_suffix for prefix, group in groups.items()},
                load_balancer=args.load_balancer_arn_suffix,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _hook_role(self, name: str, task: TaskDefinitionArgs) -> HookRole | None:
        rollout = task.settings.rollout
        if not needs_hook_role(rollout):
            return None
        return HookRole(name, rollout, task.account, opts=pulumi.ResourceOptions(parent=self))
