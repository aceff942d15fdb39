"""CloudWatch metrics of services, and their sparklines in `status`."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from automation.services.metrics import RecentMetrics, recent_metrics
from automation.services.sparklines import shows_blocks, sparkline, sparklines
from automation.services.status import ServiceStatus, json_of, lines_of
from tests.unit.automation.fakes import CLUSTER, deployed
from tests.unit.infra.fake_cloud import ACCOUNT, REGION
from tests.unit.infra.rollout.aws import Aws, ErrorResponse

NOW = datetime(2026, 11, 30, 12, 2, tzinfo=UTC)
END = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
ELB = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}"
BLUE, GREEN = (f"{ELB}:targetgroup/{name}/0123456789abcdef" for name in ("blue", "green"))
BALANCER = f"{ELB}:loadbalancer/app/balancer/0123456789abcdef"
Points = Mapping[tuple[str, str], Sequence[float]]
"""The latest values by metric and name of target group or service."""


def aws(points: Points, *, groups: tuple[str, ...] = (BLUE,), balancer: str = BALANCER) -> Aws:
    def metric_data(request: dict[str, Any]) -> dict[str, Any]:
        return {"MetricDataResults": [result(query) for query in request["MetricDataQueries"]]}

    def result(query: dict[str, Any]) -> dict[str, Any]:
        metric = query["MetricStat"]["Metric"]
        dimensions = {dimension["Name"]: dimension["Value"] for dimension in metric["Dimensions"]}
        whose = dimensions.get("TargetGroup", "").partition("/")[2].partition("/")[0]
        values = points.get((metric["MetricName"], whose or dimensions["ServiceName"]), [])
        times = [END - timedelta(minutes=5 * (len(values) - index)) for index in range(len(values))]
        return {"Id": query["Id"], "Timestamps": times, "Values": values, "StatusCode": "Complete"}

    balancers = [
        {"targetGroupArn": groups[0], "containerName": "web", "containerPort": 3000}
        | ({"advancedConfiguration": {"alternateTargetGroupArn": groups[1]}} if len(groups) > 1 else {})
    ]
    return Aws(
        describe_services={
            "services": [{"serviceName": "web-1a2b3c4", "status": "ACTIVE", "loadBalancers": balancers}]
        },
        describe_target_groups={
            "TargetGroups": [{"TargetGroupArn": arn, "LoadBalancerArns": [balancer]} for arn in groups]
        },
        get_metric_data=metric_data,
    )


def metrics_of(points: Points, **more: Any) -> RecentMetrics:
    found = recent_metrics(deployed(aws(points, **more), "web"), now=NOW)
    assert found is not None
    return found


def status() -> ServiceStatus:
    return ServiceStatus(name="web", state="steady", running=1, desired=1)


def test_a_sparkline_has_a_level_for_each_value() -> None:
    assert sparkline([0, 1, 2, 4, 7]) == "▁▂▃▅█"
    assert sparkline([0, 1, 2, 4, 7], blocks=False) == "_.:=#"


def test_a_missing_value_is_a_space() -> None:
    assert sparkline([None, 1, None, 1]) == " █ █"
    assert sparkline([0, 0]) == "▁▁"


def test_all_metrics_are_requested_at_once() -> None:
    client = aws({})
    recent_metrics(deployed(client, "web"), now=NOW)
    (request,) = (params for operation, params in client.calls if operation == "get_metric_data")
    metrics = [query["MetricStat"]["Metric"]["MetricName"] for query in request["MetricDataQueries"]]

    assert metrics == [
        "RequestCount",
        "HTTPCode_Target_5XX_Count",
        "TargetResponseTime",
        "CPUUtilization",
        "MemoryUtilization",
    ]
    assert (request["StartTime"], request["EndTime"]) == (END - timedelta(hours=3), END)
    assert request["MetricDataQueries"][0]["MetricStat"]["Metric"]["Dimensions"] == [
        {"Name": "TargetGroup", "Value": "targetgroup/blue/0123456789abcdef"},
        {"Name": "LoadBalancer", "Value": "app/balancer/0123456789abcdef"},
    ]
    assert request["MetricDataQueries"][3]["MetricStat"]["Metric"]["Dimensions"] == [
        {"Name": "ClusterName", "Value": CLUSTER.rpartition("/")[2]},
        {"Name": "ServiceName", "Value": "web-1a2b3c4"},
    ]


def test_values_of_two_target_groups_are_combined() -> None:
    """ECS shifts traffic between two in a blue/green deployment."""
    found = metrics_of(
        {
            ("RequestCount", "blue"): [10, 5],
            ("RequestCount", "green"): [5],
            ("TargetResponseTime", "blue"): [0.1, 0.1],
            ("TargetResponseTime", "green"): [0.3],
        },
        groups=(BLUE, GREEN),
    ).services["web"]

    assert found["requests"][-2:] == [10, 10]
    assert found["p95"][-2:] == [0.1, 0.3]


def test_missing_error_counts_are_zero_where_there_are_requests() -> None:
    """CloudWatch has no data points for zero."""
    found = metrics_of({("RequestCount", "blue"): [7]}).services["web"]

    assert found["requests"] == [0.0] * 35 + [7]
    assert found["5xx"] == [0.0] * 36
    assert found.keys() == {"requests", "5xx"}


def test_a_service_without_metrics_has_no_lines() -> None:
    found = metrics_of({})

    assert found.services == {}
    assert list(lines_of([status()], found)) == list(lines_of([status()]))
    assert json_of([status()], found) == json_of([status()])


def test_a_service_behind_a_network_load_balancer_has_only_metrics_of_ecs() -> None:
    found = metrics_of(
        {("CPUUtilization", "web-1a2b3c4"): [12], ("RequestCount", "blue"): [1]},
        balancer=BALANCER.replace("/app/", "/net/"),
    )

    assert found.services["web"].keys() == {"cpu"}


def test_lines_have_the_latest_value_and_the_maximum() -> None:
    found = metrics_of(
        {
            ("RequestCount", "blue"): [300, 1200, 600],
            ("TargetResponseTime", "blue"): [0.04, 0.92, 0.12],
            ("CPUUtilization", "web-1a2b3c4"): [20.2, 61.4, 33.6],
        }
    )
    lines = list(lines_of([status()], found))

    assert lines[1] == "     last 3 hours, since 09:00 UTC"
    assert lines[2].endswith("▁▁▁▃█▅  120/min, most 240/min")
    assert lines[3].endswith("▁▁▁▁▁▁  0/min, most 0/min")
    assert lines[4].endswith(" ▁█▂  120 ms, most 920 ms")
    assert lines[5].endswith(" ▃█▅  34 %, most 61 %")
    assert [line.split()[0] for line in lines[2:]] == ["requests", "5xx", "p95", "cpu"]


@pytest.mark.parametrize("columns", [40, 60, 200])
def test_a_line_is_no_wider_than_the_terminal(columns: int) -> None:
    found = metrics_of({("RequestCount", "blue"): [1] * 30 + [1200]})
    lines = list(sparklines(found.services["web"], columns=columns, blocks=True))

    assert max(map(len, lines)) <= columns
    assert lines[0].count("█") == 1, "the maximum is shown though values share columns"


@pytest.mark.parametrize(
    ("encoding", "shown"), [("utf-8", True), ("ascii", False), ("latin-1", False), ("no-such-one", False)]
)
def test_blocks_are_shown_if_the_encoding_has_them(encoding: str, shown: bool) -> None:  # noqa: FBT001
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    other: Any = type("Stream", (), {"isatty": lambda _: False, "encoding": encoding})()

    assert shows_blocks(stream)
    assert shows_blocks(other) is shown


def test_a_dumb_terminal_gets_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    terminal: Any = type("Terminal", (), {"isatty": lambda _: True, "encoding": "utf-8"})()

    assert not shows_blocks(terminal)


def test_json_has_numbers_with_their_unit() -> None:
    found = metrics_of({("RequestCount", "blue"): [7], ("CPUUtilization", "web-1a2b3c4"): [12.5]})
    metrics = json_of([status()], found)["web"]["metrics"]

    assert (metrics["since"], metrics["period_seconds"]) == (END - timedelta(hours=3), 300)
    assert metrics["requests"] == {"unit": "in 5 minutes", "values": [0.0] * 35 + [7]}
    assert metrics["cpu"]["unit"] == "percent"
    assert json.dumps(metrics["cpu"]["values"][-2:]) == "[null, 12.5]"


def test_an_error_of_cloudwatch_does_not_hide_the_status() -> None:
    client = aws({})
    client.operations["get_metric_data"] = ErrorResponse("AccessDenied", "not for you")
    found = recent_metrics(deployed(client, "web"), now=NOW)

    assert found is not None
    assert "not for you" in found.failure
    assert list(lines_of([status()], found)) == list(lines_of([status()]))


def test_a_local_stack_has_no_metrics_and_needs_no_request() -> None:
    client = aws({})

    assert recent_metrics(deployed(client, "web", is_local=True), now=NOW) is None
    assert client.calls == []
