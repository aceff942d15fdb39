"""Alarms: what they measure, and for whom."""

from __future__ import annotations

from typing import Any

import pytest

from infra.observability.alarms import DeploymentAlarms, DeploymentAlarmsArgs
from tests.unit.infra.factories import LOAD_BALANCER, alarm_settings, held
from tests.unit.infra.recorder import Graph, declare, once

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
BLUE, GREEN = "targetgroup/web/0123", "targetgroup/web-green/4567"
OF_BLUE = {"TargetGroup": BLUE, "LoadBalancer": LOAD_BALANCER}


@once
def _graph(groups: dict[str, str] | None = None, **changes: Any) -> Graph:
    args = DeploymentAlarmsArgs(
        settings=alarm_settings(**changes),
        target_groups=groups or {"web": BLUE},
        load_balancer=LOAD_BALANCER,
    )
    return declare(lambda: DeploymentAlarms("web", args, opts=held()))


def _names(graph: Graph) -> list[str]:
    return graph.component_outputs("node-on-ecs:infra:DeploymentAlarms", "web")["names"]


def test_errors_latency_and_health_are_watched() -> None:
    assert _graph().names(ALARM) == ["web-errors", "web-latency", "web-unhealthy"]


def test_both_target_groups_are_watched() -> None:
    """Which of them the new version gets changes with each deployment."""
    graph = _graph({"web": BLUE, "web-green": GREEN})

    assert graph.names(ALARM) == [
        "web-errors",
        "web-green-errors",
        "web-green-latency",
        "web-green-unhealthy",
        "web-latency",
        "web-unhealthy",
    ]
    assert graph.one(ALARM, "web-green-latency").inputs["dimensions"]["TargetGroup"] == GREEN


def test_the_share_of_errors_counts_what_failed_of_all_that_was_asked() -> None:
    inputs = _graph(error_percent=2, minimum_requests=30, periods=2, period_seconds=120).one(
        ALARM, "web-errors"
    )
    share, *metrics = inputs.inputs["metricQueries"]

    assert share["returnData"] is True
    assert share["expression"] == (
        "IF(requests >= 30, 100 * (FILL(answered, 0) + FILL(unreached, 0)) / requests, 0)"
    )
    assert {metric["id"]: metric["metric"]["metricName"] for metric in metrics} == {
        "requests": "RequestCount",
        "answered": "HTTPCode_Target_5XX_Count",
        "unreached": "TargetConnectionErrorCount",
    }
    assert all(
        (metric["metric"]["dimensions"], metric["metric"]["period"], metric["metric"]["stat"])
        == (OF_BLUE, 120, "Sum")
        for metric in metrics
    )
    assert (inputs.inputs["threshold"], inputs.inputs["evaluationPeriods"]) == (2, 2)
    assert inputs.inputs["comparisonOperator"] == "GreaterThanThreshold"


def test_latency_is_the_slowest_of_a_hundred_and_not_of_three() -> None:
    inputs = _graph(p99_milliseconds=1500).one(ALARM, "web-latency").inputs

    assert (inputs["metricName"], inputs["extendedStatistic"]) == ("TargetResponseTime", "p99")
    assert inputs["threshold"] == 1.5
    assert inputs["evaluateLowSampleCountPercentiles"] == "ignore"
    assert inputs["dimensions"] == OF_BLUE


def test_one_unhealthy_task_is_enough() -> None:
    inputs = _graph(unhealthy_tasks=1).one(ALARM, "web-unhealthy").inputs

    assert (inputs["metricName"], inputs["statistic"]) == ("UnHealthyHostCount", "Maximum")
    assert (inputs["comparisonOperator"], inputs["threshold"]) == ("GreaterThanOrEqualToThreshold", 1)
    assert inputs["dimensions"] == OF_BLUE


def test_silence_is_no_alarm() -> None:
    """A target group without tasks has no metrics, and one of two never has any."""
    alarms = _graph({"web": BLUE, "web-green": GREEN}).all(ALARM)

    assert {alarm.inputs["treatMissingData"] for alarm in alarms} == {"notBreaching"}


@pytest.mark.parametrize(
    ("off", "left"),
    [
        ("error_percent", ["web-latency", "web-unhealthy"]),
        ("p99_milliseconds", ["web-errors", "web-unhealthy"]),
        ("unhealthy_tasks", ["web-errors", "web-latency"]),
    ],
)
def test_a_threshold_of_zero_is_no_alarm(off: str, left: list[str]) -> None:
    assert _graph(**{off: 0}).names(ALARM) == left


def test_somebody_elses_alarms_can_be_the_only_ones() -> None:
    graph = _graph(error_percent=0, p99_milliseconds=0, unhealthy_tasks=0, extra=("queue",))

    assert _names(graph) == ["queue"]
