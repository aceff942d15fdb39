"""Types that no shipped stack has yet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.integration.resources.example import Example, Workbench, one_by_one
from tests.integration.resources.examples_monitoring import ALARM
from tests.integration.resources.examples_network import (
    VPC,
    group_id,
    make_group,
    subnet_id,
    table_id,
    vpc_id,
)
from tests.integration.resources.examples_services import LOG_GROUP, make_cluster, policy_text

if TYPE_CHECKING:
    from local.resources.base import Properties

FILE_SYSTEM = "aws:efs/fileSystem:FileSystem"
TOPIC = "arn:aws:sns:us-east-1:000000000000:alarms"
ROLE_ARN = "arn:aws:iam::000000000000:role/r"


def file_system_id(bench: Workbench) -> str:
    return bench.make(FILE_SYSTEM, {"creationToken": f"{bench.name}-{len(bench.made)}"}).id


def topic_arn(bench: Workbench) -> str:
    return bench.make("aws:sns/topic:Topic", {}).id


def rule_name(bench: Workbench) -> str:
    return bench.make("aws:cloudwatch/eventRule:EventRule", {"scheduleExpression": "rate(1 hour)"}).id


def alarm_name(bench: Workbench) -> str:
    inputs = {"metricName": "m", "namespace": "n", "statistic": "Sum", "period": 60, "evaluationPeriods": 1}
    return bench.make(ALARM, {**inputs, "comparisonOperator": "GreaterThanThreshold", "threshold": 1}).id


def schedule_group(bench: Workbench) -> str:
    bench.cloud.client("scheduler").create_schedule_group(Name=bench.name)
    return bench.name


def log_group_name(bench: Workbench) -> str:
    return bench.make(LOG_GROUP, {}).id


def target(bench: Workbench) -> Properties:
    ecs = {
        "taskDefinitionArn": "arn:aws:ecs:us-east-1:000000000000:task-definition/t:1",
        "launchType": "FARGATE",
    }
    return {"arn": make_cluster(bench).outputs["arn"], "roleArn": ROLE_ARN, "ecsParameters": ecs}


def _group_beside_the_subnet(bench: Workbench) -> list[str]:
    vpc = next(made for made in bench.made if made.token == VPC)
    return [make_group(bench, vpc).id]


_WIDGETS = '{"widgets": [{"type": "text", "properties": {"markdown": "hello"}}]}'
_PATTERN = json.dumps({"source": ["aws.ecs"], "detail-type": ["ECS Task State Change"]})

EXAMPLES = [
    Example(
        "aws:sns/topic:Topic",
        lambda _: {"displayName": "Alarms"},
        changes=one_by_one(
            displayName="Other",
            kmsMasterKeyId="alias/k",
            policy=policy_text("sns:Publish", Resource="*", Principal="*"),
        ),
        replacements=({"name": "chosen"},),
        by_hand={
            "displayName": lambda cloud, made: cloud.client("sns").set_topic_attributes(
                TopicArn=made.id, AttributeName="DisplayName", AttributeValue="by hand"
            )
        },
        outputs=("arn", "owner"),
    ),
    Example(
        FILE_SYSTEM,
        lambda bench: {"encrypted": True, "creationToken": bench.name},
        changes=({"throughputMode": "provisioned", "provisionedThroughputInMibps": 10},),
        replacements=(
            *({"creationToken": lambda bench: f"{bench.name}-2", "encrypted": False},),
            {
                "creationToken": lambda bench: f"{bench.name}-3",
                "kmsKeyId": "arn:aws:kms:us-east-1:000000000000:key/k",
                "encrypted": True,
            },
            {"creationToken": lambda bench: f"{bench.name}-4", "performanceMode": "maxIO"},
            {"creationToken": lambda bench: f"{bench.name}-5", "availabilityZoneName": "us-east-1a"},
        ),
        outputs=("arn", "ownerId"),
    ),
    Example(
        "aws:efs/accessPoint:AccessPoint",
        lambda bench: {
            "fileSystemId": file_system_id(bench),
            "posixUser": {"uid": 1000, "gid": 1000},
            "rootDirectory": {
                "path": "/data",
                "creationInfo": {"ownerUid": 1000, "ownerGid": 1000, "permissions": "755"},
            },
        },
        replacements=one_by_one(
            fileSystemId=file_system_id,
            posixUser={"uid": 1, "gid": 1, "secondaryGids": [2]},
            rootDirectory={"path": "/"},
        ),
        outputs=("arn",),
    ),
    Example(
        "aws:efs/backupPolicy:BackupPolicy",
        lambda bench: {"fileSystemId": file_system_id(bench), "backupPolicy": {"status": "ENABLED"}},
        changes=({"backupPolicy": {"status": "DISABLED"}},),
        replacements=({"fileSystemId": file_system_id},),
        survives=True,
    ),
    Example(
        "aws:efs/mountTarget:MountTarget",
        lambda bench: {"fileSystemId": file_system_id(bench), "subnetId": subnet_id(bench)},
        changes=({"securityGroups": _group_beside_the_subnet},),
        replacements=(
            {"subnetId": subnet_id, "securityGroups": None},
            *one_by_one(ipAddress="10.0.0.9", fileSystemId=file_system_id),
        ),
    ),
    Example(
        "aws:iam/instanceProfile:InstanceProfile",
        lambda _: {},
        replacements=one_by_one(path="/other/", name="chosen"),
        outputs=("arn",),
    ),
    Example(
        "aws:cloudwatch/dashboard:Dashboard",
        lambda _: {"dashboardBody": '{"widgets": []}'},
        changes=({"dashboardBody": _WIDGETS},),
        replacements=({"dashboardName": "chosen"},),
        outputs=("dashboardArn",),
    ),
    Example(
        "aws:cloudwatch/compositeAlarm:CompositeAlarm",
        lambda bench: {"alarmRule": f"ALARM({alarm_name(bench)})"},
        changes=one_by_one(
            alarmRule=lambda bench: f"OK({alarm_name(bench)})",
            actionsEnabled=False,
            alarmActions=[TOPIC],
            okActions=[TOPIC],
            insufficientDataActions=[TOPIC],
            alarmDescription="x",
        ),
        replacements=({"alarmName": "chosen"},),
        outputs=("arn",),
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
        outputs=("arn",),
    ),
    Example(
        "aws:scheduler/schedule:Schedule",
        lambda bench: {
            "scheduleExpression": "rate(1 hour)",
            "flexibleTimeWindow": {"mode": "OFF"},
            "target": target(bench),
        },
        changes=(
            *one_by_one(
                startDate="2027-01-01T00:00:00Z",
                endDate="2028-01-01T00:00:00Z",
                description="x",
                scheduleExpression="cron(0 3 * * ? *)",
                scheduleExpressionTimezone="Europe/Berlin",
                state="DISABLED",
                flexibleTimeWindow={"mode": "FLEXIBLE", "maximumWindowInMinutes": 5},
                target=target,
            ),
            {"description": None},
        ),
        replacements=one_by_one(groupName=schedule_group, name="chosen"),
        outputs=("arn",),
    ),
    Example(
        "aws:cloudwatch/eventTarget:EventTarget",
        lambda bench: {"rule": rule_name(bench), "arn": TOPIC},
        changes=one_by_one(arn=f"{TOPIC}-2", input='{"a": 1}', roleArn=ROLE_ARN),
        replacements=one_by_one(rule=rule_name, targetId="chosen"),
    ),
    Example(
        "aws:cloudwatch/eventTarget:EventTarget",
        lambda bench: {"rule": rule_name(bench), "arn": TOPIC},
        changes=({"inputPath": "$.detail"},),
    ),
    Example(
        "aws:sns/topicSubscription:TopicSubscription",
        lambda bench: {"topic": topic_arn(bench), "protocol": "email", "endpoint": "on-call@example.com"},
        replacements=one_by_one(endpoint="other@example.com", protocol="email-json", topic=topic_arn),
        outputs=("arn",),
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
        outputs=("arn",),
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
]
