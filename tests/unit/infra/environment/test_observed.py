"""Notifications of a whole stack."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.infra.conftest import STACKS, DeclareStack
from tests.unit.infra.fake_cloud import ACCOUNT, REGION
from tests.unit.infra.recorder import Graph

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"
NOTIFIED = {"notifications": {"topic-arn": TOPIC}}
LISTENER = (
    f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:listener/app/shared/0123456789abcdef/0123456789abcdef"
)


def _notifying(graph: Graph) -> set[str]:
    return {alarm.name for alarm in graph.all(ALARM) if alarm.inputs.get("alarmActions")}


@pytest.mark.parametrize("stack", STACKS)
def test_stack_without_a_topic_notifies_nobody(declare_stack: DeclareStack, stack: str) -> None:
    graph = declare_stack(stack, {"notifications": {}})

    assert _notifying(graph) == set()
    assert [r.type for r in graph.resources if "OnCall" in r.type or "event" in r.type] == []


def test_copies_notify_nobody(declare_stack: DeclareStack) -> None:
    notifying = _notifying(declare_stack("dev", {**NOTIFIED, "multidev": ["alice"]}))

    assert "on-call-web-no-healthy-task" in notifying
    assert not {name for name in notifying if "alice" in name}


def test_errors_of_an_existing_load_balancer_notify_nobody(declare_stack: DeclareStack) -> None:
    changes: dict[str, Any] = {**NOTIFIED, "listener-arn": LISTENER, "vpc-id": "vpc-01234567", "nat": "none"}
    changes |= {"public-subnet-ids": ["subnet-01234567", "subnet-89abcdef"], "multidev": []}
    notifying = _notifying(declare_stack("dev", changes))

    assert "on-call-web-no-healthy-task" in notifying
    assert "on-call-load-balancer-errors" not in notifying


def test_deployment_alarms_notify_nobody_by_themselves(declare_stack: DeclareStack) -> None:
    graph = declare_stack("prod", NOTIFIED)
    silent = {alarm.name for alarm in graph.all(ALARM)} - _notifying(graph)

    assert {"web-errors", "web-latency", "web-unhealthy"} <= silent
    assert not {name for name in silent if name.startswith("on-call")}
