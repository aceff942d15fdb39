"""Composite alarms, metric filters, events, endpoints, flow logs, dashboards and saved queries."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.integration.resources.example import Example, Workbench, one_by_one
from tests.integration.resources.examples_monitoring import ALARM, TOPIC
from tests.integration.resources.examples_network import group_id, subnet_id, table_id, vpc_id
from tests.integration.resources.examples_services import LOG_GROUP

if TYPE_CHECKING:
    from local.resources.base import Properties

ROLE_ARN = "arn:aws:iam::000000000000:role/r"


def rule_name(bench: Workbench) -> str:
    return bench.make("aws:cloudwatch/eventRule:EventRule", {"scheduleExpression": "rate(1 hour)"}).id


def alarm_name(bench: Workbench) -> str:
    inputs: Properties = {
        "metricName": "m",
        "namespace": "n",
        "statistic": "Sum",
        "period": 60,
        "evaluationPeriods": 1,
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": 1,
    }
    return bench.make(ALARM, inputs).id


def log_group_name(bench: Workbench) -> str:
    return bench.make(LOG_GROUP, {}).id


_PATTERN = json.dumps({"source": ["aws.ecs"], "detail-type": ["ECS Task State Change"]})

_WIDGETS = '{"widgets": [{"type": "text", "properties": {"markdown": "hello"}}]}'

EXAMPLES = [
    Example(
        "aws:cloudwatch/compositeAlarm:CompositeAlarm",
        lambda bench: {"alarmName": bench.name, "alarmRule": f"ALARM({alarm_name(bench)})"},
        changes=one_by_one(
            alarmRule=lambda bench: f"OK({alarm_name(bench)})",
            alarmActions=[TOPIC],
            okActions=[TOPIC],
            alarmDescription="x",
        ),
        replacements=({"alarmName": "chosen"},),
    ),
    Example(
        "aws:cloudwatch/logMetricFilter:LogMetricFilter",
        lambda bench: {
            "logGroupName": log_group_name(bench),
            "pattern": "{ $.level = 50 }",
            "metricTransformation": {"name": "Errors", "namespace": "app", "value": "1"},
        },
        changes=one_by_one(
            pattern="ERROR",
            metricTransformation={"name": "Errors", "namespace": "app", "value": "2", "defaultValue": "5"},
        ),
        replacements=one_by_one(logGroupName=log_group_name, name="chosen"),
    ),
    Example(
        "aws:cloudwatch/eventRule:EventRule",
        lambda _: {"eventPattern": _PATTERN},
        changes=(
            *one_by_one(description="x", state="DISABLED", eventPattern='{"source": ["aws.ec2"]}'),
            {"eventPattern": None, "scheduleExpression": "rate(1 hour)"},
        ),
        replacements=({"name": "chosen"},),
    ),
    Example(
        "aws:cloudwatch/eventTarget:EventTarget",
        lambda bench: {"rule": rule_name(bench), "arn": TOPIC},
        changes=one_by_one(arn=f"{TOPIC}-2", input='{"a": 1}', roleArn=ROLE_ARN),
        replacements=one_by_one(rule=rule_name, targetId="chosen"),
    ),
    Example(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        lambda bench: {
            "vpcId": vpc_id(bench),
            "serviceName": "com.amazonaws.us-east-1.s3",
            "routeTableIds": [table_id(bench)],
        },
        changes=({"routeTableIds": lambda bench: [table_id(bench), table_id(bench)]},),
        replacements=(
            {"serviceName": "com.amazonaws.us-east-1.dynamodb"},
            {"vpcId": vpc_id},
            {"vpcEndpointType": "Interface", "routeTableIds": None},
        ),
    ),
    Example(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        lambda bench: {
            "vpcId": vpc_id(bench),
            "serviceName": "com.amazonaws.us-east-1.ecr.api",
            "vpcEndpointType": "Interface",
            "subnetIds": [subnet_id(bench)],
        },
        changes=one_by_one(
            privateDnsEnabled=True,
            securityGroupIds=lambda bench: [group_id(bench)],
            subnetIds=lambda bench: [subnet_id(bench)],
        ),
    ),
    Example(
        "aws:ec2/flowLog:FlowLog",
        lambda bench: {
            "vpcId": vpc_id(bench),
            "trafficType": "ALL",
            "logDestinationType": "s3",
            "logDestination": "arn:aws:s3:::logs/a/",
        },
        replacements=(
            *one_by_one(vpcId=vpc_id, trafficType="REJECT", logDestination="arn:aws:s3:::logs/b/"),
            {
                "logDestinationType": "cloud-watch-logs",
                "logDestination": "arn:aws:logs:us-east-1:000000000000:log-group:flows",
                "iamRoleArn": ROLE_ARN,
            },
        ),
    ),
    Example(
        "aws:cloudwatch/dashboard:Dashboard",
        lambda _: {"dashboardBody": '{"widgets": []}'},
        changes=({"dashboardBody": _WIDGETS},),
        replacements=({"dashboardName": "chosen"},),
    ),
    Example(
        "aws:cloudwatch/queryDefinition:QueryDefinition",
        lambda bench: {
            "name": bench.name,
            "logGroupNames": [log_group_name(bench)],
            "queryString": "fields @message",
        },
        changes=one_by_one(
            queryString="fields @timestamp",
            name="other",
            logGroupNames=lambda bench: [log_group_name(bench)],
        ),
    ),
]
