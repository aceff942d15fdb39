"""The value `bootstrap` of a key, which stands for a resource that `bootstrap/` has created."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.infra.conftest import DeclareStack, declare_program
from tests.unit.infra.fake_cloud import BOOTSTRAPPED, FakeCloud
from tests.unit.infra.recorder import Graph

CONFIGURED = {
    "log-bucket": "bootstrap",
    "log-key-arn": "bootstrap",
    "flow-logs": "bucket",
    "notifications": {"topic-arn": "bootstrap"},
}
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
FUNCTION = "aws:ssm/getParametersByPath:getParametersByPath"


def _declare(app: Path, bootstrapped: dict[str, str], changes: dict[str, Any] = CONFIGURED) -> Graph:
    return declare_program("dev", changes, app=app, cloud=FakeCloud(bootstrapped=bootstrapped))


def _load_balancer(graph: Graph) -> dict[str, Any]:
    return graph.one("aws:lb/loadBalancer:LoadBalancer").inputs


def test_logs_and_alarms_use_the_account_s_bucket_key_and_topic(app: Path) -> None:
    graph = _declare(app, BOOTSTRAPPED)
    destination = graph.one(FLOW_LOG).inputs["logDestination"]
    actions = {action for alarm in graph.all(ALARM) for action in alarm.inputs.get("alarmActions", ())}

    assert _load_balancer(graph)["accessLogs"]["bucket"] == BOOTSTRAPPED["log-bucket"]
    assert destination == f"arn:aws:s3:::{BOOTSTRAPPED['log-bucket']}/node-on-ecs/dev/"
    assert {group.inputs["kmsKeyId"] for group in graph.all(LOG_GROUP)} == {BOOTSTRAPPED["log-key-arn"]}
    assert BOOTSTRAPPED["topic-arn"] in actions


def test_account_without_bootstrap_has_no_logs_and_alarms_and_a_warning_for_each(
    app: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr("pulumi.log.warn", lambda text, *_: warnings.append(text))
    graph = _declare(app, {})

    assert "accessLogs" not in _load_balancer(graph)
    assert graph.all(FLOW_LOG) == []
    assert [group.name for group in graph.all(LOG_GROUP) if "kmsKeyId" in group.inputs] == []
    assert [r.name for r in graph.resources if r.name.startswith("on-call")] == []
    assert [text.partition(":")[0] for text in warnings] == ["log-bucket", "log-key-arn", "topic-arn"]
    assert "Run bootstrap/ once (docs/bootstrap.md), or set the name of another one" in warnings[0]


def test_account_may_have_only_some_of_the_resources(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`log-key: false` in `bootstrap/` creates no key."""
    warnings: list[str] = []
    monkeypatch.setattr("pulumi.log.warn", lambda text, *_: warnings.append(text))
    graph = _declare(app, {"log-bucket": "logs"})

    assert graph.one(FLOW_LOG).inputs["logDestination"] == "arn:aws:s3:::logs/node-on-ecs/dev/"
    assert len(warnings) == 2


def test_other_names_are_used_as_they_are(app: Path) -> None:
    graph = _declare(app, BOOTSTRAPPED, {**CONFIGURED, "log-bucket": "another"})

    assert _load_balancer(graph)["accessLogs"]["bucket"] == "another"


def test_account_is_queried_only_if_a_key_has_the_value(declare_stack: DeclareStack) -> None:
    """Existing deploy roles must not need another permission."""
    assert declare_stack("dev").calls(FUNCTION) == []
    (call,) = declare_stack("prod").calls(FUNCTION)
    assert call.arguments == {"path": "/bootstrap/node-on-ecs"}


def test_attached_stack_encrypts_its_log_group(attach: DeclareStack) -> None:
    graph = attach({"log-key-arn": "bootstrap"})

    assert graph.one(LOG_GROUP, "logs").inputs["kmsKeyId"] == BOOTSTRAPPED["log-key-arn"]
