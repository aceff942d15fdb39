"""Alarms and events that reach people: which there are, and what of each is told where."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.observability.on_call import OnCall, OnCallArgs, Watched
from infra.settings import NotificationSettings
from tests.unit.infra.factories import LOAD_BALANCER, autoscaling_settings, held, service_settings
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
ASLEEP_AT_NIGHT = [
    {"name": "sleep", "cron": "0 20 ? * * *", "min_count": 0, "max_count": 0},
    {"name": "wake", "cron": "0 7 ? * * *", "min_count": 1, "max_count": 2},
]
OF_SERVICE = {"ClusterName": "cluster", "ServiceName": "web-1"}


@once
def _graph(
    *,
    service: dict[str, Any] | None = None,
    groups: tuple[str, ...] = (BLUE,),
    felt: tuple[str, ...] = ("web-errors", "web-latency"),
    insights: bool = True,
    has_metrics: bool = True,
    own_balancer: bool = True,
    **settings: Any,
) -> Graph:
    service = dict(service or {})
    if service.pop("sleeps", False):
        service["autoscaling"] = autoscaling_settings(schedule=tuple(ASLEEP_AT_NIGHT))
    watched = Watched(
        settings=service_settings(**service),
        service_name="web-1",
        load_balancer=LOAD_BALANCER,
        target_groups=groups,
        felt_alarms=felt,
        has_metrics=has_metrics,
    )
    args = OnCallArgs(
        settings=NotificationSettings(**{"topic_arn": TOPIC, **settings}),
        place="node-on-ecs/prod",
        services=[watched],
        cluster_name="cluster",
        cluster_arn=CLUSTER,
        insights=insights,
        load_balancer=LOAD_BALANCER if own_balancer else None,
        log_group_name="logs",
    )
    return declare(lambda: OnCall("on-call", args, opts=held()))


def _worker(**more: Any) -> Graph:
    return _graph(
        service={"exposure": "none", "host": None, **more.pop("service", {})}, groups=(), felt=(), **more
    )


def _pattern(graph: Graph, name: str) -> Any:
    return json.loads(graph.one(RULE, f"on-call-events-{name}").inputs["eventPattern"])


def test_what_can_go_wrong_with_a_service_behind_a_load_balancer_is_watched() -> None:
    assert _graph().names(ALARM) == [
        "on-call-error-lines",
        "on-call-load-balancer-errors",
        "on-call-web-cpu",
        "on-call-web-memory",
        "on-call-web-no-healthy-task",
        "on-call-web-unhealthy-share",
    ]


def test_every_alarm_tells_the_topic_when_it_begins_and_when_it_is_over() -> None:
    for alarm in _graph().all(ALARM):
        assert (alarm.inputs["alarmActions"], alarm.inputs["okActions"]) == ([TOPIC], [TOPIC]), alarm.name
        assert alarm.inputs["alarmDescription"].startswith("node-on-ecs/prod: "), alarm.name


def test_no_healthy_task_rings_within_two_minutes_and_when_nothing_is_measured() -> None:
    """A target group without any task has no metrics: silence is the worst case."""
    inputs = _graph().one(ALARM, "on-call-web-no-healthy-task").inputs

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


def test_of_two_target_groups_the_tasks_are_counted_together() -> None:
    """One of the two is always empty, and which one changes with each deployment."""
    graph = _graph(groups=(BLUE, GREEN))
    healthy, share = (
        graph.one(ALARM, f"on-call-web-{name}").inputs["metricQueries"]
        for name in ("no-healthy-task", "unhealthy-share")
    )

    assert healthy[0]["expression"] == "FILL(healthy0, 0) + FILL(healthy1, 0)"
    assert [one["metric"]["dimensions"]["TargetGroup"] for one in healthy[1:]] == [BLUE, GREEN]
    assert share[0]["expression"] == (
        "100 * (FILL(unhealthy0, 0) + FILL(unhealthy1, 0)) / (FILL(healthy0, 0) + FILL(healthy1, 0)"
        " + FILL(unhealthy0, 0) + FILL(unhealthy1, 0))"
    )


def test_all_else_is_silent_where_nothing_is_measured() -> None:
    silent = [one for one in _graph().all(ALARM) if one.name != "on-call-web-no-healthy-task"]

    assert {one.inputs["treatMissingData"] for one in silent} == {"notBreaching"}
    assert {one.inputs["evaluationPeriods"] for one in silent} == {5}


def test_cpu_and_memory_are_the_service_s_own() -> None:
    graph = _graph(cpu_percent=80)

    for name, metric, threshold in (("cpu", "CPUUtilization", 80), ("memory", "MemoryUtilization", 90)):
        inputs = graph.one(ALARM, f"on-call-web-{name}").inputs
        assert (inputs["namespace"], inputs["metricName"], inputs["threshold"]) == (
            "AWS/ECS",
            metric,
            threshold,
        )
        assert inputs["dimensions"] == OF_SERVICE


def test_errors_of_the_load_balancer_itself_are_counted_for_the_stack_s_own() -> None:
    inputs = _graph(load_balancer_errors=7).one(ALARM, "on-call-load-balancer-errors").inputs

    assert (inputs["metricName"], inputs["statistic"], inputs["threshold"]) == (
        "HTTPCode_ELB_5XX_Count",
        "Sum",
        7,
    )
    assert inputs["dimensions"] == {"LoadBalancer": LOAD_BALANCER}
    assert "on-call-load-balancer-errors" not in _graph(own_balancer=False).names(ALARM)


def test_error_lines_of_the_app_are_counted_in_its_log() -> None:
    graph = _graph()
    counted = graph.one(FILTER).inputs
    inputs = graph.one(ALARM, "on-call-error-lines").inputs

    assert counted["pattern"] == '{ $.level = "error" }'
    assert counted["logGroupName"] == "logs"
    assert counted["metricTransformation"] == {
        "name": inputs["metricName"],
        "namespace": inputs["namespace"],
        "value": "1",
        "defaultValue": "0",
    }


def test_a_service_that_nothing_leads_to_rings_when_no_task_runs() -> None:
    graph = _worker()
    inputs = graph.one(ALARM, "on-call-web-no-running-task").inputs

    assert (inputs["metricName"], inputs["statistic"], inputs["threshold"]) == (
        "CPUUtilization",
        "SampleCount",
        1,
    )
    assert (inputs["treatMissingData"], inputs["dimensions"]) == ("breaching", OF_SERVICE)
    assert "on-call-web-no-healthy-task" not in graph.names(ALARM)


@pytest.mark.parametrize("behind", [True, False], ids=["behind a load balancer", "alone"])
def test_nothing_rings_for_a_service_that_sleeps_by_its_schedule(behind: bool) -> None:  # noqa: FBT001
    """What rings for silence would ring each evening. In the morning Container Insights knows better."""
    sleeps = {"sleeps": True}
    graph = _graph(service=sleeps) if behind else _worker(service=sleeps)

    assert {one.inputs["treatMissingData"] for one in graph.all(ALARM)} == {"notBreaching"}
    missing, desired, running = graph.one(ALARM, "on-call-web-not-awake").inputs["metricQueries"]
    assert missing["expression"] == "IF(desired > 0 AND FILL(running, 0) < 1, 1, 0)"
    assert [one["metric"]["metricName"] for one in (desired, running)] == [
        "DesiredTaskCount",
        "RunningTaskCount",
    ]
    assert desired["metric"]["dimensions"] == OF_SERVICE


def test_without_container_insights_nobody_knows_whether_a_service_should_be_awake() -> None:
    assert "on-call-web-not-awake" not in _graph(service={"sleeps": True}, insights=False).names(ALARM)


def test_a_service_for_schedules_alone_has_no_alarms_of_its_own() -> None:
    assert _worker(service={"desired_count": 0}).names(ALARM) == [
        "on-call-error-lines",
        "on-call-load-balancer-errors",
    ]


def test_of_machines_outside_aws_ecs_measures_nothing() -> None:
    assert _worker(has_metrics=False).names(ALARM) == ["on-call-error-lines", "on-call-load-balancer-errors"]


def test_a_threshold_of_zero_is_no_alarm() -> None:
    none = dict.fromkeys(
        ("load_balancer_errors", "unhealthy_percent", "cpu_percent", "memory_percent", "error_lines"), 0
    )
    graph = _graph(**none)

    assert graph.names(ALARM) == ["on-call-web-no-healthy-task"]
    assert graph.names(FILTER) == []


def test_users_are_hurt_by_what_no_other_alarm_tells_the_one_topic() -> None:
    """Deployment alarms tell nobody by themselves; the others would be told twice."""
    inputs = _graph().one(COMPOSITE).inputs

    assert inputs["alarmRule"] == 'ALARM("web-errors") OR ALARM("web-latency")'
    assert (inputs["alarmActions"], inputs["okActions"]) == ([TOPIC], [TOPIC])
    assert inputs["alarmName"] == "node-on-ecs-prod-users-are-hurt"


def test_a_pager_of_its_own_is_told_of_all_by_which_users_are_hurt_and_of_nothing_else() -> None:
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
    assert {tuple(one.inputs["alarmActions"]) for one in graph.all(ALARM)} == {(TOPIC,)}


def test_a_rule_names_no_more_alarms_than_aws_allows() -> None:
    graph = _graph(felt=tuple(f"alarm-{number}" for number in range(130)))

    assert [one.inputs["alarmRule"].count("ALARM(") for one in graph.all(COMPOSITE)] == [100, 30]
    assert [one.inputs["alarmName"] for one in graph.all(COMPOSITE)] == [
        "node-on-ecs-prod-users-are-hurt",
        "node-on-ecs-prod-users-are-hurt-2",
    ]


def test_what_ecs_says_of_failures_reaches_the_topic() -> None:
    graph = _graph()
    names = [
        f"on-call-events-{name}"
        for name in ("deployment-failed", "task-crashed", "task-not-started", "task-without-place")
    ]

    assert graph.names(RULE) == graph.names(TARGET) == names
    assert {one.inputs["arn"] for one in graph.all(TARGET)} == {TOPIC}
    assert [one.inputs["rule"] for one in graph.all(TARGET)] == [
        f"{one.name}-1a2b3c4" for one in graph.all(TARGET)
    ]
    assert _graph(events=False).names(RULE) == []


def test_a_deployment_that_failed_is_one_of_this_cluster_s_services() -> None:
    assert _pattern(_graph(), "deployment-failed") == {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Deployment State Change"],
        "resources": [{"prefix": f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/cluster/"}],
        "detail": {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]},
    }


def test_a_task_crashes_by_itself_and_with_an_error() -> None:
    """One that was asked to stop, and a scheduled one that is done, are no news."""
    assert _pattern(_graph(), "task-crashed") == {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Task State Change"],
        "detail": {
            "clusterArn": [CLUSTER],
            "lastStatus": ["STOPPED"],
            "stopCode": ["EssentialContainerExited"],
            "containers": {"exitCode": [{"anything-but": [0, 143]}]},
        },
    }


def test_a_task_without_a_place_or_a_start_is_one_of_this_cluster_s() -> None:
    assert _pattern(_graph(), "task-not-started")["detail"] == {
        "clusterArn": [CLUSTER],
        "lastStatus": ["STOPPED"],
        "stopCode": ["TaskFailedToStart"],
    }
    place = _pattern(_graph(), "task-without-place")
    assert place["detail-type"] == ["ECS Service Action"]
    assert place["detail"]["clusterArn"] == [CLUSTER]
    assert "SERVICE_TASK_PLACEMENT_FAILURE" in place["detail"]["eventName"]


def test_without_a_topic_there_is_nobody_to_tell() -> None:
    with pytest.raises(ValueError, match="topic_arn"):
        _graph(topic_arn=None)
