"""Alarms and autoscaling; of the latter the emulator knows nothing, so only the form is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.integration.resources.example import Example, Made, Workbench

if TYPE_CHECKING:
    from local.resources.base import Properties
    from local.resources.cloud import Cloud

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
TARGET = "aws:appautoscaling/target:Target"
POLICY = "aws:appautoscaling/policy:Policy"
SCHEDULED = "aws:appautoscaling/scheduledAction:ScheduledAction"

DIMENSIONS = {"TargetGroup": "targetgroup/web/0123", "LoadBalancer": "app/lb/0123"}
WHERE = {
    "resourceId": "service/cluster/web",
    "scalableDimension": "ecs:service:DesiredCount",
    "serviceNamespace": "ecs",
}


def _latency(_bench: Workbench) -> Properties:
    return {
        "alarmDescription": "Slow",
        "comparisonOperator": "GreaterThanThreshold",
        "dimensions": DIMENSIONS,
        "evaluateLowSampleCountPercentiles": "ignore",
        "evaluationPeriods": 3,
        "extendedStatistic": "p99",
        "metricName": "TargetResponseTime",
        "namespace": "AWS/ApplicationELB",
        "period": 60,
        "threshold": 1.5,
        "treatMissingData": "notBreaching",
    }


def _unhealthy(_bench: Workbench) -> Properties:
    return {
        "comparisonOperator": "GreaterThanOrEqualToThreshold",
        "dimensions": DIMENSIONS,
        "evaluationPeriods": 3,
        "metricName": "UnHealthyHostCount",
        "namespace": "AWS/ApplicationELB",
        "period": 60,
        "statistic": "Maximum",
        "threshold": 1,
        "treatMissingData": "notBreaching",
    }


def _errors(_bench: Workbench) -> Properties:
    return {
        "comparisonOperator": "GreaterThanThreshold",
        "evaluationPeriods": 3,
        "metricQueries": [
            {"id": "share", "expression": "100 * failed / requests", "label": "Share", "returnData": True},
            {"id": "failed", "metric": _counted("HTTPCode_Target_5XX_Count")},
            {"id": "requests", "metric": _counted("RequestCount")},
        ],
        "threshold": 5,
        "treatMissingData": "notBreaching",
    }


def _counted(metric: str) -> Properties:
    return {
        "dimensions": DIMENSIONS,
        "metricName": metric,
        "namespace": "AWS/ApplicationELB",
        "period": 60,
        "stat": "Sum",
    }


def _loosen(cloud: Cloud, made: Made) -> None:
    (alarm,) = cloud.client("cloudwatch").describe_alarms(AlarmNames=[made.id])["MetricAlarms"]
    kept = {
        key: alarm[key]
        for key in (
            "AlarmName",
            "AlarmDescription",
            "ComparisonOperator",
            "Dimensions",
            "EvaluationPeriods",
            "ExtendedStatistic",
            "MetricName",
            "Namespace",
            "Period",
            "TreatMissingData",
        )
        if key in alarm
    }
    cloud.client("cloudwatch").put_metric_alarm(**kept, Threshold=99)


def _target(_bench: Workbench) -> Properties:
    return {**WHERE, "minCapacity": 1, "maxCapacity": 4}


def _by_cpu(_bench: Workbench) -> Properties:
    return {
        **WHERE,
        "policyType": "TargetTrackingScaling",
        "targetTrackingScalingPolicyConfiguration": {
            "targetValue": 60,
            "predefinedMetricSpecification": {"predefinedMetricType": "ECSServiceAverageCPUUtilization"},
            "scaleInCooldown": 300,
            "scaleOutCooldown": 60,
        },
    }


def _by_requests(_bench: Workbench) -> Properties:
    metric = {
        "namespace": "AWS/ApplicationELB",
        "metricName": "RequestCountPerTarget",
        "dimensions": [{"name": name, "value": value} for name, value in DIMENSIONS.items()],
    }
    metrics = [
        {"id": "group0", "returnData": False, "metricStat": {"stat": "Sum", "metric": metric}},
        {"id": "total", "expression": "FILL(group0, 0)", "returnData": True},
    ]
    return {
        **WHERE,
        "policyType": "TargetTrackingScaling",
        "targetTrackingScalingPolicyConfiguration": {
            "targetValue": 1000,
            "customizedMetricSpecification": {"metrics": metrics},
        },
    }


def _in_the_evening(_bench: Workbench) -> Properties:
    return {
        **WHERE,
        "schedule": "cron(0 19 ? * MON-FRI *)",
        "timezone": "Europe/Berlin",
        "scalableTargetAction": {"minCapacity": 0, "maxCapacity": 0},
    }


EXAMPLES = [
    Example(
        ALARM,
        _latency,
        update=lambda _: {"threshold": 2, "evaluationPeriods": 2, "alarmDescription": "Slower"},
        tamper=_loosen,
        tampered="threshold",
        outputs=("arn", "name"),
    ),
    Example(ALARM, _unhealthy, update=lambda _: {"threshold": 2, "statistic": "Average"}),
    Example(ALARM, _errors, update=lambda bench: {"metricQueries": _errors(bench)["metricQueries"][:2]}),
    Example(
        TARGET,
        _target,
        update=lambda _: {"maxCapacity": 9},
        survives=True,
        found_again=False,
        outputs=("tags",),
    ),
    Example(
        POLICY,
        _by_cpu,
        update=lambda bench: {
            "targetTrackingScalingPolicyConfiguration": _by_requests(bench)[
                "targetTrackingScalingPolicyConfiguration"
            ]
        },
        survives=True,
        found_again=False,
        outputs=("name",),
    ),
    Example(POLICY, _by_requests, survives=True, found_again=False),
    Example(
        SCHEDULED,
        _in_the_evening,
        update=lambda _: {"schedule": "cron(0 20 ? * MON-FRI *)", "timezone": "UTC"},
        survives=True,
        found_again=False,
        outputs=("name",),
    ),
]
