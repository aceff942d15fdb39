"""Alarms, and autoscaling, which is only recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.integration.resources.example import Example, Made, Workbench, one_by_one

if TYPE_CHECKING:
    from local.resources.base import Properties
    from local.resources.cloud import Cloud

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
TARGET = "aws:appautoscaling/target:Target"
POLICY = "aws:appautoscaling/policy:Policy"
SCHEDULED = "aws:appautoscaling/scheduledAction:ScheduledAction"

TOPIC = "arn:aws:sns:us-east-1:000000000000:alarms"
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


def _errors(_bench: Workbench | None) -> Properties:
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


_PER_TARGET = {
    "namespace": "AWS/ApplicationELB",
    "metricName": "RequestCountPerTarget",
    "dimensions": [{"name": name, "value": value} for name, value in DIMENSIONS.items()],
}
_BY_REQUESTS = {
    "targetValue": 1000,
    "customizedMetricSpecification": {
        "metrics": [
            {"id": "group0", "returnData": False, "metricStat": {"stat": "Sum", "metric": _PER_TARGET}},
            {"id": "total", "expression": "FILL(group0, 0)", "returnData": True},
        ]
    },
}
_ELSEWHERE = one_by_one(
    resourceId="table/orders",
    scalableDimension="dynamodb:table:ReadCapacityUnits",
    serviceNamespace="dynamodb",
)


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
        changes=(
            *one_by_one(
                threshold=2,
                evaluationPeriods=2,
                alarmDescription="Slower",
                alarmActions=[TOPIC],
                okActions=[TOPIC, f"{TOPIC}-2"],
                comparisonOperator="LessThanThreshold",
                dimensions={"LoadBalancer": "app/lb/4567"},
                evaluateLowSampleCountPercentiles="evaluate",
                metricName="RequestCount",
                namespace="AWS/Other",
                period=300,
                treatMissingData="breaching",
                unit="Seconds",
            ),
            {"extendedStatistic": None, "statistic": "Maximum"},
            {"alarmDescription": None, "okActions": None},
        ),
        replacements=({"name": "chosen"},),
    ),
    Example(ALARM, _latency, by_hand={"threshold": _loosen}),
    Example(ALARM, _errors, changes=({"metricQueries": _errors(None)["metricQueries"][:2]},)),
    Example(
        TARGET,
        _target,
        changes=one_by_one(
            maxCapacity=9,
            minCapacity=2,
            roleArn="arn:aws:iam::000000000000:role/scaling",
        ),
        replacements=_ELSEWHERE,
    ),
    Example(
        POLICY,
        _by_cpu,
        changes=one_by_one(targetTrackingScalingPolicyConfiguration=_BY_REQUESTS, policyType="StepScaling"),
        replacements=(*_ELSEWHERE, {"name": "chosen"}),
    ),
    Example(
        SCHEDULED,
        _in_the_evening,
        changes=one_by_one(
            schedule="cron(0 20 ? * MON-FRI *)",
            timezone="UTC",
            scalableTargetAction={"minCapacity": 1, "maxCapacity": 2},
        ),
        replacements=(*_ELSEWHERE, {"name": "chosen"}),
    ),
]
