"""Alarms and events that notify people."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.observability.observed import ObservedService, ObservedStack
from infra.observability.on_call import OnCall, OnCallArgs
from infra.settings import NotificationSettings
from tests.unit.infra.factories import LOAD_BALANCER, autoscaling_settings, child_options, service_settings
from tests.unit.infra.fake_cloud import ACCOUNT, REGION
from tests.unit.infra.recorder import Graph, declare, once

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
RULE = "aws:cloudwatch/eventRule:EventRule"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
FILTER = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"
PAGER = f"arn:aws:sns:{REGION}:{ACCOUNT}:pager"
CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/cluster"
BLUE, GREEN = "targetgroup/web/0123", "targetgroup/web-green/4567"
ASLEEP_AT_NIGHT = (
    {"name": "sleep", "cron": "0 20 ? * * *", "min_count": 0, "max_count": 0},
    {"name": "wake", "cron": "0 7 ? * * *", "min_count": 1, "max_count": 2},
)
SERVICE_DIMENSIONS = {"ClusterName": "cluster", "ServiceName": "web-1"}
STACK_ALARMS = ["on-call-error-lines", "on-call-load-balancer-errors"]


@once
def _graph(
    *,
    exposure: str = "http",
    desired_count: int = 2,
    scales_to_zero: bool = False,
    groups: tuple[str, ...] = (BLUE,),
    user_impact: tuple[str, ...] = ("web-errors", "web-latency"),
    insights: bool = True,
    has_metrics: bool = True,
    own_load_balancer: bool = True,
    **settings: Any,
) -> Graph:
    service: dict[str, Any] = {"exposure": exposure, "desired_count": desired_count}
    if scales_to_zero:
        service["autoscaling"] = autoscaling_settings(schedule=ASLEEP_AT_NIGHT)
    if exposure == "none":
        service["host"] = None
        groups = user_impact = ()
    stack = ObservedStack(
        qualified_name="node-on-ecs/prod",
        services=[
            ObservedService(
                settings=service_settings(**service),
                service_name="web-1",
                load_balancer=LOAD_BALANCER,
                target_groups=groups,
                user_impact_alarms=user_impact,
                has_metrics=has_metrics,
            )
        ],
        cluster_name="cluster",
        load_balancer=LOAD_BALANCER if own_load_balancer else None,
        log_group_name="logs",
    )
    notifications = NotificationSettings(**{"topic_arn": TOPIC, **settings})
    args = OnCallArgs(settings=notifications, stack=stack, cluster_arn=CLUSTER, insights=insights)
    return declare(lambda: OnCall("on-call", args, opts=child_options()))


def _alarm(graph: Graph, name: str) -> dict[str, Any]:
    return graph.one(ALARM, f"on-call-{name}").inputs


@pytest.mark.parametrize(
    ("changes", "alarms"),
    [
        pytest.param(
            {},
            [
                *STACK_ALARMS,
                *(f"on-call-web-{name}" for name in ("cpu", "memory", "no-healthy-task", "unhealthy-share")),
            ],
            id="behind a load balancer",
        ),
        pytest.param(
            {"exposure": "none"},
            [*STACK_ALARMS, *(f"on-call-web-{name}" for name in ("cpu", "memory", "no-running-task"))],
            id="without a load balancer",
        ),
        pytest.param({"exposure": "none", "desired_count": 0}, STACK_ALARMS, id="for scheduled tasks only"),
        pytest.param(
            {"exposure": "none", "has_metrics": False},
            STACK_ALARMS,
            id="on machines outside AWS, without metrics",
        ),
        pytest.param(
            dict.fromkeys(
                ("load_balancer_errors", "unhealthy_percent", "cpu_percent", "memory_percent", "error_lines"),
                0,
            ),
            ["on-call-web-no-healthy-task"],
            id="with thresholds of zero, which disable alarms",
        ),
    ],
)
def test_alarms_of_a_service(changes: dict[str, Any], alarms: list[str]) -> None:
    graph = _graph(**changes)

    assert graph.names(ALARM) == alarms
    assert graph.names(FILTER) == [name for name in alarms if name == "on-call-error-lines"]


def test_alarms_notify_the_topic_of_their_begin_and_end_but_not_of_missing_data() -> None:
    for alarm in _graph().all(ALARM):
        assert (alarm.inputs["alarmActions"], alarm.inputs["okActions"]) == ([TOPIC], [TOPIC]), alarm.name
        assert alarm.inputs["alarmDescription"].startswith("node-on-ecs/prod: "), alarm.name
        if alarm.name != "on-call-web-no-healthy-task":
            assert (alarm.inputs["treatMissingData"], alarm.inputs["evaluationPeriods"]) == (
                "notBreaching",
                5,
            )


def test_no_healthy_task_is_an_alarm_after_two_minutes_also_without_data() -> None:
    """A target group without any task has no metrics."""
    inputs = _alarm(_graph(), "web-no-healthy-task")

    assert inputs["treatMissingData"] == "breaching"
    assert (inputs["comparisonOperator"], inputs["threshold"]) == ("LessThanThreshold", 1)
    assert inputs["evaluationPeriods"] == 2
    assert inputs["metricQueries"] == [
        {"id": "healthy", "label": "Healthy tasks", "expression": "FILL(healthy0, 0)", "returnData": True},
        {
            "id": "healthy0",
            "metric": {
                "namespace": "AWS/ApplicationELB",
                "metricName": "HealthyHostCount",
                "dimensions": {"TargetGroup": BLUE, "LoadBalancer": LOAD_BALANCER},
                "stat": "Maximum",
                "period": 60,
            },
        },
    ]


def test_tasks_of_two_target_groups_are_added() -> None:
    """Deployments alternate between the two."""
    graph = _graph(groups=(BLUE, GREEN))
    healthy, share = (
        _alarm(graph, f"web-{name}")["metricQueries"] for name in ("no-healthy-task", "unhealthy-share")
    )

    assert healthy[0]["expression"] == "FILL(healthy0, 0) + FILL(healthy1, 0)"
    assert [query["metric"]["dimensions"]["TargetGroup"] for query in healthy[1:]] == [BLUE, GREEN]
    assert share[0]["expression"] == (
        "100 * (FILL(unhealthy0, 0) + FILL(unhealthy1, 0)) / (FILL(healthy0, 0) + FILL(healthy1, 0)"
        " + FILL(unhealthy0, 0) + FILL(unhealthy1, 0))"
    )


@pytest.mark.parametrize(
    ("changes", "name", "expected"),
    [
        (
            {"cpu_percent": 80},
            "web-cpu",
            {"metricName": "CPUUtilization", "threshold": 80, "dimensions": SERVICE_DIMENSIONS},
        ),
        ({}, "web-memory", {"metricName": "MemoryUtilization", "threshold": 90, "namespace": "AWS/ECS"}),
        (
            {"load_balancer_errors": 7},
            "load-balancer-errors",
            {
                "metricName": "HTTPCode_ELB_5XX_Count",
                "statistic": "Sum",
                "threshold": 7,
                "dimensions": {"LoadBalancer": LOAD_BALANCER},
            },
        ),
        (
            {"exposure": "none"},
            "web-no-running-task",
            {
                "metricName": "CPUUtilization",
                "statistic": "SampleCount",
                "comparisonOperator": "LessThanThreshold",
                "threshold": 1,
                "treatMissingData": "breaching",
                "dimensions": SERVICE_DIMENSIONS,
            },
        ),
    ],
    ids=["CPU", "memory", "errors of the load balancer", "no running task"],
)
def test_alarm_measures(changes: dict[str, Any], name: str, expected: dict[str, Any]) -> None:
    inputs = _alarm(_graph(**changes), name)

    assert {key: inputs[key] for key in expected} == expected


def test_errors_of_an_existing_load_balancer_are_no_alarm() -> None:
    assert "on-call-load-balancer-errors" not in _graph(own_load_balancer=False).names(ALARM)


def test_error_lines_are_counted_in_the_apps_log() -> None:
    inputs = _alarm(_graph(), "error-lines")
    metric_filter = _graph().one(FILTER).inputs

    assert metric_filter["pattern"] == '{ $.level = "error" }'
    assert metric_filter["logGroupName"] == "logs"
    assert metric_filter["metricTransformation"] == {
        "name": inputs["metricName"],
        "namespace": inputs["namespace"],
        "value": "1",
        "defaultValue": "0",
    }


@pytest.mark.parametrize("exposure", ["http", "none"])
def test_service_that_scales_to_zero_has_an_alarm_only_while_tasks_are_desired(exposure: str) -> None:
    """An alarm for missing data would be active every night; Container Insights measures the desired count."""
    graph = _graph(exposure=exposure, scales_to_zero=True)

    assert {alarm.inputs["treatMissingData"] for alarm in graph.all(ALARM)} == {"notBreaching"}
    missing, desired, running = _alarm(graph, "web-tasks-missing")["metricQueries"]
    assert missing["expression"] == "IF(desired > 0 AND FILL(running, 0) < 1, 1, 0)"
    assert desired["metric"]["metricName"] == "DesiredTaskCount"
    assert running["metric"]["metricName"] == "RunningTaskCount"
    assert desired["metric"]["dimensions"] == SERVICE_DIMENSIONS
    assert "on-call-web-tasks-missing" not in _graph(scales_to_zero=True, insights=False).names(ALARM)


def test_deployment_alarms_notify_the_topic_by_a_composite_alarm() -> None:
    """They have no notifications themselves; a second notification by the other alarms would be redundant."""
    inputs = _graph().one(COMPOSITE).inputs

    assert inputs["alarmRule"] == 'ALARM("web-errors") OR ALARM("web-latency")'
    assert (inputs["alarmActions"], inputs["okActions"]) == ([TOPIC], [TOPIC])
    assert inputs["alarmName"] == "node-on-ecs-prod-user-impact"


def test_urgent_topic_is_notified_of_user_impact_only() -> None:
    graph = _graph(urgent_topic_arn=PAGER)
    inputs = graph.one(COMPOSITE).inputs

    assert inputs["alarmRule"] == " OR ".join(
        f'ALARM("{name}")'
        for name in (
            "web-errors",
            "web-latency",
            "on-call-web-no-healthy-task-1a2b3c4",
            "on-call-load-balancer-errors-1a2b3c4",
        )
    )
    assert inputs["alarmActions"] == [PAGER]
    assert {tuple(alarm.inputs["alarmActions"]) for alarm in graph.all(ALARM)} == {(TOPIC,)}


def test_composite_alarms_have_at_most_as_many_alarms_as_aws_allows() -> None:
    graph = _graph(user_impact=tuple(f"alarm-{number}" for number in range(130)))

    assert [alarm.inputs["alarmRule"].count("ALARM(") for alarm in graph.all(COMPOSITE)] == [100, 30]
    assert [alarm.inputs["alarmName"] for alarm in graph.all(COMPOSITE)] == [
        "node-on-ecs-prod-user-impact",
        "node-on-ecs-prod-user-impact-2",
    ]


def test_ecs_events_of_failures_are_sent_to_the_topic() -> None:
    graph = _graph()
    names = [
        f"on-call-events-{name}"
        for name in ("deployment-failed", "task-crashed", "task-not-started", "task-placement-failed")
    ]

    assert graph.names(RULE) == graph.names(TARGET) == names
    for target in graph.all(TARGET):
        assert (target.inputs["arn"], target.inputs["rule"]) == (TOPIC, f"{target.name}-1a2b3c4")
    assert _graph(events=False).names(RULE) == []


@pytest.mark.parametrize(
    ("name", "detail_type", "expected"),
    [
        (
            "deployment-failed",
            "ECS Deployment State Change",
            {
                "resources": [{"prefix": f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/cluster/"}],
                "detail": {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]},
            },
        ),
        pytest.param(
            "task-crashed",
            "ECS Task State Change",
            {
                "detail": {
                    "clusterArn": [CLUSTER],
                    "lastStatus": ["STOPPED"],
                    "stopCode": ["EssentialContainerExited"],
                    "containers": {"exitCode": [{"anything-but": [0, 143]}]},
                }
            },
            id="task-crashed, but not stopped on request or completed",
        ),
        (
            "task-not-started",
            "ECS Task State Change",
            {
                "detail": {
                    "clusterArn": [CLUSTER],
                    "lastStatus": ["STOPPED"],
                    "stopCode": ["TaskFailedToStart"],
                }
            },
        ),
        (
            "task-placement-failed",
            "ECS Service Action",
            {
                "detail": {
                    "clusterArn": [CLUSTER],
                    "eventName": [
                        "SERVICE_TASK_PLACEMENT_FAILURE",
                        "SERVICE_TASK_CONFIGURATION_FAILURE",
                        "SERVICE_TASK_START_IMPAIRED",
                    ],
                }
            },
        ),
    ],
)
def test_event_rules_match_events_of_the_cluster(
    name: str, detail_type: str, expected: dict[str, Any]
) -> None:
    pattern = json.loads(_graph().one(RULE, f"on-call-events-{name}").inputs["eventPattern"])

    assert pattern == {"source": ["aws.ecs"], "detail-type": [detail_type], **expected}


def test_topic_is_required() -> None:
    with pytest.raises(ValueError, match="topic_arn"):
        _graph(topic_arn=None)
