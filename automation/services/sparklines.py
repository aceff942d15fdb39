"""What CloudWatch measured of a stack's services in the last hours, as lines of a terminal.

Requests, 5xx and latency are the load balancer's, CPU and memory ECS's:
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, TextIO, TypeVar

if TYPE_CHECKING:
    from automation.services.deployed_stack import DeployedStack

T = TypeVar("T")

HOURS: Final = 3
_PERIOD: Final = timedelta(minutes=5)
_POINTS: Final = int(timedelta(hours=HOURS) / _PERIOD)
_MOST_QUERIES: Final = 500
"""Of one call: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html"""
_MOST_SERVICES: Final = 10
"""Of one call of DescribeServices."""
_MOST_GROUPS: Final = 100
_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_ASCII: Final = "_.:-=+*#"
_ELB: Final = "AWS/ApplicationELB"
_ECS: Final = "AWS/ECS"
_MINUTES: Final = _PERIOD / timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """One thing that is measured."""

    name: str
    namespace: str
    metric: str
    statistic: str
    together: Callable[[Iterable[float]], float]
    """What two target groups of one service have together."""
    told: Callable[[float], str]
    """A value for people."""
    counts: bool = False
    """Whether no measurement means none: CloudWatch has no zeros of it."""


def _a_minute(value: float) -> str:
    return f"{value / _MINUTES:.3g}/min"


def _milliseconds(value: float) -> str:
    return f"{value * 1000:.0f} ms"


def _percent(value: float) -> str:
    return f"{value:.0f} %"


_KINDS: Final = (
    _Kind(
        name="requests",
        namespace=_ELB,
        metric="RequestCount",
        statistic="Sum",
        together=sum,
        told=_a_minute,
        counts=True,
    ),
    _Kind(
        name="5xx",
        namespace=_ELB,
        metric="HTTPCode_Target_5XX_Count",
        statistic="Sum",
        together=sum,
        told=_a_minute,
        counts=True,
    ),
    _Kind(
        name="p95",
        namespace=_ELB,
        metric="TargetResponseTime",
        statistic="p95",
        together=max,
        told=_milliseconds,
    ),
    _Kind(
        name="cpu",
        namespace=_ECS,
        metric="CPUUtilization",
        statistic="Average",
        together=max,
        told=_percent,
    ),
    _Kind(
        name="memory",
        namespace=_ECS,
        metric="MemoryUtilization",
        statistic="Average",
        together=max,
        told=_percent,
    ),
)
_UNITS: Final = {"requests": "in 5 minutes", "5xx": "in 5 minutes", "p95": "seconds"}
_PERCENT: Final = "percent"


@dataclass(frozen=True, kw_only=True)
class Recent:
    """What was measured of each service, oldest first; None where nothing was."""

    since: datetime
    services: Mapping[str, Mapping[str, Sequence[float | None]]]
    """By service and name of what is measured; only those of which there is something."""
    failure: str = ""
    """Why CloudWatch tells nothing, if it refused."""

    def as_json(self, service: str) -> dict[str, Any]:
        """Return what was measured of a service, for programs."""
        return {
            "since": self.since,
            "period_seconds": int(_PERIOD.total_seconds()),
            **{
                name: {"unit": _UNITS.get(name, _PERCENT), "values": list(values)}
                for name, values in self.services.get(service, {}).items()
            },
        }

    def lines(self, service: str, *, columns: int | None, blocks: bool) -> Iterator[str]:
        """Yield a line for each thing that is measured of a service: a sparkline, the latest value, the most.

        Args:
            service: its name.
            columns: what a line may have; None for as many as it needs.
            blocks: whether block elements can be shown; else ASCII stands for them.
        """
        kinds = {kind.name: kind for kind in _KINDS}
        width = max(map(len, kinds))
        for name, values in self.services.get(service, {}).items():
            told = [value for value in values if value is not None]
            said = f"{kinds[name].told(told[-1])}, most {kinds[name].told(max(told))}"
            room = _POINTS if columns is None else columns - width - len(said) - 4
            shown = sparkline(_squeezed(values, max(1, min(_POINTS, room))), blocks=blocks)
            yield f"{name:<{width}}  {shown}  {said}"


def sparkline(values: Sequence[float | None], *, blocks: bool = True) -> str:
    """Return a character for each value, from nothing to the most; a gap where nothing was measured."""
    ramp = _BLOCKS if blocks else _ASCII
    most = max((value for value in values if value is not None), default=0.0)
    top = len(ramp) - 1
    return "".join(
        " " if value is None else ramp[round(value / most * top) if most > 0 else 0] for value in values
    )


def shows_blocks(stream: TextIO) -> bool:
    """Whether a stream takes block elements, by its encoding and by what the terminal can show."""
    if stream.isatty() and os.environ.get("TERM") in ("dumb", "linux"):
        return False
    try:
        _BLOCKS.encode(stream.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def recent(stack: DeployedStack, *, now: datetime | None = None) -> Recent | None:
    """Ask CloudWatch about all services at once; None on this machine, where nothing is measured."""
    if stack.is_local:
        return None
    seconds = _PERIOD.total_seconds()
    end = datetime.fromtimestamp((now or datetime.now(UTC)).timestamp() // seconds * seconds, UTC)
    since = end - timedelta(hours=HOURS)
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        asked = [*_queries(stack)]
        found = _answers(stack, [query for _, _, query in asked], since, end)
    except (BotoCoreError, ClientError) as error:
        return Recent(since=since, services={}, failure=str(error))
    services: dict[str, dict[str, Sequence[float | None]]] = {}
    for (service, kind), group in groupby(asked, key=lambda one: (one[0], one[1])):
        ids = [query["Id"] for _, _, query in group]
        slots = [_slots(found.get(id_, ()), since) for id_ in ids]
        values = [_joined(slot, kind) for slot in zip(*slots, strict=True)]
        measured = services.setdefault(service, {})
        # Of errors there are none to be measured where there are requests.
        if any(value is not None for value in values) or (kind.counts and "requests" in measured):
            measured[kind.name] = [0.0 if value is None and kind.counts else value for value in values]
    return Recent(since=since, services={name: one for name, one in services.items() if one})


def _queries(stack: DeployedStack) -> Iterator[tuple[str, _Kind, dict[str, Any]]]:
    """Yield service, kind and a query of CloudWatch, one for each of the service's target groups."""
    groups = _target_groups(stack)
    balancers = _load_balancers(stack, [arn for arns in groups.values() for arn in arns])
    number = 0
    for name, service in stack.services.items():
        of_ecs = {"ClusterName": service.cluster.rpartition("/")[2], "ServiceName": service.service}
        of_elb = [
            {"TargetGroup": arn.rpartition(":")[2], "LoadBalancer": balancers[arn]}
            for arn in groups.get(name, ())
            if arn in balancers
        ]
        for kind in _KINDS:
            for dimensions in of_elb if kind.namespace == _ELB else [of_ecs]:
                number += 1
                yield name, kind, _query(f"m{number}", kind, dimensions)


def _query(id_: str, kind: _Kind, dimensions: Mapping[str, str]) -> dict[str, Any]:
    metric = {
        "Namespace": kind.namespace,
        "MetricName": kind.metric,
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
    }
    period = int(_PERIOD.total_seconds())
    return {"Id": id_, "MetricStat": {"Metric": metric, "Period": period, "Stat": kind.statistic}}


def _target_groups(stack: DeployedStack) -> Mapping[str, list[str]]:
    """Return the target groups of each service, both where ECS moves traffic between two."""
    ecs = stack.clients.client("ecs")
    names = {service.service: name for name, service in stack.services.items()}
    clusters = {service.cluster for service in stack.services.values()}
    found: dict[str, list[str]] = {}
    for cluster in sorted(clusters):
        inside = [one.service for one in stack.services.values() if one.cluster == cluster]
        for some in _parts(inside, _MOST_SERVICES):
            for described in ecs.describe_services(cluster=cluster, services=list(some))["services"]:
                name = names.get(described["serviceName"])
                if name is not None:
                    found[name] = [*_groups_of(described)]
    return found


def _groups_of(described: Mapping[str, Any]) -> Iterator[str]:
    for balancer in described.get("loadBalancers", ()):
        alternate = balancer.get("advancedConfiguration", {}).get("alternateTargetGroupArn")
        yield from (arn for arn in (balancer.get("targetGroupArn"), alternate) if arn)


def _load_balancers(stack: DeployedStack, groups: Sequence[str]) -> Mapping[str, str]:
    """Return the application load balancer of each target group that has one, as metrics name it."""
    elb = stack.clients.client("elbv2")
    found: dict[str, str] = {}
    for some in _parts([*dict.fromkeys(groups)], _MOST_GROUPS):
        for group in elb.describe_target_groups(TargetGroupArns=list(some))["TargetGroups"]:
            for arn in group.get("LoadBalancerArns", ()):
                name = arn.partition(":loadbalancer/")[2]
                if name.startswith("app/"):
                    found[group["TargetGroupArn"]] = name
    return found


def _answers(
    stack: DeployedStack, queries: Sequence[Mapping[str, Any]], since: datetime, end: datetime
) -> Mapping[str, list[tuple[datetime, float]]]:
    found: dict[str, list[tuple[datetime, float]]] = {}
    pages = stack.clients.client("cloudwatch").get_paginator("get_metric_data")
    for some in _parts(queries, _MOST_QUERIES):
        for page in pages.paginate(MetricDataQueries=list(some), StartTime=since, EndTime=end):
            for result in page["MetricDataResults"]:
                points = zip(result["Timestamps"], result["Values"], strict=True)
                found.setdefault(result["Id"], []).extend(points)
    return found


def _parts(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _slots(points: Iterable[tuple[datetime, float]], since: datetime) -> list[float | None]:
    slots: list[float | None] = [None] * _POINTS
    for at, value in points:
        index = int((at - since) / _PERIOD)
        if 0 <= index < _POINTS:
            slots[index] = value
    return slots


def _joined(values: Sequence[float | None], kind: _Kind) -> float | None:
    known = [value for value in values if value is not None]
    return kind.together(known) if known else None


def _squeezed(values: Sequence[float | None], columns: int) -> list[float | None]:
    """Return as many values as there are columns: the most of those that share one."""
    if columns >= len(values):
        return list(values)
    each = len(values) / columns
    parts = [values[int(index * each) : int((index + 1) * each)] for index in range(columns)]
    return [max((value for value in part if value is not None), default=None) for part in parts]
