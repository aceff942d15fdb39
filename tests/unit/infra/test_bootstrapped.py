"""The value `bootstrap` in a stack file: what `bootstrap/` has made for the account, or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.infra.conftest import DeclareStack, declare_program
from tests.unit.infra.fake_cloud import BOOTSTRAPPED, FakeCloud
from tests.unit.infra.recorder import Graph

ASKED = {
    "log-bucket": "bootstrap",
    "log-key-arn": "bootstrap",
    "flow-logs": "bucket",
    "notifications": {"topic-arn": "bootstrap"},
}
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
FUNCTION = "aws:ssm/getParametersByPath:getParametersByPath"


def declared(app: Path, bootstrapped: dict[str, str], changes: dict[str, Any] = ASKED) -> Graph:
    return declare_program("dev", changes, app=app, cloud=FakeCloud(bootstrapped=bootstrapped))


def balancer_of(graph: Graph) -> dict[str, Any]:
    return graph.one("aws:lb/loadBalancer:LoadBalancer").inputs


def test_logs_and_alarms_go_where_bootstrap_has_made_a_place(app: Path) -> None:
    graph = declared(app, BOOTSTRAPPED)
    destination = graph.one(FLOW_LOG).inputs["logDestination"]
    actions = {action for one in graph.all(ALARM) for action in one.inputs.get("alarmActions", ())}

    assert balancer_of(graph)["accessLogs"]["bucket"] == BOOTSTRAPPED["log-bucket"]
    assert destination == f"arn:aws:s3:::{BOOTSTRAPPED['log-bucket']}/node-on-ecs/dev/"
    assert {one.inputs["kmsKeyId"] for one in graph.all(LOG_GROUP)} == {BOOTSTRAPPED["log-key-arn"]}
    assert BOOTSTRAPPED["topic-arn"] in actions


def test_a_stack_in_an_account_without_bootstrap_works_and_goes_without(
    app: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warned: list[str] = []
    monkeypatch.setattr("pulumi.log.warn", lambda text, *_: warned.append(text))
    graph = declared(app, {})

    assert "accessLogs" not in balancer_of(graph)
    assert graph.all(FLOW_LOG) == []
    assert [one.name for one in graph.all(LOG_GROUP) if "kmsKeyId" in one.inputs] == []
    assert [one.name for one in graph.resources if one.name.startswith("on-call")] == []
    assert [text.partition(":")[0] for text in warned] == ["log-bucket", "log-key-arn", "topic-arn"]
    assert "Run bootstrap/ once (docs/bootstrap.md), or set the name of another one" in warned[0]


def test_what_an_account_has_in_part_is_used_in_part(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`log-key: false` in `bootstrap/` makes no key."""
    warned: list[str] = []
    monkeypatch.setattr("pulumi.log.warn", lambda text, *_: warned.append(text))
    graph = declared(app, {"log-bucket": "logs"})

    assert graph.one(FLOW_LOG).inputs["logDestination"] == "arn:aws:s3:::logs/node-on-ecs/dev/"
    assert len(warned) == 2


def test_a_name_of_one_s_own_is_taken_as_it_is(app: Path) -> None:
    graph = declared(app, BOOTSTRAPPED, {**ASKED, "log-bucket": "ours"})

    assert balancer_of(graph)["accessLogs"]["bucket"] == "ours"


def test_the_account_is_not_asked_where_no_key_says_so(declare_stack: DeclareStack) -> None:
    """A role from before must not need a permission more."""
    assert declare_stack("dev").calls(FUNCTION) == []
    (call,) = declare_stack("prod").calls(FUNCTION)
    assert call.arguments == {"path": "/bootstrap/node-on-ecs"}


def test_an_attached_stack_encrypts_its_log_group_too(attach: DeclareStack) -> None:
    graph = attach({"log-key-arn": "bootstrap"})

    assert graph.one(LOG_GROUP, "logs").inputs["kmsKeyId"] == BOOTSTRAPPED["log-key-arn"]
