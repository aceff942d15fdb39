"""Autoscaling of a service by load and by schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Unpack

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.settings import AutoscalingSettings

_DIMENSION: Final = "ecs:service:DesiredCount"
_NAMESPACE: Final = "ecs"


@dataclass(frozen=True, kw_only=True)
class AutoscalingArgs:
    """Inputs of :class:`Autoscaling`."""

    settings: AutoscalingSettings
    cluster_name: pulumi.Input[str]
    service_name: pulumi.Input[str]
    target_groups: Sequence[pulumi.Input[str]]
    """ARN suffix of each of the service's target groups."""
    load_balancer: pulumi.Input[str]
    """ARN suffix of the load balancer."""


class Autoscaling(pulumi.ComponentResource):
    """Keeps the task count between two bounds, by load and by schedule; updates do not reset the count."""

    def __init__(self, name: str, args: AutoscalingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:Autoscaling", name, None, opts)
        settings = args.settings

        self._settings = settings
        target = aws.appautoscaling.Target(
            name,
            service_namespace=_NAMESPACE,
            scalable_dimension=_DIMENSION,
            resource_id=pulumi.Output.format("service/{}/{}", args.cluster_name, args.service_name),
            min_capacity=settings.min_count,
            max_capacity=settings.max_count,
            opts=pulumi.ResourceOptions(
                parent=self,
                # Scheduled actions change these two: an update at night must not start tasks again.
                ignore_changes=["minCapacity", "maxCapacity"] if settings.schedule else None,
                # Without a schedule the state has the bounds from before it: an update would find no change,
                # and a service that was stopped by its schedule would stay so. AWS has one target for each
                # service.
                replacement_trigger="schedule" if settings.schedule else "no-schedule",
                delete_before_replace=True,
            ),
        )
        self._scalable: Any = {
            "service_namespace": target.service_namespace,
            "scalable_dimension": target.scalable_dimension,
            "resource_id": target.resource_id,
        }
        for dimension, metric, percent in (
            ("cpu", "ECSServiceAverageCPUUtilization", settings.cpu_percent),
            ("memory", "ECSServiceAverageMemoryUtilization", settings.memory_percent),
        ):
            if percent:
                self._track(
                    f"{name}-{dimension}",
                    target_value=percent,
                    predefined_metric_specification={"predefined_metric_type": metric},
                )
        if settings.requests_per_target:
            self._track_requests(f"{name}-requests", args)
        for action in settings.schedule:
            aws.appautoscaling.ScheduledAction(
                f"{name}-{action.name}",
                **self._scalable,
                schedule=f"cron({action.cron})",
                timezone=settings.time_zone,
                scalable_target_action={
                    "min_capacity": action.min_count,
                    "max_capacity": action.max_count,
                },
                opts=pulumi.ResourceOptions(parent=self),
            )

        self.register_outputs({})

    def _track_requests(self, name: str, args: AutoscalingArgs) -> None:
        target = self._settings.requests_per_target
        if len(args.target_groups) == 1:
            label = pulumi.Output.format("{}/{}", args.load_balancer, args.target_groups[0])
            self._track(
                name,
                target_value=target,
                predefined_metric_specification={
                    "predefined_metric_type": "ALBRequestCountPerTarget",
                    "resource_label": label,
                },
            )
            return
        # Every deployment moves users from one target group to the other. While both have requests, the sum
        # is the number that the tasks of one group would have.
        metrics: list[
            aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricArgsDict
        ] = [
            {
                "id": f"group{number}",
                "return_data": False,
                "metric_stat": {
                    "stat": "Sum",
                    "metric": {
                        "namespace": "AWS/ApplicationELB",
                        "metric_name": "RequestCountPerTarget",
                        "dimensions": [
                            {"name": "LoadBalancer", "value": args.load_balancer},
                            {"name": "TargetGroup", "value": target_group},
                        ],
                    },
                },
            }
            for number, target_group in enumerate(args.target_groups)
        ]
        total = " + ".join(f"FILL({metric['id']}, 0)" for metric in metrics)
        metrics.append({"id": "total", "expression": total, "return_data": True})
        self._track(name, target_value=target, customized_metric_specification={"metrics": metrics})

    def _track(
        self,
        name: str,
        **configuration: Unpack[aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgsDict],
    ) -> None:
        aws.appautoscaling.Policy(
            name,
            **self._scalable,
            policy_type="TargetTrackingScaling",
            target_tracking_scaling_policy_configuration={
                **configuration,
                "scale_in_cooldown": self._settings.scale_in_seconds,
                "scale_out_cooldown": self._settings.scale_out_seconds,
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
