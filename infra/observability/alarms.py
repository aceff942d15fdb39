"""Alarms by which ECS rolls a deployment back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.settings import AlarmSettings

_NAMESPACE: Final = "AWS/ApplicationELB"
_NETWORK_NAMESPACE: Final = "AWS/NetworkELB"


@dataclass(frozen=True, kw_only=True)
class DeploymentAlarmsArgs:
    """What :class:`DeploymentAlarms` need to know."""

    settings: AlarmSettings
    target_groups: Mapping[str, pulumi.Input[str]]
    """End of each target group's ARN, as metrics name it, by the name that its alarms begin with.

    All of a service's: which of them the new version gets changes with each deployment.
    """
    load_balancer: pulumi.Input[str]
    """End of the load balancer's ARN."""
    http: bool = True
    """Whether it is an application load balancer; a network one measures nothing of requests."""


class DeploymentAlarms(pulumi.ComponentResource):
    """Alarms that ring when users would feel a version, and stay silent where nothing is measured.

    ECS ignores, for a whole deployment, an alarm that rings when it begins.
    """

    names: pulumi.Output[list[str]]
    """Names of all alarms that a deployment listens to, those of `extra` too."""
    felt: list[pulumi.Output[str]]
    """Names of those about what users feel: errors and slow answers."""

    def __init__(
        self, name: str, args: DeploymentAlarmsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("node-on-ecs:infra:DeploymentAlarms", name, None, opts)

        self._settings = args.settings
        self._namespace = _NAMESPACE if args.http else _NETWORK_NAMESPACE
        alarms: list[aws.cloudwatch.MetricAlarm] = []
        felt: list[aws.cloudwatch.MetricAlarm] = []
        for prefix, target_group in args.target_groups.items():
            dimensions = {"TargetGroup": target_group, "LoadBalancer": args.load_balancer}
            before = len(alarms)
            if args.settings.error_percent and args.http:
                alarms.append(self._errors(f"{prefix}-errors", dimensions))
            if args.settings.p99_milliseconds and args.http:
                alarms.append(self._latency(f"{prefix}-latency", dimensions))
            felt += alarms[before:]
            if args.settings.unhealthy_tasks:
                alarms.append(self._unhealthy(f"{prefix}-unhealthy", dimensions))

        self.felt = [alarm.name for alarm in felt]
        own = pulumi.Output.all(*[alarm.name for alarm in alarms])
        self.names = own.apply(lambda names: [*map(str, names), *args.settings.extra])
        self.register_outputs({"names": self.names})

    def _errors(self, name: str, dimensions: Mapping[str, pulumi.Input[str]]) -> aws.cloudwatch.MetricAlarm:
        settings = self._settings

        def counted(id_: str, metric: str) -> aws.cloudwatch.MetricAlarmMetricQueryArgsDict:
            return {
                "id": id_,
                "metric": {
                    "namespace": _NAMESPACE,
                    "metric_name": metric,
                    "dimensions": dimensions,
                    "stat": "Sum",
                    "period": settings.period_seconds,
                },
            }

        return aws.cloudwatch.MetricAlarm(
            name,
            alarm_description=f"More than {settings.error_percent} % of the requests fail",
            metric_queries=[
                {
                    "id": "share",
                    "label": "Share of requests that failed, in percent",
                    "expression": f"IF(requests >= {settings.minimum_requests}, "
                    "100 * (FILL(answered, 0) + FILL(unreached, 0)) / requests, 0)",
                    "return_data": True,
                },
                counted("requests", "RequestCount"),
                counted("answered", "HTTPCode_Target_5XX_Count"),
                # A task that is gone gives no answer at all: the load balancer says 502 on its behalf.
                counted("unreached", "TargetConnectionErrorCount"),
            ],
            comparison_operator="GreaterThanThreshold",
            threshold=settings.error_percent,
            evaluation_periods=settings.periods,
            treat_missing_data="notBreaching",
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _latency(self, name: str, dimensions: Mapping[str, pulumi.Input[str]]) -> aws.cloudwatch.MetricAlarm:
        settings = self._settings
        return aws.cloudwatch.MetricAlarm(
            name,
            alarm_description=f"1 of 100 requests takes longer than {settings.p99_milliseconds} ms",
            namespace=_NAMESPACE,
            metric_name="TargetResponseTime",
            dimensions=dimensions,
            extended_statistic="p99",
            # Of a few requests the slowest one is no percentile.
            evaluate_low_sample_count_percentiles="ignore",
            period=settings.period_seconds,
            comparison_operator="GreaterThanThreshold",
            threshold=settings.p99_milliseconds / 1000,
            evaluation_periods=settings.periods,
            treat_missing_data="notBreaching",
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _unhealthy(
        self, name: str, dimensions: Mapping[str, pulumi.Input[str]]
    ) -> aws.cloudwatch.MetricAlarm:
        settings = self._settings
        return aws.cloudwatch.MetricAlarm(
            name,
            alarm_description=f"{settings.unhealthy_tasks} or more tasks fail their health checks",
            namespace=self._namespace,
            metric_name="UnHealthyHostCount",
            dimensions=dimensions,
            statistic="Maximum",
            period=settings.period_seconds,
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=settings.unhealthy_tasks,
            evaluation_periods=settings.periods,
            treat_missing_data="notBreaching",
            opts=pulumi.ResourceOptions(parent=self),
        )


def alarms_of_service(alarms: DeploymentAlarms | None) -> aws.ecs.ServiceAlarmsArgsDict:
    """Return the alarms in ECS's words; none too, for what is left out the provider keeps."""
    if alarms is None:
        return {"alarm_names": [], "enable": False, "rollback": False}
    return {"alarm_names": alarms.names, "enable": True, "rollback": True}
