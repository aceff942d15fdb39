"""The dashboard of a stack, and the saved queries of its log."""

from __future__ import annotations

import json
from typing import Any

from infra.observability.dashboard import Dashboard, DashboardArgs
from infra.observability.observed import ObservedService, ObservedStack
from tests.unit.infra.factories import LOAD_BALANCER, child_options, service_settings
from tests.unit.infra.recorder import Graph, declare, once

QUERY = "aws:cloudwatch/queryDefinition:QueryDefinition"
BLUE, GREEN = "targetgroup/web/0123", "targetgroup/web-green/4567"


def _service(name: str, groups: tuple[str, ...], **settings: Any) -> ObservedService:
    return ObservedService(
        settings=service_settings(name=name, **settings),
        service_name=f"{name}-1",
        load_balancer=LOAD_BALANCER,
        target_groups=groups,
        user_impact_alarms=(),
    )


@once
def _graph(*, own_load_balancer: bool = True) -> Graph:
    stack = ObservedStack(
        qualified_name="node-on-ecs/prod",
        services=[_service("web", (BLUE, GREEN)), _service("worker", (), exposure="none", host=None)],
        cluster_name="cluster",
        load_balancer=LOAD_BALANCER if own_load_balancer else None,
        log_group_name="logs",
    )
    args = DashboardArgs(stack=stack, region="eu-west-1")
    return declare(lambda: Dashboard("dashboard", args, opts=child_options()))


def _widgets(graph: Graph) -> list[dict[str, Any]]:
    dashboard = graph.one("aws:cloudwatch/dashboard:Dashboard").inputs
    # bootstrap/ allows the deploy role to change this name only.
    assert dashboard["dashboardName"] == "node-on-ecs-prod"
    return json.loads(dashboard["dashboardBody"])["widgets"]


def _metrics(graph: Graph, title: str) -> list[Any]:
    charts = {widget["properties"].get("title"): widget["properties"] for widget in _widgets(graph)}
    return charts[title]["metrics"]


def test_overview_shows_how_to_find_costs() -> None:
    """AWS has no metric of a stack's costs: it bills by account, a day later."""
    overview = _widgets(_graph())[0]["properties"]["markdown"]

    assert "`python -m automation cost prod`" in overview
    assert "`Stack` = `prod`" in overview


def test_widgets_do_not_overlap() -> None:
    overview, *charts = _widgets(_graph())

    positions = [(chart["x"], chart["y"]) for chart in charts]
    assert (overview["x"], overview["y"], overview["width"]) == (0, 0, 24)
    assert min(y for _, y in positions) == overview["height"]
    assert len(set(positions)) == len(positions)
    assert max(x for x, _ in positions) + 8 == 24


def test_each_service_has_charts_of_its_metrics() -> None:
    charts = [widget["properties"] for widget in _widgets(_graph())[1:]]

    assert [chart["title"] for chart in charts] == [
        "web: requests a minute",
        "web: errors a minute",
        "web: seconds to answer",
        "web: targets",
        "web: CPU and memory, percent",
        "web: tasks and deployments",
        "worker: CPU and memory, percent",
        "worker: tasks and deployments",
    ]
    assert {chart["region"] for chart in charts} == {"eu-west-1"}


def test_latency_chart_has_percentiles_of_every_target_group() -> None:
    metrics = _metrics(_graph(), "web: seconds to answer")

    assert [(metric[3], metric[-1]["stat"]) for metric in metrics] == [
        (group, stat) for stat in ("p50", "p95", "p99") for group in (BLUE, GREEN)
    ]
    assert metrics[0][:6] == [
        "AWS/ApplicationELB",
        "TargetResponseTime",
        "TargetGroup",
        BLUE,
        "LoadBalancer",
        LOAD_BALANCER,
    ]


def test_error_chart_has_errors_of_the_stacks_own_load_balancer_only() -> None:
    own, existing = (
        {metric[1] for metric in _metrics(_graph(own_load_balancer=own), "web: errors a minute")}
        for own in (True, False)
    )

    assert own - existing == {"HTTPCode_ELB_5XX_Count"}


def test_log_queries_use_the_fields_of_the_apps_log() -> None:
    queries = {query.inputs["name"]: query.inputs for query in _graph().all(QUERY)}

    assert queries.keys() == {
        "node-on-ecs/prod/errors",
        "node-on-ecs/prod/slowest-requests",
        "node-on-ecs/prod/one-request",
    }
    assert all(query["logGroupNames"] == ["logs"] for query in queries.values())
    assert 'filter level = "error"' in queries["node-on-ecs/prod/errors"]["queryString"]
    assert "sort durationMs desc" in queries["node-on-ecs/prod/slowest-requests"]["queryString"]
    assert "filter requestId =" in queries["node-on-ecs/prod/one-request"]["queryString"]
