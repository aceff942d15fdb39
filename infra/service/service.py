"""The ECS service with everything that belongs to it alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from infra.network.discovery import discovery_service
from infra.observability.alarms import DeploymentAlarms, DeploymentAlarmsArgs, ecs_service_alarms
from infra.service.autoscaling import Autoscaling, AutoscalingArgs
from infra.service.compute import Compute
from infra.service.connect import connect_configuration
from infra.service.deployment import deployment_configuration, needs_hook_role, timeouts
from infra.service.roles import HookRole
from infra.service.schedules import Schedules
from infra.service.task_definition import TaskDefinition
from infra.service.traffic import Traffic, route_http, route_tcp
from infra.storage.block_volume import block_volume

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.image.reference import DeployableImage
    from infra.service.platform import Platform
    from infra.settings import ServiceSettings


class Service(pulumi.ComponentResource):
    """A service that is updated without losing a request and rolls a failed deployment back.

    It owns all resources that belong to it alone: to add or remove a copy changes no other service.
    """

    name: pulumi.Output[str]
    """Name of the ECS service."""
    task_definition_arn: pulumi.Output[str]
    """The revision that the service is to run."""
    target_groups: Sequence[pulumi.Output[str]]
    """ARN suffix of each target group, as metrics name it."""
    alarm_names: pulumi.Output[list[str]]
    """Names of the alarms that roll a deployment back; empty without any."""
    user_impact_alarm_names: Sequence[pulumi.Output[str]]
    """Names of the alarms about user impact: errors and latency."""
    dead_letter_queue_url: pulumi.Output[str] | None
    """Queue of scheduled starts that failed; None without any."""

    def __init__(
        self,
        name: str,
        settings: ServiceSettings,
        platform: Platform,
        images: Mapping[str, DeployableImage],
        *,
        calls: Mapping[str, Service] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare a service.

        Args:
            name: logical name.
            settings: the service's.
            platform: shared by all services of the stack.
            images: image of each container, by the container's name.
            calls: services that this one calls by Service Connect, by alias and port; deployed before it.
            opts: resource options.
        """
        super().__init__("node-on-ecs:infra:Service", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        compute = Compute.of(settings, platform)
        task = TaskDefinition(name, settings, platform, images, compute=compute, opts=child)
        traffic = self._route(name, settings, platform, compute)
        alarms = self._deployment_alarms(name, settings, platform, traffic)
        hook_role = (
            HookRole(name, settings.rollout, platform.account, opts=child)
            if needs_hook_role(settings.rollout)
            else None
        )
        volume = block_volume(name, settings, platform.account, parent=self)
        rollout = platform.rollout.service_hooks(name, settings.migration, parent=self)
        # A running task knows no aliases that are added later: deploy again when they change.
        triggers = {**rollout.triggers, **({"calls": " ".join(sorted(calls))} if calls else {})}
        connect = connect_configuration(settings, platform)
        service = aws.ecs.Service(
            name,
            cluster=platform.cluster_arn,
            task_definition=task.arn,
            desired_count=settings.desired_count,
            launch_type=compute.launch_type,
            capacity_provider_strategies=compute.capacity_provider_strategies,
            ordered_placement_strategies=compute.ordered_placement_strategies,
            placement_constraints=compute.placement_constraints,
            # Without it another capacity provider strategy would replace the service. With it every change
            # of the service starts a deployment, even of the desired count alone.
            force_new_deployment=True,
            # The provider waits for the end of the deployment, fails with ECS's reason, and rolls back on
            # Ctrl-C.
            wait_for_steady_state=True,
            sigint_rollback=True,
            platform_version=compute.platform_version,
            network_configuration=compute.network_configuration,
            service_connect_configuration=connect,
            service_registries=self._service_registries(name, settings, platform, compute),
            load_balancers=[traffic.load_balancer] if traffic else None,
            volume_configuration=volume.configuration if volume else None,
            deployment_configuration=deployment_configuration(
                settings.rollout, hook_role.arn if hook_role else None
            ),
            alarms=ecs_service_alarms(alarms),
            deployment_circuit_breaker={"enable": True, "rollback": True},
            deployment_minimum_healthy_percent=settings.deployment_minimum_healthy_percent,
            deployment_maximum_percent=settings.deployment_maximum_percent,
            # ECS rejects it without a load balancer (terraform-provider-aws#31104).
            health_check_grace_period_seconds=settings.health_check_grace_period_seconds if traffic else None,
            availability_zone_rebalancing=compute.availability_zone_rebalancing,
            enable_execute_command=settings.execute_command,
            propagate_tags="SERVICE",
            enable_ecs_managed_tags=True,
            triggers=triggers or None,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[
                    *(traffic.prerequisites if traffic else ()),
                    *([hook_role] if hook_role else ()),
                    *(volume.prerequisites if volume else ()),
                    *rollout.prerequisites,
                    *(calls or {}).values(),
                    *platform.prerequisites,
                ],
                ignore_changes=["desiredCount"] if settings.autoscaling.enabled else None,
                # ECS refuses a grace period in the update that adds the load balancer
                # (aws-cloudformation/cloudformation-coverage-roadmap#1313); the provider sends both together.
                replacement_trigger=" ".join([settings.exposure, *compute.fixed_in_a_service]),
                # Two ECS services cannot offer the same name in a namespace (aws/copilot-cli#4337).
                delete_before_replace=connect is not None and "services" in connect,
                custom_timeouts=timeouts(settings),
                hooks=rollout.hooks,
            ),
        )
        self.name = service.name
        self.task_definition_arn = task.arn
        self.target_groups = [group.arn_suffix for group in traffic.target_groups.values()] if traffic else []
        self.alarm_names = alarms.names if alarms else pulumi.Output.from_input([])
        self.user_impact_alarm_names = alarms.user_impact_names if alarms else []

        if settings.autoscaling.enabled:
            Autoscaling(
                name,
                AutoscalingArgs(
                    settings=settings.autoscaling,
                    cluster_name=platform.cluster_name,
                    service_name=service.name,
                    target_groups=self.target_groups,
                    load_balancer=platform.load_balancer_arn_suffix,
                ),
                opts=child,
            )
        self.dead_letter_queue_url = None
        if settings.schedules:
            schedules = Schedules(name, settings, platform, task, compute, after=service, opts=child)
            self.dead_letter_queue_url = schedules.dead_letter_queue_url

        self.register_outputs(
            {
                "name": self.name,
                "task_definition_arn": self.task_definition_arn,
                "alarm_names": self.alarm_names,
            }
        )

    def _route(
        self, name: str, settings: ServiceSettings, platform: Platform, compute: Compute
    ) -> Traffic | None:
        match settings.exposure:
            case "http":
                return route_http(name, settings, platform, target_type=compute.target_type, parent=self)
            case "tcp":
                return route_tcp(name, settings, platform, target_type=compute.target_type, parent=self)
            case "none":
                return None

    def _service_registries(
        self, name: str, settings: ServiceSettings, platform: Platform, compute: Compute
    ) -> aws.ecs.ServiceServiceRegistriesArgsDict | None:
        namespace_id = platform.namespaces.dns_id
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

    def _deployment_alarms(
        self, name: str, settings: ServiceSettings, platform: Platform, traffic: Traffic | None
    ) -> DeploymentAlarms | None:
        http, network = settings.exposure == "http", platform.network_load_balancer
        # A network load balancer has no metric but the health of its targets.
        has_metrics = http or (settings.exposure == "tcp" and settings.alarms.unhealthy_tasks)
        if not settings.alarms.enabled or not (has_metrics or settings.alarms.extra):
            return None
        groups: Mapping[str, aws.lb.TargetGroup] = traffic.target_groups if traffic else {}
        return DeploymentAlarms(
            name,
            DeploymentAlarmsArgs(
                settings=settings.alarms,
                target_groups={prefix: group.arn_suffix for prefix, group in groups.items()},
                load_balancer=platform.load_balancer_arn_suffix
                if http or network is None
                else network.arn_suffix,
                http=http,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
