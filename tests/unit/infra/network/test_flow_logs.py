"""Who spoke with whom in the VPC, and where that is written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.network.flow_logs import FlowLogs, FlowLogsArgs
from tests.unit.infra.factories import account, held
from tests.unit.infra.recorder import Graph, declare, once

FLOW_LOG = "aws:ec2/flowLog:FlowLog"


@once
def _graph(**changes: Any) -> Graph:
    usual = {
        "to": "bucket",
        "bucket": "logs",
        "prefix": "node-on-ecs/dev",
        "retention_days": 30,
        "key_arn": None,
    }
    args = FlowLogsArgs(account=account(), vpc_id="vpc-1", **{**usual, **changes})
    return declare(lambda: FlowLogs("flow-logs", args, opts=held()))


def test_they_go_below_the_stack_s_prefix_of_the_bucket() -> None:
    assert _graph().one(FLOW_LOG).inputs == {
        "vpcId": "vpc-1",
        "trafficType": "ALL",
        "logDestinationType": "s3",
        "logDestination": "arn:aws:s3:::logs/node-on-ecs/dev/",
    }
    assert _graph().all("aws:iam/role:Role") == []


def test_they_go_to_a_log_group_by_a_role_that_may_do_nothing_else() -> None:
    graph = _graph(to="log-group", bucket=None, key_arn="arn:of:the:key")
    group = graph.one("aws:cloudwatch/logGroup:LogGroup").inputs
    write, look = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])["Statement"]

    assert (group["retentionInDays"], group["kmsKeyId"]) == (30, "arn:of:the:key")
    assert write["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert write["Resource"].endswith(":log-group:flow-logs-1a2b3c4:*")
    assert look["Action"] == ["logs:DescribeLogGroups", "logs:DescribeLogStreams"]
    assert graph.one(FLOW_LOG).inputs["logDestinationType"] == "cloud-watch-logs"


def test_a_bucket_has_a_name() -> None:
    with pytest.raises(ValueError, match="bucket None"):
        _graph(bucket=None)
