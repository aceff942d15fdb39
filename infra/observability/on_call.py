"""Alarms and events that notify people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws

from infra.observability.events import Events, EventsArgs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from infra.observability.observed import ObservedService, ObservedStack
    from infra.settings import NotificationSettings

_ECS: Final = "AWS/ECS"
_INSIGHTS: Final = "ECS/ContainerInsights"
_LOAD_BALANCERS: Final = {"http": "AWS/ApplicationELB", "tcp": "AWS/NetworkELB"}
_ERROR_LINES: Final = "ErrorLines"
_MINUTE: Final = 60
_MINUTES_WITHOUT_A_TASK: Final = 2
_MOST_IN_A_RULE: Final = 100
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html"""
_NO_TASK: Final = {
    "comparison_operator": "LessThanThreshold",
    "threshold": 1,
    # Without a task there are no metrics at all.
    "treat_missing_data": "breaching",
}


@dataclass(frozen=True, kw_only=True)
class OnCallArgs:
    """Inputs of :class:`OnCall`."""

    settings: NotificationSettings
    stack: ObservedStack
    cluster_arn: pulumi.Input[str]
    insights: bool
    """Whether Container Insights measures the desired number of tasks."""


@dataclass(frozen=True, kw_only=True)
class _Alarm:
    name: str
    description: str
    condition: dict[str, Any]
    user_impact: bool = False


class OnCall(pulumi.ComponentResource):
    """Notifies a topic of failures, with one notification for each failure at each address.

    A service that has no tasks by its `desired-count` or its schedule causes no alarm.
    """

    def __init__(self, name: str, args: OnCallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:OnCall", name, None, opts)
        settings, child = args.settings, pulumi.ResourceOptions(parent=self)
        stack = args.stack.qualified_name
        topic_arn = settings.topic_arn
        if topic_arn is None:
            raise ValueError(f"{name}: topic_arn must be the ARN of a topic, got None")
        if settings.error_lines:
            aws.cloudwatch.LogMetricFilter(
                f"{name}-error-lines",
                log_group_name=args.stack.log_group_name,
                # The format of app/src/log.js.
                pattern='{ $.level = "error" }',
                metric_transformation={
                    "name": _ERROR_LINES,
                    "namespace": stack,
                    "value": "1",
                    "default_value": "0",
                },
                opts=child,
            )
        user_impact: list[pulumi.Input[str]] = [
            alarm for service in args.stack.services for alarm in service.user_impact_alarms
        ]
        for alarm in _alarms(args):
            condition: dict[str, Any] = {
                "treat_missing_data": "notBreaching",
                "evaluation_periods": settings.minutes,
                **alarm.condition,
            }
            metric_alarm = aws.cloudwatch.MetricAlarm(
                f"{name}-{alarm.name}",
                alarm_description=f"{stack}: {alarm.description}. See docs/on-call.md",
                alarm_actions=[topic_arn],
                ok_actions=[topic_arn],
                opts=child,
                **condition,
            )
            # These alarms notify `topic_arn` themselves; a second notification is only for another topic.
            if alarm.user_impact and settings.urgent_topic_arn:
                user_impact.append(metric_alarm.name)
        self._notify_of_user_impact(name, stack, user_impact, settings.urgent_topic_arn or topic_arn)
        if settings.events:
            Events(
                f"{name}-events",
                EventsArgs(topic_arn=topic_arn, qualified_stack=stack, cluster_arn=args.cluster_arn),
                opts=child,
            )
        self.register_outputs({})

    def _notify_of_user_impact(
        self, name: str, qualified_stack: str, alarms: Sequence[pulumi.Input[str]], topic_arn: str
    ) -> None:
        batches = [alarms[at : at + _MOST_IN_A_RULE] for at in range(0, len(alarms), _MOST_IN_A_RULE)]
        for number, batch in enumerate(batches, 1):
            suffix = "user-impact" if number == 1 else f"user-impact-{number}"
            aws.cloudwatch.CompositeAlarm(
                f"{name}-{suffix}",
                # Pulumi does not generate names for this type.
                alarm_name=f"{qualified_stack.replace('/', '-')}-{suffix}",
                alarm_description=f"{qualified_stack}: users are affected. See docs/on-call.md",
                alarm_rule=pulumi.Output.all(*batch).apply(
                    lambda names: " OR ".join(f'ALARM("{alarm}")' for alarm in names)
                ),
                alarm_actions=[topic_arn],
                ok_actions=[topic_arn],
                opts=pulumi.ResourceOptions(parent=self),
            )


def _alarms(args: OnCallArgs) -> Iterator[_Alarm]:
    settings = args.settings
    for service in args.stack.services:
        yield from _service_alarms(service, args)
    if settings.load_balancer_errors and args.stack.load_balancer is not None:
        yield _Alarm(
            name="load-balancer-errors",
            description=f"The load balancer itself answers {settings.load_balancer_errors} requests or more "
            "in a minute with an error",
            condition={
                **_metric(_LOAD_BALANCERS["http"], "HTTPCode_ELB_5XX_Count", "Sum"),
                "dimensions": {"LoadBalancer": args.stack.load_balancer},
                **_at_least(settings.load_balancer_errors),
            },
            user_impact=True,
        )
    if settings.error_lines:
        yield _Alarm(
            name="error-lines",
            description=f"The log has {settings.error_lines} lines or more of the level error in a minute",
            condition={
                **_metric(args.stack.qualified_name, _ERROR_LINES, "Sum"),
                **_at_least(settings.error_lines),
            },
        )


def _service_alarms(service: ObservedService, args: OnCallArgs) -> Iterator[_Alarm]:
    settings, name, counts = args.settings, service.settings.name, service.settings.counts
    dimensions = {"ClusterName": args.stack.cluster_name, "ServiceName": service.service_name}
    if service.target_groups and counts[0] > 0:
        healthy = _host_counts(service, "Healthy", "Maximum")
        yield _Alarm(
            name=f"{name}-no-healthy-task",
            description=f"No task of {name} is healthy: all requests fail",
            condition={
                "metric_queries": [_expression("healthy", "Healthy tasks", _sum(healthy)), *healthy],
                **_NO_TASK,
                "evaluation_periods": _MINUTES_WITHOUT_A_TASK,
            },
            user_impact=True,
        )
    if service.target_groups and settings.unhealthy_percent:
        healthy = _host_counts(service, "Healthy", "Average")
        unhealthy = _host_counts(service, "UnHealthy", "Average")
        share = f"100 * ({_sum(unhealthy)}) / ({_sum([*healthy, *unhealthy])})"
        yield _Alarm(
            name=f"{name}-unhealthy-share",
            description=f"{settings.unhealthy_percent} % or more of the tasks of {name} fail their "
            "health checks",
            condition={
                "metric_queries": [
                    _expression("share", "Unhealthy tasks, in percent", share),
                    *healthy,
                    *unhealthy,
                ],
                **_at_least(settings.unhealthy_percent),
            },
        )
    if not service.has_metrics:
        return
    if not service.target_groups and counts[0] > 0:
        # ECS has a sample of each running task in each minute, without Container Insights too:
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service_utilization.html
        yield _Alarm(
            name=f"{name}-no-running-task",
            description=f"No task of {name} runs",
            condition={
                **_metric(_ECS, "CPUUtilization", "SampleCount"),
                "dimensions": dimensions,
                **_NO_TASK,
            },
        )
    if service.settings.scales_to_zero and args.insights:
        missing = "IF(desired > 0 AND FILL(running, 0) < 1, 1, 0)"
        task_counts = [
            _query(kind.lower(), _INSIGHTS, f"{kind}TaskCount", "Average", dimensions)
            for kind in ("Desired", "Running")
        ]
        yield _Alarm(
            name=f"{name}-tasks-missing",
            description=f"{name} should have tasks now, and none runs",
            condition={
                "metric_queries": [_expression("missing", "Whether none runs", missing), *task_counts],
                **_at_least(1),
            },
        )
    limits = (("CPU", "CPU", settings.cpu_percent), ("memory", "Memory", settings.memory_percent))
    for resource, metric, percent in limits:
        if percent and counts[-1] > 0:
            yield _Alarm(
                name=f"{name}-{resource.lower()}",
                description=f"{name} uses {percent} % or more of its {resource}",
                condition={
                    **_metric(_ECS, f"{metric}Utilization", "Average"),
                    "dimensions": dimensions,
                    **_at_least(percent),
                },
            )


def _metric(namespace: str, name: str, statistic: str) -> dict[str, Any]:
    return {"namespace": namespace, "metric_name": name, "statistic": statistic, "period": _MINUTE}


def _at_least(threshold: int) -> dict[str, Any]:
    return {"comparison_operator": "GreaterThanOrEqualToThreshold", "threshold": threshold}


def _host_counts(service: ObservedService, metric: str, statistic: str) -> list[Any]:
    """Return a query for each target group of a service: deployments alternate between target groups."""
    namespace = _LOAD_BALANCERS[service.settings.exposure]
    return [
        _query(
            f"{metric.lower()}{number}",
            namespace,
            f"{metric}HostCount",
            statistic,
            {"TargetGroup": group, "LoadBalancer": service.load_balancer},
        )
        for number, group in enumerate(service.target_groups)
    ]


def _query(id_: str, namespace: str, name: str, statistic: str, dimensions: Mapping[str, Any]) -> Any:
    return {
        "id": id_,
        "metric": {
            "namespace": namespace,
            "metric_name": name,
            "dimensions": dimensions,
            "stat": statistic,
            "period": _MINUTE,
        },
    }


def _expression(id_: str, label: str, expression: str) -> Any:
    return {"id": id_, "label": label, "expression": expression, "return_data": True}


def _sum(queries: Sequence[Any]) -> str:
    return " + ".join(f"FILL({query['id']}, 0)" for query in queries)
