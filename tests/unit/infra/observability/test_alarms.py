"""Alarms that roll a deployment back."""

from __future__ import annotations

from typing import Any

import pytest

from infra.observability.alarms import DeploymentAlarms, DeploymentAlarmsArgs
from tests.unit.infra.factories import LOAD_BALANCER, alarm_settings, child_options
from tests.unit.infra.recorder import Graph, declare, once

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
BLUE, GREEN = "targetgroup/web/0123", "targetgroup/web-green/4567"
BLUE_DIMENSIONS = {"TargetGroup": BLUE, "LoadBalancer": LOAD_BALANCER}


@once
def _graph(groups: dict[str, str] | None = None, **settings: Any) -> Graph:
    args = DeploymentAlarmsArgs(
        settings=alarm_settings(**settings),
        target_groups=groups or {"web": BLUE},
        load_balancer=LOAD_BALANCER,
    )
    return declare(lambda: DeploymentAlarms("web", args, opts=child_options()))


def test_every_target_group_has_alarms_and_missing_data_is_not_an_alarm() -> None:
    """Deployments alternate between target groups; one without tasks has no metrics."""
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
    assert {alarm.inputs["treatMissingData"] for alarm in graph.all(ALARM)} == {"notBreaching"}


def test_error_alarm_measures_the_share_of_failed_requests() -> None:
    alarm = _graph(error_percent=2, minimum_requests=30, periods=2, period_seconds=120).one(
        ALARM, "web-errors"
    )
    share, *metrics = alarm.inputs["metricQueries"]

    assert share["returnData"] is True
    assert share["expression"] == (
        "IF(requests >= 30, 100 * (FILL(answered, 0) + FILL(unreached, 0)) / requests, 0)"
    )
    assert metrics == [
        {
            "id": id_,
            "metric": {
                "namespace": "AWS/ApplicationELB",
                "metricName": metric,
                "dimensions": BLUE_DIMENSIONS,
                "stat": "Sum",
                "period": 120,
            },
        }
        for id_, metric in (
            ("requests", "RequestCount"),
            ("answered", "HTTPCode_Target_5XX_Count"),
            ("unreached", "TargetConnectionErrorCount"),
        )
    ]
    assert (alarm.inputs["threshold"], alarm.inputs["evaluationPeriods"]) == (2, 2)
    assert alarm.inputs["comparisonOperator"] == "GreaterThanThreshold"


def test_latency_alarm_measures_the_99th_percentile_of_enough_requests() -> None:
    inputs = _graph(p99_milliseconds=1500).one(ALARM, "web-latency").inputs

    assert (inputs["metricName"], inputs["extendedStatistic"]) == ("TargetResponseTime", "p99")
    assert inputs["threshold"] == 1.5
    assert inputs["evaluateLowSampleCountPercentiles"] == "ignore"
    assert inputs["dimensions"] == BLUE_DIMENSIONS


def test_unhealthy_alarm_counts_unhealthy_tasks() -> None:
    inputs = _graph(unhealthy_tasks=1).one(ALARM, "web-unhealthy").inputs

    assert (inputs["metricName"], inputs["statistic"]) == ("UnHealthyHostCount", "Maximum")
    assert (inputs["comparisonOperator"], inputs["threshold"]) == ("GreaterThanOrEqualToThreshold", 1)
    assert inputs["dimensions"] == BLUE_DIMENSIONS


@pytest.mark.parametrize(
    ("threshold", "alarms"),
    [
        ("error_percent", ["web-latency", "web-unhealthy"]),
        ("p99_milliseconds", ["web-errors", "web-unhealthy"]),
        ("unhealthy_tasks", ["web-errors", "web-latency"]),
    ],
)
def test_threshold_of_zero_disables_an_alarm(threshold: str, alarms: list[str]) -> None:
    settings: dict[str, Any] = {threshold: 0}

    assert _graph(**settings).names(ALARM) == alarms


def test_existing_alarms_can_be_the_only_ones() -> None:
    graph = _graph(error_percent=0, p99_milliseconds=0, unhealthy_tasks=0, extra=("queue",))

    assert graph.component_outputs("node-on-ecs:infra:DeploymentAlarms", "web")["names"] == ["queue"]
