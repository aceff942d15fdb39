"""CloudWatch metrics of a stack's services over the last hours.

Requests, 5xx and latency are the load balancer's, CPU and memory ECS's:
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

if TYPE_CHECKING:
    from automation.services.deployed_stack import DeployedStack
    from infra.rollout.evidence import Answer

T = TypeVar("T")
Values = Sequence[float | None]
"""Oldest first; None where nothing was measured."""

HOURS: Final = 3
_PERIOD: Final = timedelta(minutes=5)
_PERIODS: Final = int(timedelta(hours=HOURS) / _PERIOD)
_QUERIES_AT_ONCE: Final = 500
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html"""
_TARGET_GROUPS_AT_ONCE: Final = 100
_ELB: Final = "AWS/ApplicationELB"
_ECS: Final = "AWS/ECS"


class Metric(NamedTuple):
    """A metric, as `status` shows it."""

    name: str
    unit: str
    namespace: str
    cloudwatch_name: str
    statistic: str
    combine: Callable[[Iterable[float]], float]
    """Combines the values of a service's two target groups."""
    format: Callable[[float], str]
    zero_if_missing: bool = False
    """Whether CloudWatch has no data points for zero."""


def _per_minute(value: float) -> str:
    return f"{value / (_PERIOD / timedelta(minutes=1)):.3g}/min"


def _milliseconds(value: float) -> str:
    return f"{value * 1000:.0f} ms"


def _percent(value: float) -> str:
    return f"{value:.0f} %"


_COUNT: Final = "in 5 minutes"
METRICS: Final = {
    metric.name: metric
    for metric in (
        Metric("requests", _COUNT, _ELB, "RequestCount", "Sum", sum, _per_minute, zero_if_missing=True),
        Metric(
            "5xx", _COUNT, _ELB, "HTTPCode_Target_5XX_Count", "Sum", sum, _per_minute, zero_if_missing=True
        ),
        Metric("p95", "seconds", _ELB, "TargetResponseTime", "p95", max, _milliseconds),
        Metric("cpu", "percent", _ECS, "CPUUtilization", "Average", max, _percent),
        Metric("memory", "percent", _ECS, "MemoryUtilization", "Average", max, _percent),
    )
}


@dataclass(frozen=True, kw_only=True)
class RecentMetrics:
    """The metrics of a stack's services."""

    since: datetime
    services: Mapping[str, Mapping[str, Values]]
    """Values by service and metric, without metrics that have none."""
    failure: str = ""
    """CloudWatch's error, if it refused."""

    def as_json(self, service: str) -> dict[str, Any]:
        """Return a service's metrics for programs."""
        return {
            "since": self.since,
            "period_seconds": int(_PERIOD.total_seconds()),
            **{
                name: {"unit": METRICS[name].unit, "values": list(values)}
                for name, values in self.services.get(service, {}).items()
            },
        }


def recent_metrics(stack: DeployedStack, *, now: datetime | None = None) -> RecentMetrics | None:
    """Return the metrics of the last hours; None for a local stack, whose emulator has none."""
    if stack.is_local:
        return None
    from botocore.exceptions import BotoCoreError, ClientError

    now = now or datetime.now(UTC)
    end = now.replace(minute=now.minute // 5 * 5, second=0, microsecond=0)
    since = end - timedelta(hours=HOURS)
    try:
        queries = list(_queries(stack))
        points = _data_points(stack, [query for _, _, query in queries], since, end)
    except (BotoCoreError, ClientError) as error:
        return RecentMetrics(since=since, services={}, failure=str(error))
    services: dict[str, dict[str, Values]] = {}
    for (service, metric), group in groupby(queries, key=lambda query: query[:2]):
        series = [_by_period(points.get(query["Id"], ()), since) for _, _, query in group]
        values = [_combined(period, metric) for period in zip(*series, strict=True)]
        measured = services.setdefault(service, {})
        # Where there are requests, no data points of errors mean no errors.
        if any(value is not None for value in values) or (metric.zero_if_missing and "requests" in measured):
            measured[metric.name] = [
                0.0 if value is None and metric.zero_if_missing else value for value in values
            ]
    return RecentMetrics(since=since, services={name: values for name, values in services.items() if values})


def _queries(stack: DeployedStack) -> Iterator[tuple[str, Metric, dict[str, Any]]]:
    """Yield service, metric and a CloudWatch query for each of the service's target groups."""
    described = stack.describe_all()
    target_groups = {name: list(_target_groups(service)) for name, service in described.items()}
    balancers = _load_balancers(stack, [arn for arns in target_groups.values() for arn in arns])
    number = 0
    for name, service in stack.services.items():
        ecs = {"ClusterName": service.cluster.rpartition("/")[2], "ServiceName": service.service}
        elb = [
            {"TargetGroup": arn.rpartition(":")[2], "LoadBalancer": balancers[arn]}
            for arn in target_groups.get(name, ())
            if arn in balancers
        ]
        for metric in METRICS.values():
            for dimensions in elb if metric.namespace == _ELB else [ecs]:
                number += 1
                yield name, metric, _query(f"m{number}", metric, dimensions)


def _query(id_: str, metric: Metric, dimensions: Mapping[str, str]) -> dict[str, Any]:
    return {
        "Id": id_,
        "MetricStat": {
            "Metric": {
                "Namespace": metric.namespace,
                "MetricName": metric.cloudwatch_name,
                "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
            },
            "Period": int(_PERIOD.total_seconds()),
            "Stat": metric.statistic,
        },
    }


def _target_groups(service: Answer) -> Iterator[str]:
    """Yield a service's target groups: both, where ECS shifts traffic between two."""
    for balancer in service.get("loadBalancers", ()):
        alternate = balancer.get("advancedConfiguration", {}).get("alternateTargetGroupArn")
        yield from (arn for arn in (balancer.get("targetGroupArn"), alternate) if arn)


def _load_balancers(stack: DeployedStack, target_groups: Sequence[str]) -> Mapping[str, str]:
    """Return the dimension LoadBalancer by target group; none for network load balancers."""
    elb = stack.clients.client("elbv2")
    names: dict[str, str] = {}
    for batch in _batches([*dict.fromkeys(target_groups)], _TARGET_GROUPS_AT_ONCE):
        for group in elb.describe_target_groups(TargetGroupArns=list(batch))["TargetGroups"]:
            for arn in group.get("LoadBalancerArns", ()):
                name = arn.partition(":loadbalancer/")[2]
                if name.startswith("app/"):
                    names[group["TargetGroupArn"]] = name
    return names


def _data_points(
    stack: DeployedStack, queries: Sequence[Mapping[str, Any]], since: datetime, end: datetime
) -> Mapping[str, list[tuple[datetime, float]]]:
    """Return times and values by the query's id."""
    points: dict[str, list[tuple[datetime, float]]] = {}
    pages = stack.clients.client("cloudwatch").get_paginator("get_metric_data")
    for batch in _batches(queries, _QUERIES_AT_ONCE):
        for page in pages.paginate(MetricDataQueries=list(batch), StartTime=since, EndTime=end):
            for result in page["MetricDataResults"]:
                values = zip(result["Timestamps"], result["Values"], strict=True)
                points.setdefault(result["Id"], []).extend(values)
    return points


def _batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _by_period(points: Iterable[tuple[datetime, float]], since: datetime) -> list[float | None]:
    values: list[float | None] = [None] * _PERIODS
    for at, value in points:
        index = int((at - since) / _PERIOD)
        if 0 <= index < _PERIODS:
            values[index] = value
    return values


def _combined(values: Values, metric: Metric) -> float | None:
    measured = [value for value in values if value is not None]
    return metric.combine(measured) if measured else None
