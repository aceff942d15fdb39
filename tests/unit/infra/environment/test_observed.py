"""Who is told of a stack, as a whole."""

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


def _telling(graph: Graph) -> set[str]:
    return {one.name for one in graph.all(ALARM) if one.inputs.get("alarmActions")}


@pytest.mark.parametrize("stack", STACKS)
def test_without_a_topic_a_stack_tells_nobody_and_makes_nothing_for_it(
    declare_stack: DeclareStack, stack: str
) -> None:
    graph = declare_stack(stack, {"notifications": {}})

    assert _telling(graph) == set()
    assert [one.type for one in graph.resources if "OnCall" in one.type or "event" in one.type] == []


def test_copies_wake_nobody(declare_stack: DeclareStack) -> None:
    telling = _telling(declare_stack("dev", {**NOTIFIED, "multidev": ["alice"]}))

    assert "on-call-web-no-healthy-task" in telling
    assert not {name for name in telling if "alice" in name}


def test_errors_of_a_load_balancer_of_others_are_others(declare_stack: DeclareStack) -> None:
    changes: dict[str, Any] = {**NOTIFIED, "listener-arn": LISTENER, "vpc-id": "vpc-01234567", "nat": "none"}
    changes |= {"public-subnet-ids": ["subnet-01234567", "subnet-89abcdef"], "multidev": []}
    telling = _telling(declare_stack("dev", changes))

    assert "on-call-web-no-healthy-task" in telling
    assert "on-call-load-balancer-errors" not in telling


def test_deployment_alarms_tell_nobody_by_themselves(declare_stack: DeclareStack) -> None:
    graph = declare_stack("prod", NOTIFIED)
    silent = {one.name for one in graph.all(ALARM)} - _telling(graph)

    assert {"web-errors", "web-latency", "web-unhealthy"} <= silent
    assert not {name for name in silent if name.startswith("on-call")}
