"""The dashboard of a stack, and the saved queries of its log."""

from __future__ import annotations

import json
from typing import Any

from infra.observability.dashboard import Dashboard, DashboardArgs
from infra.observability.on_call import Watched
from tests.unit.infra.factories import LOAD_BALANCER, held, service_settings
from tests.unit.infra.recorder import Graph, declare, once

QUERY = "aws:cloudwatch/queryDefinition:QueryDefinition"
BLUE, GREEN = "targetgroup/web/0123", "targetgroup/web-green/4567"


def _watched(name: str, groups: tuple[str, ...], **settings: Any) -> Watched:
    return Watched(
        settings=service_settings(name=name, **settings),
        service_name=f"{name}-1",
        load_balancer=LOAD_BALANCER,
        target_groups=groups,
        felt_alarms=(),
    )


@once
def _graph(*, own_balancer: bool = True) -> Graph:
    args = DashboardArgs(
        region="eu-west-1",
        place="node-on-ecs/prod",
        services=[
            _watched("web", (BLUE, GREEN)),
            _watched("worker", (), exposure="none", host=None),
        ],
        cluster_name="cluster",
        load_balancer=LOAD_BALANCER if own_balancer else None,
        log_group_name="logs",
    )
    return declare(lambda: Dashboard("dashboard", args, opts=held()))


def _charts(graph: Graph) -> dict[str, Any]:
    body = graph.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"]
    return {one["properties"]["title"]: one for one in json.loads(body)["widgets"] if one["type"] == "metric"}


def test_it_says_what_the_stack_costs_and_covers_no_chart_with_it() -> None:
    """No metric does: AWS bills by account, a day later."""
    body = json.loads(_graph().one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"])
    words = body["widgets"][0]

    assert "`python -m automation cost prod`" in words["properties"]["markdown"]
    assert "`Stack` = `prod`" in words["properties"]["markdown"]
    assert (words["x"], words["y"], words["width"]) == (0, 0, 24)
    assert min(one["y"] for one in body["widgets"][1:]) == words["height"]


def test_each_service_has_the_charts_that_it_is_measured_by() -> None:
    charts = _charts(_graph())

    assert list(charts) == [
        "web: requests a minute",
        "web: errors a minute",
        "web: seconds to answer",
        "web: targets",
        "web: CPU and memory, percent",
        "web: tasks and deployments",
        "worker: CPU and memory, percent",
        "worker: tasks and deployments",
    ]
    assert {one["properties"]["region"] for one in charts.values()} == {"eu-west-1"}


def test_no_two_charts_are_at_one_place() -> None:
    places = [(one["x"], one["y"]) for one in _charts(_graph()).values()]

    assert len(set(places)) == len(places)
    assert max(x for x, _ in places) + 8 == 24


def test_both_target_groups_are_drawn_and_percentiles_of_the_latency() -> None:
    lines = _charts(_graph())["web: seconds to answer"]["properties"]["metrics"]

    assert [(line[3], line[-1]["stat"]) for line in lines] == [
        (group, stat) for stat in ("p50", "p95", "p99") for group in (BLUE, GREEN)
    ]
    assert lines[0][:6] == [
        "AWS/ApplicationELB",
        "TargetResponseTime",
        "TargetGroup",
        BLUE,
        "LoadBalancer",
        LOAD_BALANCER,
    ]


def test_errors_of_the_load_balancer_are_drawn_where_it_is_the_stack_s_own() -> None:
    def drawn(*, own: bool) -> set[str]:
        chart = _charts(_graph(own_balancer=own))["web: errors a minute"]
        return {line[1] for line in chart["properties"]["metrics"]}

    assert drawn(own=True) - drawn(own=False) == {"HTTPCode_ELB_5XX_Count"}


def test_the_dashboard_has_the_name_by_which_the_deploy_role_knows_it() -> None:
    assert _graph().one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardName"] == "node-on-ecs-prod"


def test_three_questions_to_the_log_are_saved_by_the_fields_that_the_app_writes() -> None:
    queries = {one.inputs["name"]: one.inputs for one in _graph().all(QUERY)}

    assert queries.keys() == {
        "node-on-ecs/prod/errors",
        "node-on-ecs/prod/slowest-requests",
        "node-on-ecs/prod/one-request",
    }
    assert all(one["logGroupNames"] == ["logs"] for one in queries.values())
    assert 'filter level = "error"' in queries["node-on-ecs/prod/errors"]["queryString"]
    assert "sort durationMs desc" in queries["node-on-ecs/prod/slowest-requests"]["queryString"]
    assert "filter requestId =" in queries["node-on-ecs/prod/one-request"]["queryString"]
