"""Flow logs of the VPC, in a bucket or a log group."""

from __future__ import annotations

import json

from infra.network.flow_logs import FlowLogs, FlowLogsArgs
from tests.unit.infra.factories import account, child_options
from tests.unit.infra.recorder import Graph, declare, once

FLOW_LOG = "aws:ec2/flowLog:FlowLog"


@once
def _graph(*, bucket: str | None) -> Graph:
    args = FlowLogsArgs(
        account=account(),
        vpc_id="vpc-1",
        bucket=bucket,
        prefix="node-on-ecs/dev",
        retention_days=30,
        key_arn="arn:of:the:key",
    )
    return declare(lambda: FlowLogs("flow-logs", args, opts=child_options()))


def test_flow_logs_in_a_bucket_have_the_prefix_of_the_stack() -> None:
    graph = _graph(bucket="logs")

    assert graph.one(FLOW_LOG).inputs == {
        "vpcId": "vpc-1",
        "trafficType": "ALL",
        "logDestinationType": "s3",
        "logDestination": "arn:aws:s3:::logs/node-on-ecs/dev/",
    }
    assert graph.all("aws:iam/role:Role") == []


def test_flow_logs_in_a_log_group_have_a_role_that_can_only_write_there() -> None:
    graph = _graph(bucket=None)
    group = graph.one("aws:cloudwatch/logGroup:LogGroup").inputs
    write, describe = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])["Statement"]

    assert (group["retentionInDays"], group["kmsKeyId"]) == (30, "arn:of:the:key")
    assert write["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert write["Resource"].endswith(":log-group:flow-logs-1a2b3c4:*")
    assert describe["Action"] == ["logs:DescribeLogGroups", "logs:DescribeLogStreams"]
    assert graph.one(FLOW_LOG).inputs["logDestinationType"] == "cloud-watch-logs"
