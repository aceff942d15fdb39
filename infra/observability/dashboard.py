"""The dashboard of a stack, and saved queries of its log."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from infra.observability.observed import ObservedStack

# In units of the dashboard's grid, which is 24 wide.
_WIDTH: Final = 8
_HEIGHT: Final = 6
_COLUMNS: Final = 3
_OVERVIEW_HEIGHT: Final = 3
_COST_EXPLORER: Final = "https://console.aws.amazon.com/costmanagement/home#/cost-explorer"
_HTTP: Final = "AWS/ApplicationELB"
_TCP: Final = "AWS/NetworkELB"
_INSIGHTS: Final = "ECS/ContainerInsights"
# The fields are those of the app's log: app/src/log.js and app/src/app.js.
_QUERIES: Final = {
    "errors": 'fields @timestamp, msg, error.message, requestId\n| filter level = "error"\n'
    "| sort @timestamp desc\n| limit 100",
    "slowest-requests": "fields @timestamp, durationMs, method, path, status, requestId\n"
    '| filter msg = "request"\n'
    "| sort durationMs desc\n| limit 100",
    "one-request": 'fields @timestamp, level, msg, @message\n| filter requestId = "put its id here"\n'
    "| sort @timestamp asc",
}


@dataclass(frozen=True, kw_only=True)
class DashboardArgs:
    """Inputs of :class:`Dashboard`."""

    region: str
    stack: ObservedStack


class Dashboard(pulumi.ComponentResource):
    """Costs of the stack, and charts of each service: requests, errors, latency, CPU, tasks, deployments."""

    def __init__(self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:Dashboard", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        resolved = pulumi.Output.all(
            cluster=args.stack.cluster_name,
            load_balancer=args.stack.load_balancer or "",
            services=[
                {
                    "name": service.service_name,
                    "load_balancer": service.load_balancer,
                    "target_groups": list(service.target_groups),
                }
                for service in args.stack.services
            ],
        )
        aws.cloudwatch.Dashboard(
            name,
            # The deploy role may change only this name: bootstrap/account/deployments.py.
            dashboard_name=args.stack.qualified_name.replace("/", "-"),
            dashboard_body=resolved.apply(lambda metrics: json.dumps({"widgets": _widgets(args, **metrics)})),
            opts=child,
        )
        for query, text in _QUERIES.items():
            aws.cloudwatch.QueryDefinition(
                f"{name}-{query}",
                name=f"{args.stack.qualified_name}/{query}",
                log_group_names=[args.stack.log_group_name],
                query_string=text,
                opts=child,
            )
        self.register_outputs({})


def _widgets(
    args: DashboardArgs, *, services: Sequence[dict[str, Any]], cluster: str, load_balancer: str
) -> list[dict[str, Any]]:
    """Return the overview and the charts of each service, whose names are known now."""
    return [
        _overview(args.stack.qualified_name),
        *_grid(
            {"title": f"{service.settings.name}: {title}", "region": args.region, **chart}
            for service, names in zip(args.stack.services, services, strict=True)
            for title, chart in _charts(
                service.settings.exposure, names, cluster=cluster, load_balancer=load_balancer
            )
        ),
    ]


def _charts(
    exposure: str, service: dict[str, Any], *, cluster: str, load_balancer: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the title and the properties of each chart of a service.

    Args:
        exposure: of the service: http, tcp or none.
        service: the names by which metrics identify it.
        cluster: name of the cluster.
        load_balancer: ARN suffix of the stack's own application load balancer; empty without one.
    """

    def chart(*metrics: list[Any], **properties: Any) -> dict[str, Any]:
        return {"view": "timeSeries", "period": 60, "metrics": list(metrics), **properties}

    def targets(namespace: str, metric: str, **options: Any) -> list[list[Any]]:
        balancer = service["load_balancer"]
        return [
            [namespace, metric, "TargetGroup", group, "LoadBalancer", balancer, options]
            for group in service["target_groups"]
        ]

    def tasks(namespace: str, metric: str, label: str, stat: str = "Average") -> list[Any]:
        options = {"stat": stat, "label": label}
        return [namespace, metric, "ClusterName", cluster, "ServiceName", service["name"], options]

    if exposure == "http":
        errors = [
            *targets(_HTTP, "HTTPCode_Target_4XX_Count", stat="Sum", label="4xx"),
            *targets(_HTTP, "HTTPCode_Target_5XX_Count", stat="Sum", label="5xx"),
        ]
        if load_balancer:
            options = {"stat": "Sum", "label": "5xx of the load balancer itself"}
            errors.append([_HTTP, "HTTPCode_ELB_5XX_Count", "LoadBalancer", load_balancer, options])
        latency = [
            metric
            for stat in ("p50", "p95", "p99")
            for metric in targets(_HTTP, "TargetResponseTime", stat=stat, label=stat)
        ]
        yield "requests a minute", chart(*targets(_HTTP, "RequestCount", stat="Sum"))
        yield "errors a minute", chart(*errors)
        yield "seconds to answer", chart(*latency)
    if exposure != "none":
        namespace = _HTTP if exposure == "http" else _TCP
        yield (
            "targets",
            chart(
                *targets(namespace, "HealthyHostCount", stat="Maximum", label="healthy"),
                *targets(namespace, "UnHealthyHostCount", stat="Maximum", label="unhealthy"),
            ),
        )
    yield (
        "CPU and memory, percent",
        chart(
            tasks("AWS/ECS", "CPUUtilization", "CPU"),
            tasks("AWS/ECS", "MemoryUtilization", "memory"),
            yAxis={"left": {"min": 0, "max": 100}},
        ),
    )
    yield (
        "tasks and deployments",
        chart(
            tasks(_INSIGHTS, "DesiredTaskCount", "desired"),
            tasks(_INSIGHTS, "RunningTaskCount", "running"),
            tasks(_INSIGHTS, "DeploymentCount", "deployments", "Maximum"),
        ),
    )


def _overview(qualified_stack: str) -> dict[str, Any]:
    """Return a text about what has no metrics: costs, and where to read on."""
    stack = qualified_stack.partition("/")[2]
    text = (
        f"## {qualified_stack}\n"
        f"**What it costs** a month, by AWS's prices: `python -m automation cost {stack}`. What AWS has "
        f"billed: [Cost Explorer]({_COST_EXPLORER}), filtered by the tag `Stack` = `{stack}`, which has to "
        "be activated once as a cost allocation tag.\n\n"
        "**Alarms**, and what to do: `docs/on-call.md`. **One request** by its id: the saved query "
        f"`{qualified_stack}/one-request` in Logs Insights."
    )
    size = {"x": 0, "y": 0, "width": _WIDTH * _COLUMNS, "height": _OVERVIEW_HEIGHT}
    return {"type": "text", **size, "properties": {"markdown": text}}


def _grid(charts: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield widgets, three in a row, below the overview."""
    for number, chart in enumerate(charts):
        yield {
            "type": "metric",
            "x": number % _COLUMNS * _WIDTH,
            "y": _OVERVIEW_HEIGHT + number // _COLUMNS * _HEIGHT,
            "width": _WIDTH,
            "height": _HEIGHT,
            "properties": chart,
        }
