"""ECS tasks of the scheduler."""

from __future__ import annotations

from typing import Any

import pytest

from local.emulated import ministack, schedules

PARAMETERS = {
    "TaskDefinitionArn": "arn:task",
    "TaskCount": 2,
    "NetworkConfiguration": {"awsvpcConfiguration": {"Subnets": ["subnet-1"]}},
}
TARGET = {"Arn": "arn:cluster", "EcsParameters": PARAMETERS, "Input": '{"containerOverrides": []}'}


def invoke(
    monkeypatch: pytest.MonkeyPatch, target: dict[str, Any], status: int = 200
) -> dict[str, list[Any]]:
    """Return the calls by kind."""
    calls: dict[str, list[Any]] = {"run": [], "sent": [], "else": []}
    ecs, events = ministack("services.ecs"), ministack("services.eventbridge")

    def run(data: Any) -> Any:
        calls["run"].append(data)
        return status, {}, b"no"

    monkeypatch.setitem(ecs._ACTION_MAP, "RunTask", run)
    monkeypatch.setattr(events, "_dispatch_to_sqs", lambda spec, *_: calls["sent"].append(spec.resource))
    schedules._invoke(lambda *arguments: calls["else"].append(arguments), target, {}, {"Name": "nightly"})
    return calls


def test_an_ecs_target_runs_a_task(monkeypatch: pytest.MonkeyPatch) -> None:
    assert invoke(monkeypatch, TARGET) == {
        "run": [
            {
                "cluster": "arn:cluster",
                "count": 2,
                "networkConfiguration": PARAMETERS["NetworkConfiguration"],
                "overrides": {"containerOverrides": []},
                "startedBy": "chronos-schedule/nightly",
                "taskDefinition": "arn:task",
            }
        ],
        "sent": [],
        "else": [],
    }


def test_a_failed_start_sends_a_dead_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = {"DeadLetterConfig": {"Arn": "arn:aws:sqs:us-east-1:000000000000:lost"}}

    assert invoke(monkeypatch, {**TARGET, **queue}, status=400)["sent"] == ["lost"]
    assert invoke(monkeypatch, TARGET, status=400)["sent"] == []


def test_other_targets_are_left_to_ministack(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = invoke(monkeypatch, {"Arn": "arn:queue"})

    assert (len(calls["else"]), calls["run"]) == (1, [])
