"""A stopped task sends an event to EventBridge."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from local.emulated import events, ministack, schedules

eventbridge = ministack("services.eventbridge")

CLUSTER = "arn:aws:ecs:us-east-1:000000000000:cluster/c"
TOPIC = "arn:aws:sns:us-east-1:000000000000:on-call"
PATTERN = {
    "source": ["aws.ecs"],
    "detail-type": ["ECS Task State Change"],
    "detail": {
        "clusterArn": [CLUSTER],
        "lastStatus": ["STOPPED"],
        "containers": {"exitCode": [{"anything-but": [0, 143]}]},
    },
}


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Messages to a topic from a rule for crashed tasks."""
    sent: list[Any] = []
    monkeypatch.setattr(
        ministack("services.sns"),
        "publish_internal",
        lambda _topic, text, _subject: sent.append(json.loads(text)),
    )
    monkeypatch.setattr(eventbridge, "_invoke_target", partial(schedules._invoke, eventbridge._invoke_target))
    eventbridge._ensure_default_bus()
    eventbridge._put_rule({"Name": "crashed", "EventPattern": json.dumps(PATTERN)})
    eventbridge._put_targets({"Rule": "crashed", "Targets": [{"Id": "topic", "Arn": TOPIC}]})
    yield sent
    eventbridge._remove_targets({"Rule": "crashed", "Ids": ["topic"]})
    eventbridge._delete_rule({"Name": "crashed"})


def _stop(exit_code: int, *, stops: bool = True) -> None:
    task = {
        "taskArn": "arn:aws:ecs:us-east-1:000000000000:task/c/1",
        "clusterArn": CLUSTER,
        "lastStatus": "STOPPED",
        "containers": [{"name": "web", "exitCode": exit_code}],
        "_docker_ids": ["0123"],
    }
    assert events._send(lambda *_: stops, task["taskArn"], task, "reason", "code") is stops


def test_a_crashed_task_sends_an_event_with_ecs_description(messages: list[Any]) -> None:
    _stop(3)

    (event,) = messages
    assert event["resources"] == ["arn:aws:ecs:us-east-1:000000000000:task/c/1"]
    assert event["detail"]["containers"] == [{"name": "web", "exitCode": 3}]
    assert "_docker_ids" not in event["detail"]


@pytest.mark.parametrize(("exit_code", "stops"), [(0, True), (143, True), (3, False)])
def test_a_task_that_succeeded_or_had_stopped_before_matches_no_crash_rule(
    messages: list[Any], exit_code: int, *, stops: bool
) -> None:
    _stop(exit_code, stops=stops)

    assert messages == []
