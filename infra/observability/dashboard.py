"""The dashboard of a stack, and saved queries of its log."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.observability.on_call import Watched

_WIDTH: Final = 8
_HEIGHT: Final = 6
_COLUMNS: Final = 3
_HEIGHT_OF_WORDS: Final = 3
_COST_EXPLORER: Final = "https://console.aws.amazon.com/costmanagement/home#/cost-explorer"
_HTTP: Final = "AWS/ApplicationELB"
_TCP: Final = "AWS/NetworkELB"
_INSIGHTS: Final = "ECS/ContainerInsights"
# The fields are those of the lines that the app writes: app/src/log.js and app/src/app.js.
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
    """What a :class:`Dashboard` needs to know."""

    region: str
    place: str
    """Project and stack: the dashboard's name, with a hyphen between them, and the folder of the queries."""
    services: Sequence[Watched]
    cluster_name: pulumi.Input[str]
    load_balancer: pulumi.Input[str] | None
    """End of the ARN of the stack's own application load balancer."""
    log_group_name: pulumi.Input[str]


class Dashboard(pulumi.ComponentResource):
    """What the stack costs, and charts of each service: requests, errors, latency, CPU, tasks, rollouts."""

    def __init__(self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:Dashboard", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        known = pulumi.Output.all(
            cluster=args.cluster_name,
            own=args.load_balancer or "",
            services=[
                {"name": one.service_name, "balancer": one.load_balancer, "groups": list(one.target_groups)}
                for one in args.services
            ],
        )
        settings = [one.settings for one in args.services]
        aws.cloudwatch.Dashboard(
            name,
            # As bootstrap/account/deployments.py has it: the deploy role may change no other.
            dashboard_name=args.place.replace("/", "-"),
            dashboard_body=known.apply(
                lambda found: json.dumps(
                    {
                        "widgets": [
                            _words(args.place),
                            *_placed(
                                [
                                    chart
                                    for one, its in zip(settings, found["services"], strict=True)
                                    for chart in _charts(
                                        one.name,
                                        one.exposure,
                                        its,
                                        cluster=found["cluster"],
                                        own=found["own"],
                                        region=args.region,
                                    )
                                ]
                            ),
                        ]
                    }
                )
            ),
            opts=child,
        )
        for query, text in _QUERIES.items():
            aws.cloudwatch.QueryDefinition(
                f"{name}-{query}",
                name=f"{args.place}/{query}",
                log_group_names=[args.log_group_name],
                query_string=text,
                opts=child,
            )
        self.register_outputs({})


def _charts(
    name: str, exposure: str, its: dict[str, Any], *, cluster: str, own: str, region: str
) -> list[dict[str, Any]]:
    def chart(title: str, lines: list[list[Any]], **more: Any) -> dict[str, Any]:
        return {
            "title": f"{name}: {title}",
            "region": region,
            "view": "timeSeries",
            "period": 60,
            "metrics": lines,
            **more,
        }

    def of_groups(namespace: str, metric: str, **how: Any) -> list[list[Any]]:
        return [
            [namespace, metric, "TargetGroup", group, "LoadBalancer", its["balancer"], how]
            for group in its["groups"]
        ]

    def of_service(namespace: str, metric: str, **how: Any) -> list[Any]:
        return [namespace, metric, "ClusterName", cluster, "ServiceName", its["name"], how]

    charts: list[dict[str, Any]] = []
    if exposure == "http":
        errors = [
            *of_groups(_HTTP, "HTTPCode_Target_4XX_Count", stat="Sum", label="4xx"),
            *of_groups(_HTTP, "HTTPCode_Target_5XX_Count", stat="Sum", label="5xx"),
        ]
        if own:
            balancer = {"stat": "Sum", "label": "5xx of the load balancer itself"}
            errors.append([_HTTP, "HTTPCode_ELB_5XX_Count", "LoadBalancer", own, balancer])
        charts += [
            chart("requests a minute", of_groups(_HTTP, "RequestCount", stat="Sum")),
            chart("errors a minute", errors),
            chart(
                "seconds to answer",
                [
                    line
                    for stat in ("p50", "p95", "p99")
                    for line in of_groups(_HTTP, "TargetResponseTime", stat=stat, label=stat)
                ],
            ),
        ]
    if exposure != "none":
        namespace = _HTTP if exposure == "http" else _TCP
        hosts = [
            *of_groups(namespace, "HealthyHostCount", stat="Maximum", label="healthy"),
            *of_groups(namespace, "UnHealthyHostCount", stat="Maximum", label="unhealthy"),
        ]
        charts.append(chart("targets", hosts))
    charts += [
        chart(
            "CPU and memory, percent",
            [
                of_service("AWS/ECS", "CPUUtilization", stat="Average", label="CPU"),
                of_service("AWS/ECS", "MemoryUtilization", stat="Average", label="memory"),
            ],
            yAxis={"left": {"min": 0, "max": 100}},
        ),
        chart(
            "tasks and deployments",
            [
                of_service(_INSIGHTS, "DesiredTaskCount", stat="Average", label="wanted"),
                of_service(_INSIGHTS, "RunningTaskCount", stat="Average", label="running"),
                of_service(_INSIGHTS, "DeploymentCount", stat="Maximum", label="deployments"),
            ],
        ),
    ]
    return charts


def _words(place: str) -> dict[str, Any]:
    """Return what no metric says of a stack: what it costs, and where to go on reading."""
    stack = place.partition("/")[2]
    text = (
        f"## {place}\n"
        f"**What it costs** a month, by AWS's prices: `python -m automation cost {stack}`. What AWS has "
        f"billed: [Cost Explorer]({_COST_EXPLORER}), filtered by the tag `Stack` = `{stack}`, which has to "
        "be activated once as a cost allocation tag.\n\n"
        "**Alarms**, and what to do: `docs/on-call.md`. **One request** by its id: the saved query "
        f"`{place}/one-request` in Logs Insights."
    )
    size = {"x": 0, "y": 0, "width": _WIDTH * _COLUMNS, "height": _HEIGHT_OF_WORDS}
    return {"type": "text", **size, "properties": {"markdown": text}}


def _placed(charts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return widgets, three in a row, below the words."""
    return [
        {
            "type": "metric",
            "x": number % _COLUMNS * _WIDTH,
            "y": _HEIGHT_OF_WORDS + number // _COLUMNS * _HEIGHT,
            "width": _WIDTH,
            "height": _HEIGHT,
            "properties": chart,
        }
        for number, chart in enumerate(charts)
    ]
