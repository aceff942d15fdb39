"""Alarms and events that reach people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws

from infra.observability.events import Events, EventsArgs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.settings import NotificationSettings, ServiceSettings

_ECS: Final = "AWS/ECS"
_INSIGHTS: Final = "ECS/ContainerInsights"
_BALANCERS: Final = {"http": "AWS/ApplicationELB", "tcp": "AWS/NetworkELB"}
_ERROR_LINES: Final = "ErrorLines"
_MINUTE: Final = 60
_MINUTES_WITHOUT_A_TASK: Final = 2
_MOST_IN_A_RULE: Final = 100
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html"""


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A service that people are told of."""

    settings: ServiceSettings
    service_name: pulumi.Input[str]
    """As ECS calls it."""
    load_balancer: pulumi.Input[str]
    """End of the ARN of what leads to it."""
    target_groups: Sequence[pulumi.Input[str]]
    """End of each target group's ARN; none for a service that nothing leads to."""
    felt_alarms: Sequence[pulumi.Input[str]]
    """Names of its deployment alarms about what users feel, which tell nobody by themselves."""
    has_metrics: bool = True
    """Whether ECS measures its tasks; of machines outside AWS it does not."""


@dataclass(frozen=True, kw_only=True)
class OnCallArgs:
    """What :class:`OnCall` needs to know."""

    settings: NotificationSettings
    place: str
    """Project and stack, for whoever reads the message."""
    services: Sequence[Watched]
    cluster_name: pulumi.Input[str]
    cluster_arn: pulumi.Input[str]
    insights: bool
    """Whether Container Insights counts the tasks that there should be."""
    load_balancer: pulumi.Input[str] | None
    """End of the ARN of the stack's own application load balancer; of others' the errors are others'."""
    log_group_name: pulumi.Input[str]


class OnCall(pulumi.ComponentResource):
    """Tells a topic of what goes wrong, of each thing once at each address.

    No alarm rings for a service that has no tasks on purpose: by `desired-count`, or by its schedule.
    """

    def __init__(self, name: str, args: OnCallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:OnCall", name, None, opts)
        settings = args.settings
        if settings.topic_arn is None:
            raise ValueError(f"{name} tells a topic, got topic_arn None")

        self._name = name
        self._args = args
        self._settings = settings
        self._topic = settings.topic_arn
        self._child = pulumi.ResourceOptions(parent=self)
        felt: list[pulumi.Input[str]] = []
        told: list[pulumi.Input[str]] = []
        for one in args.services:
            felt += one.felt_alarms
            told += self._watch(one)
        if settings.load_balancer_errors and args.load_balancer is not None:
            told.append(self._load_balancer_errors(args.load_balancer).name)
        if settings.error_lines:
            self._error_lines()
        # What tells the topic by itself would be told twice there, and a pager hears of nothing else.
        self._users_are_hurt([*felt, *told] if settings.urgent_topic_arn else felt)
        if settings.events:
            Events(
                f"{name}-events",
                EventsArgs(topic_arn=settings.topic_arn, place=args.place, cluster_arn=args.cluster_arn),
                opts=self._child,
            )
        self.register_outputs({})

    def _watch(self, one: Watched) -> list[pulumi.Input[str]]:
        """Declare the alarms of a service; return the names of those that tell of what users feel."""
        settings, service = self._settings, one.settings
        hurting: list[pulumi.Input[str]] = []
        if one.target_groups:
            if service.counts[0] > 0:
                hurting.append(self._no_healthy_task(one).name)
            if settings.unhealthy_percent:
                self._unhealthy_share(one)
        elif service.counts[0] > 0 and one.has_metrics:
            self._no_task(one)
        if service.may_sleep and self._args.insights and one.has_metrics:
            self._not_awake(one)
        if one.has_metrics and service.counts[-1] > 0:
            for metric, percent in (("CPU", settings.cpu_percent), ("Memory", settings.memory_percent)):
                if percent:
                    self._near_the_limit(one, metric, percent)
        return hurting

    def _alarm(self, name: str, description: str, **what: Any) -> aws.cloudwatch.MetricAlarm:
        usual: dict[str, Any] = {
            "treat_missing_data": "notBreaching",
            "evaluation_periods": self._settings.minutes,
        }
        return aws.cloudwatch.MetricAlarm(
            f"{self._name}-{name}",
            alarm_description=f"{self._args.place}: {description}. See docs/on-call.md",
            alarm_actions=[self._topic],
            # That it is over is worth a message, too.
            ok_actions=[self._topic],
            opts=self._child,
            **{**usual, **what},
        )

    def _hosts(self, one: Watched, metric: str, statistic: str) -> list[Any]:
        """Return a query for each target group of a service: which of two has its tasks changes."""
        return [
            _query(
                f"{metric.lower()}{number}",
                namespace=_BALANCERS[one.settings.exposure],
                metric_name=f"{metric}HostCount",
                dimensions={"TargetGroup": group, "LoadBalancer": one.load_balancer},
                stat=statistic,
            )
            for number, group in enumerate(one.target_groups)
        ]

    def _no_healthy_task(self, one: Watched) -> aws.cloudwatch.MetricAlarm:
        hosts = self._hosts(one, "Healthy", "Maximum")
        return self._alarm(
            f"{one.settings.name}-no-healthy-task",
            f"No task of {one.settings.name} is healthy: nobody is answered",
            metric_queries=[_expression("healthy", "Healthy tasks", _sum_of(hosts)), *hosts],
            comparison_operator="LessThanThreshold",
            threshold=1,
            evaluation_periods=_MINUTES_WITHOUT_A_TASK,
            # A target group without tasks measures nothing at all.
            treat_missing_data="breaching",
        )

    def _unhealthy_share(self, one: Watched) -> aws.cloudwatch.MetricAlarm:
        healthy, unhealthy = self._hosts(one, "Healthy", "Average"), self._hosts(one, "UnHealthy", "Average")
        share = f"100 * ({_sum_of(unhealthy)}) / ({_sum_of([*healthy, *unhealthy])})"
        percent = self._settings.unhealthy_percent
        return self._alarm(
            f"{one.settings.name}-unhealthy-share",
            f"{percent} % or more of the tasks of {one.settings.name} fail their health checks",
            metric_queries=[
                _expression("share", "Unhealthy tasks, in percent", share),
                *healthy,
                *unhealthy,
            ],
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=percent,
        )

    def _no_task(self, one: Watched) -> aws.cloudwatch.MetricAlarm:
        # ECS has a sample of each running task in each minute, without Container Insights too:
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service_utilization.html
        return self._alarm(
            f"{one.settings.name}-no-running-task",
            f"No task of {one.settings.name} runs",
            namespace=_ECS,
            metric_name="CPUUtilization",
            dimensions=self._of_service(one),
            statistic="SampleCount",
            period=_MINUTE,
            comparison_operator="LessThanThreshold",
            threshold=1,
            treat_missing_data="breaching",
        )

    def _not_awake(self, one: Watched) -> aws.cloudwatch.MetricAlarm:
        counts = [
            _query(
                kind.lower(),
                namespace=_INSIGHTS,
                metric_name=f"{kind}TaskCount",
                dimensions=self._of_service(one),
                stat="Average",
            )
            for kind in ("Desired", "Running")
        ]
        return self._alarm(
            f"{one.settings.name}-not-awake",
            f"{one.settings.name} should have tasks now, and none runs",
            metric_queries=[
                _expression("missing", "Whether none runs", "IF(desired > 0 AND FILL(running, 0) < 1, 1, 0)"),
                *counts,
            ],
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=1,
        )

    def _near_the_limit(self, one: Watched, metric: str, percent: int) -> aws.cloudwatch.MetricAlarm:
        return self._alarm(
            f"{one.settings.name}-{metric.lower()}",
            f"{one.settings.name} uses {percent} % or more of its {metric if metric == 'CPU' else 'memory'}",
            namespace=_ECS,
            metric_name=f"{metric}Utilization",
            dimensions=self._of_service(one),
            statistic="Average",
            period=_MINUTE,
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=percent,
        )

    def _load_balancer_errors(self, load_balancer: pulumi.Input[str]) -> aws.cloudwatch.MetricAlarm:
        most = self._settings.load_balancer_errors
        return self._alarm(
            "load-balancer-errors",
            f"The load balancer itself answers {most} requests or more in a minute with an error",
            namespace=_BALANCERS["http"],
            metric_name="HTTPCode_ELB_5XX_Count",
            dimensions={"LoadBalancer": load_balancer},
            statistic="Sum",
            period=_MINUTE,
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=most,
        )

    def _error_lines(self) -> aws.cloudwatch.MetricAlarm:
        most = self._settings.error_lines
        aws.cloudwatch.LogMetricFilter(
            f"{self._name}-error-lines",
            log_group_name=self._args.log_group_name,
            # The form of app/src/log.js.
            pattern='{ $.level = "error" }',
            metric_transformation={
                "name": _ERROR_LINES,
                "namespace": self._args.place,
                "value": "1",
                "default_value": "0",
            },
            opts=self._child,
        )
        return self._alarm(
            "error-lines",
            f"The log has {most} lines or more of the level error in a minute",
            namespace=self._args.place,
            metric_name=_ERROR_LINES,
            statistic="Sum",
            period=_MINUTE,
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=most,
        )

    def _users_are_hurt(self, names: Sequence[pulumi.Input[str]]) -> None:
        topic = self._settings.urgent_topic_arn or self._topic
        parts = [names[at : at + _MOST_IN_A_RULE] for at in range(0, len(names), _MOST_IN_A_RULE)]
        for number, some in enumerate(parts, 1):
            name = "users-are-hurt" if number == 1 else f"users-are-hurt-{number}"
            aws.cloudwatch.CompositeAlarm(
                f"{self._name}-{name}",
                # The one type here that Pulumi gives no name to.
                alarm_name=f"{self._args.place.replace('/', '-')}-{name}",
                alarm_description=f"{self._args.place}: users are hurt. See docs/on-call.md",
                alarm_rule=pulumi.Output.all(*some).apply(
                    lambda known: " OR ".join(f'ALARM("{one}")' for one in known)
                ),
                alarm_actions=[topic],
                ok_actions=[topic],
                opts=self._child,
            )

    def _of_service(self, one: Watched) -> Mapping[str, pulumi.Input[str]]:
        return {"ClusterName": self._args.cluster_name, "ServiceName": one.service_name}


def _query(id_: str, **metric: Any) -> Any:
    return {"id": id_, "metric": {**metric, "period": _MINUTE}}


def _expression(id_: str, label: str, expression: str) -> Any:
    return {"id": id_, "label": label, "expression": expression, "return_data": True}


def _sum_of(queries: Sequence[Any]) -> str:
    return " + ".join(f"FILL({one['id']}, 0)" for one in queries)
