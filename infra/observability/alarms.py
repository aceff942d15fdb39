"""Alarms that make ECS roll a deployment back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.settings import AlarmSettings

_HTTP_NAMESPACE: Final = "AWS/ApplicationELB"
_TCP_NAMESPACE: Final = "AWS/NetworkELB"


@dataclass(frozen=True, kw_only=True)
class DeploymentAlarmsArgs:
    """Inputs of :class:`DeploymentAlarms`."""

    settings: AlarmSettings
    target_groups: Mapping[str, pulumi.Input[str]]
    """ARN suffixes of all target groups of the service, by the prefix of their alarms' names.

    Deployments alternate between target groups, so each of them has alarms.
    """
    load_balancer: pulumi.Input[str]
    """ARN suffix of the load balancer."""
    http: bool = True
    """Whether it is an application load balancer; network load balancers have no metrics of requests."""


class DeploymentAlarms(pulumi.ComponentResource):
    """Alarms for user impact and unhealthy tasks of a new version; missing data is not an alarm.

    ECS ignores, for an entire deployment, an alarm that is active when the deployment starts.
    """

    names: pulumi.Output[list[str]]
    """Names of all alarms that stop a deployment, including those of `extra`."""
    user_impact_names: list[pulumi.Output[str]]
    """Names of the alarms about errors and latency."""

    def __init__(
        self, name: str, args: DeploymentAlarmsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("node-on-ecs:infra:DeploymentAlarms", name, None, opts)
        settings = args.settings

        self.user_impact_names = []
        names: list[pulumi.Output[str]] = []
        for prefix, target_group in args.target_groups.items():
            dimensions = {"TargetGroup": target_group, "LoadBalancer": args.load_balancer}
            for suffix, condition in _conditions(settings, dimensions, http=args.http):
                alarm = aws.cloudwatch.MetricAlarm(
                    f"{prefix}-{suffix}",
                    **condition,
                    evaluation_periods=settings.periods,
                    treat_missing_data="notBreaching",
                    opts=pulumi.ResourceOptions(parent=self),
                )
                names.append(alarm.name)
                if suffix != "unhealthy":
                    self.user_impact_names.append(alarm.name)

        self.names = pulumi.Output.all(*names).apply(lambda own: [*map(str, own), *settings.extra])
        self.register_outputs({"names": self.names})


def _conditions(
    settings: AlarmSettings, dimensions: Mapping[str, pulumi.Input[str]], *, http: bool
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a name suffix and the condition of each alarm of a target group."""
    if settings.error_percent and http:
        yield "errors", _error_share(settings, dimensions)
    if settings.p99_milliseconds and http:
        yield (
            "latency",
            {
                "alarm_description": f"1 of 100 requests takes longer than {settings.p99_milliseconds} ms",
                "namespace": _HTTP_NAMESPACE,
                "metric_name": "TargetResponseTime",
                "dimensions": dimensions,
                "extended_statistic": "p99",
                # With few requests the percentile would be the slowest one.
                "evaluate_low_sample_count_percentiles": "ignore",
                "period": settings.period_seconds,
                "comparison_operator": "GreaterThanThreshold",
                "threshold": settings.p99_milliseconds / 1000,
            },
        )
    if settings.unhealthy_tasks:
        yield (
            "unhealthy",
            {
                "alarm_description": f"{settings.unhealthy_tasks} or more tasks fail their health checks",
                "namespace": _HTTP_NAMESPACE if http else _TCP_NAMESPACE,
                "metric_name": "UnHealthyHostCount",
                "dimensions": dimensions,
                "statistic": "Maximum",
                "period": settings.period_seconds,
                "comparison_operator": "GreaterThanOrEqualToThreshold",
                "threshold": settings.unhealthy_tasks,
            },
        )


def _error_share(settings: AlarmSettings, dimensions: Mapping[str, pulumi.Input[str]]) -> dict[str, Any]:
    metrics = {
        "requests": "RequestCount",
        "answered": "HTTPCode_Target_5XX_Count",
        # For a stopped task the load balancer itself answers with 502.
        "unreached": "TargetConnectionErrorCount",
    }
    return {
        "alarm_description": f"More than {settings.error_percent} % of the requests fail",
        "metric_queries": [
            {
                "id": "share",
                "label": "Share of requests that failed, in percent",
                "expression": f"IF(requests >= {settings.minimum_requests}, "
                "100 * (FILL(answered, 0) + FILL(unreached, 0)) / requests, 0)",
                "return_data": True,
            },
            *(
                {
                    "id": id_,
                    "metric": {
                        "namespace": _HTTP_NAMESPACE,
                        "metric_name": metric,
                        "dimensions": dimensions,
                        "stat": "Sum",
                        "period": settings.period_seconds,
                    },
                }
                for id_, metric in metrics.items()
            ),
        ],
        "comparison_operator": "GreaterThanThreshold",
        "threshold": settings.error_percent,
    }


def ecs_service_alarms(alarms: DeploymentAlarms | None) -> aws.ecs.ServiceAlarmsArgsDict:
    """Return the `alarms` of an ECS service; empty without any, as the provider keeps omitted values."""
    if alarms is None:
        return {"alarm_names": [], "enable": False, "rollback": False}
    return {"alarm_names": alarms.names, "enable": True, "rollback": True}
