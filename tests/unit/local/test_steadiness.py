"""Whether ECS runs what was asked for, by what it answers."""

from __future__ import annotations

from typing import Any

import pytest

from local.steadiness import NotSteadyError, Services


class Ecs:
    """Answers as ECS does; each question gets the next answer, the last one for ever."""

    def __init__(self, *answers: dict[str, Any], stopped: list[dict[str, Any]] | None = None) -> None:
        self.answers = list(answers)
        self.stopped = stopped or []

    def client(self, _service: str) -> Ecs:
        return self

    def describe_services(self, *, cluster: str, services: list[str]) -> dict[str, Any]:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return {"services": [{"serviceName": name, **answer} for name in services]}

    def list_tasks(self, **_question: Any) -> dict[str, Any]:
        return {"taskArns": [task["taskArn"] for task in self.stopped]}

    def describe_tasks(self, *, cluster: str, tasks: list[str]) -> dict[str, Any]:
        return {"tasks": [task for task in self.stopped if task["taskArn"] in tasks]}


def answer(running: int = 1, desired: int = 1, *deployments: str) -> dict[str, Any]:
    states = [{"rolloutState": state, "rolloutStateReason": f"it is {state}"} for state in deployments]
    return {
        "runningCount": running,
        "desiredCount": desired,
        "deployments": states or [{"rolloutState": "COMPLETED"}],
    }


def services(ecs: Any, count: int = 1) -> Services:
    return Services(ecs, "cluster", {f"web{number}": f"web{number}-1" for number in range(count)})


def test_one_finished_deployment_with_all_its_tasks_is_steady() -> None:
    services(Ecs(answer())).wait(seconds=0)


def test_a_deployment_under_way_is_waited_for() -> None:
    ecs = Ecs(answer(1, 1, "IN_PROGRESS", "COMPLETED"), answer(0, 1), answer())

    services(ecs).wait(seconds=30)

    assert len(ecs.answers) == 1


def test_a_failed_deployment_is_told_at_once_with_ecs_s_reason() -> None:
    with pytest.raises(NotSteadyError, match="it is FAILED"):
        services(Ecs(answer(1, 1, "COMPLETED", "FAILED"))).wait(seconds=30)


def test_tasks_that_stop_are_told_with_reason_and_exit_code() -> None:
    stopped = [
        {"taskArn": "a", "stoppedReason": "Essential container exited", "containers": [{"exitCode": 3}]}
    ]

    with pytest.raises(
        NotSteadyError, match=r"0 of 1 tasks[\s\S]*Essential container exited \(exit code 3\)"
    ):
        services(Ecs(answer(0, 1), stopped=stopped)).wait(seconds=0)


def test_more_services_than_ecs_describes_at_once_are_all_seen() -> None:
    assert len(services(Ecs(answer()), count=23).describe()) == 23
