"""What the scheduler asks ECS for."""

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
    """Return what was done."""
    done: dict[str, list[Any]] = {"run": [], "sent": [], "else": []}
    ecs, events = ministack("services.ecs"), ministack("services.eventbridge")

    def run(data: Any) -> Any:
        done["run"].append(data)
        return status, {}, b"no"

    monkeypatch.setitem(ecs._ACTION_MAP, "RunTask", run)
    monkeypatch.setattr(events, "_dispatch_to_sqs", lambda spec, *_: done["sent"].append(spec.resource))
    schedules._invoke(lambda *asked: done["else"].append(asked), target, {}, {"Name": "nightly"})
    return done


def test_a_target_of_ecs_is_a_task_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_start_that_fails_is_a_dead_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = {"DeadLetterConfig": {"Arn": "arn:aws:sqs:us-east-1:000000000000:lost"}}

    assert invoke(monkeypatch, {**TARGET, **queue}, status=400)["sent"] == ["lost"]
    assert invoke(monkeypatch, TARGET, status=400)["sent"] == []


def test_another_target_is_ministack_s(monkeypatch: pytest.MonkeyPatch) -> None:
    done = invoke(monkeypatch, {"Arn": "arn:queue"})

    assert (len(done["else"]), done["run"]) == (1, [])
