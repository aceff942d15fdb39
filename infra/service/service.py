"""The ECS service, with or without a load balancer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

from infra.network.discovery import discovery_service
from infra.observability.alarms import DeploymentAlarms, DeploymentAlarmsArgs, ecs_service_alarms
from infra.service.autoscaling import Autoscaling, AutoscalingArgs
from infra.service.compute import Compute
from infra.service.connect import connect_configuration
from infra.service.connections import TcpTraffic
from infra.service.deployment import deployment_configuration, needs_hook_role, timeouts
from infra.service.roles import HookRole
from infra.service.schedules import Schedules, SchedulesArgs, scheduled_task
from infra.service.task_definition import TaskDefinition, TaskDefinitionArgs
from infra.service.traffic import HttpTraffic
from infra.storage.block_volume import BlockVolume, has_block_volume

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.image.reference import DeployableImage
    from infra.service.platform import Platform
    from infra.settings import Exposure, ServiceSettings

_TRAFFIC: Final[Mapping[Exposure, type[HttpTraffic | TcpTraffic]]] = {"http": HttpTraffic, "tcp": TcpTraffic}


@dataclass(frozen=True, kw_only=True)
class ServiceArgs:
    """What a :class:`Service` needs to know."""

    settings: ServiceSettings
    platform: Platform
    images: Mapping[str, DeployableImage]
    """What each container of a task runs, by its name."""
    calls: Mapping[str, Service] = field(default_factory=dict[str, "Service"])
    """Services that this one calls by Service Connect, by alias and port; they are deployed before it."""

    def __post_init__(self) -> None:
        if self.settings.rollout.has_two_target_groups and self.platform.traffic_shift is None:
            raise ValueError(
                f"{self.settings.name} has two target groups and needs a traffic_shift, got None"
            )


class Service(pulumi.ComponentResource):
    """A service that takes a new version without losing a request, and goes back to the old one by itself.

    It owns all that belongs to it alone, so that adding or removing a copy touches no other.
    """

    name: pulumi.Output[str]
    """Name of the ECS service."""
    alarm_names: pulumi.Output[list[str]]
    """Names of the alarms that roll a deployment back; empty without any."""
    user_impact_alarm_names: Sequence[pulumi.Output[str]]
    """Names of those about user impact: errors and latency."""
    target_groups: Sequence[pulumi.Output[str]]
    """ARN suffix of each of its target groups."""
    task_definition_arn: pulumi.Output[str]
    """What it has to come to run."""
    dead_letter_queue_url: pulumi.Output[str] | None
    """Where starts by the clock end that were given up; None without any."""

    def __init__(self, name: str, args: ServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:Service", name, None, opts)
        settings, platform = args.settings, args.platform
        child = pulumi.ResourceOptions(parent=self)

        task = TaskDefinition(
            name, TaskDefinitionArgs(settings=settings, platform=platform, images=args.images), opts=child
        )
        compute = Compute.of(settings, platform)
        leads = _TRAFFIC.get(settings.exposure)
        traffic = (
            leads(name, settings, platform, target_type=compute.target_type, parent=self) if leads else None
        )
        groups: Mapping[str, aws.lb.TargetGroup] = traffic.target_groups if traffic else {}
        alarms = self._alarms(name, groups, args)
        hook_role = (
            HookRole(name, settings.rollout, platform.account, opts=child)
            if needs_hook_role(settings.rollout)
            else None
        )
        blocks = (
            BlockVolume(name, settings, platform.account, parent=self) if has_block_volume(settings) else None
        )
        rollout = platform.rollout.of_service(name, settings.migration, parent=self)
        service = aws.ecs.Service(
            name,
            cluster=platform.cluster_arn,
            task_definition=task.arn,
            desired_count=settings.desired_count,
            launch_type=compute.launch_type,
            capacity_provider_strategies=compute.capacity_provider_strategies,
            ordered_placement_strategies=compute.ordered_placement_strategies,
            placement_constraints=compute.placement_constraints,
            # Without it another strategy would replace the service. The price: whatever changes is deployed
            # anew, the desired count alone too. What does not change is left alone.
            force_new_deployment=True,
            # The provider follows the deployment to its end, fails with ECS's reason, and on Ctrl-C has it
            # rolled back.
            wait_for_steady_state=True,
            sigint_rollback=True,
            platform_version=compute.platform_version,
            network_configuration=compute.network_configuration,
            service_connect_configuration=connect_configuration(settings, platform),
            service_registries=self._registries(name, args, compute),
            load_balancers=traffic.load_balancers if traffic else None,
            volume_configuration=blocks.configuration if blocks else None,
            deployment_configuration=deployment_configuration(
                settings.rollout, hook_role.arn if hook_role else None
            ),
            alarms=ecs_service_alarms(alarms),
            deployment_circuit_breaker={"enable": True, "rollback": True},
            deployment_minimum_healthy_percent=settings.deployment_minimum_healthy_percent,
            deployment_maximum_percent=settings.deployment_maximum_percent,
            # Of use only behind a load balancer; the container's own check has a start period.
            health_check_grace_period_seconds=settings.health_check_grace_period_seconds if traffic else None,
            availability_zone_rebalancing=compute.availability_zone_rebalancing,
            enable_execute_command=settings.execute_command,
            propagate_tags="SERVICE",
            enable_ecs_managed_tags=True,
            triggers={**(rollout.triggers or {}), **_aliases(args.calls)} or None,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[
                    *(traffic.prerequisites if traffic else ()),
                    *([hook_role] if hook_role else ()),
                    *(blocks.prerequisites if blocks else ()),
                    *rollout.prerequisites,
                    *args.calls.values(),
                    *platform.prerequisites,
                ],
                ignore_changes=["desiredCount"] if settings.autoscaling.enabled else None,
                custom_timeouts=timeouts(settings),
                hooks=rollout.hooks,
            ),
        )
        if settings.autoscaling.enabled:
            Autoscaling(
                name,
                AutoscalingArgs(
                    settings=settings.autoscaling,
                    cluster_name=platform.cluster_name,
                    service_name=service.name,
                    target_groups=[group.arn_suffix for group in groups.values()],
                    load_balancer=platform.load_balancer_arn_suffix,
                ),
                opts=child,
            )

        schedules = None
        if settings.schedules:
            schedules = Schedules(
                name,
                SchedulesArgs(
                    schedules=settings.schedules,
                    container=settings.name,
                    account=platform.account,
                    cluster_arn=platform.cluster_arn,
                    family=task.family,
                    role_arns=task.role_arns,
                    task=scheduled_task(settings, platform, task.arn),
                    # After the deployment: a version that fails never runs by the clock.
                    prerequisites=[service],
                ),
                opts=child,
            )

        self.name = service.name
        self.task_definition_arn = task.arn
        self.dead_letter_queue_url = schedules.dead_letter_queue_url if schedules else None
        self.alarm_names = alarms.names if alarms else pulumi.Output.from_input([])
        self.user_impact_alarm_names = alarms.user_impact_names if alarms else []
        self.target_groups = [group.arn_suffix for group in groups.values()]
        self.register_outputs(
            {
                "name": self.name,
                "task_definition_arn": self.task_definition_arn,
                "alarm_names": self.alarm_names,
            }
        )

    def _registries(
        self, name: str, args: ServiceArgs, compute: Compute
    ) -> aws.ecs.ServiceServiceRegistriesArgsDict | None:
        settings, namespace_id = args.settings, args.platform.namespaces.dns_id
        if not settings.discovery.enabled or namespace_id is None:
            return None
        has_address = compute.network_mode == "awsvpc"
        registry = discovery_service(
            name, settings.discovery, namespace_id=namespace_id, srv=not has_address, parent=self
        )
        if has_address:
            return {"registry_arn": registry.arn}
        container, port = settings.ingress
        return {"registry_arn": registry.arn, "container_name": container, "container_port": port}

    def _alarms(
        self, name: str, groups: Mapping[str, aws.lb.TargetGroup], args: ServiceArgs
    ) -> DeploymentAlarms | None:
        settings, network = args.settings.alarms, args.platform.network_load_balancer
        http = args.settings.exposure == "http"
        # All but those of one's own watch a target group, and of TCP nothing but its health is measured.
        watched = groups and (http or settings.unhealthy_tasks)
        if not settings.enabled or not (watched or settings.extra):
            return None
        return DeploymentAlarms(
            name,
            DeploymentAlarmsArgs(
                settings=settings,
                target_groups={prefix: group.arn_suffix for prefix, group in groups.items()},
                load_balancer=args.platform.load_balancer_arn_suffix
                if http or network is None
                else network.arn_suffix,
                http=http,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _aliases(calls: Mapping[str, Service]) -> dict[str, str]:
    """Return what deploys a service anew when there are other aliases: its tasks know no later ones."""
    return {"calls": " ".join(sorted(calls))} if calls else {}
