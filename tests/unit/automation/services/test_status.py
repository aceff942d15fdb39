"""The status of services, from what ECS answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from automation.console import show
from automation.services import status as module
from automation.services.status import ServiceStatus, json_of, lines_of, statuses_of
from tests.unit.automation.fakes import by_api, deployed, no_service
from tests.unit.infra.rollout.aws import NEW, NOW, OLD, Answer, Aws, Refused, deployment, service, task, tasks

DIGEST = f"sha256:{'d' * 64}"
DEFINITION = {
    "taskDefinition": {
        "containerDefinitions": [
            {"name": "sidecar", "image": "sidecar:1"},
            {"name": "web", "image": f"registry/app@{DIGEST}"},
        ]
    }
}
EVENTS = [{"message": f"event {number}"} for number in range(9)]


@pytest.fixture(autouse=True)
def requests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were requested; each answers 200."""
    requested: list[str] = []

    def http_status(url: str, *, seconds: float) -> int:
        requested.append(url)
        return 200

    monkeypatch.setattr(module, "http_status", http_status)
    return requested


def status(*, is_local: bool = False, **operations: Answer | Sequence[Answer]) -> ServiceStatus:
    aws = Aws(
        **{
            "describe_services": service(events=EVENTS),
            "describe_task_definition": DEFINITION,
            **tasks(task(1)),
            **operations,
        }
    )
    (found,) = statuses_of(deployed(aws, "web", is_local=is_local))
    return found


def test_a_service_that_runs_what_was_requested_is_steady() -> None:
    found = status()

    assert (found.state, found.running, found.desired, found.pending) == ("steady", 1, 1, 0)
    assert (found.task_definition, found.digest) == ("web:7", DIGEST)
    assert found.since == deployment()["createdAt"]
    assert found.events == (), "of a steady service they tell only what is over"


def test_its_address_is_requested_at_the_health_checks_path(requests: list[str]) -> None:
    """ECS may count tasks whose machine does not answer any more."""
    assert status().answers == 200
    assert requests == ["https://dev.example.com/readyz"]


def test_a_service_without_tasks_is_not_requested(requests: list[str]) -> None:
    assert status(describe_services=service(desiredCount=0, runningCount=0)).answers is None
    assert requests == []


def test_one_that_lost_a_task_is_not_steady_though_its_deployment_is_complete() -> None:
    crashed = task(2, stopped="Essential container exited")

    found = status(
        describe_services=service(runningCount=0, pendingCount=1, events=EVENTS), **tasks(task(1), crashed)
    )

    assert (found.state, found.pending) == ("changing", 1)
    assert found.reason == "tasks of this version that failed in the last hour: 1"
    assert found.events == ("event 0", "event 1", "event 2")


@pytest.mark.parametrize(
    ("alive", "state", "reason"),
    [
        ({task(1)["taskArn"]}, "steady", ""),
        (
            set[str](),
            "changing",
            "tasks without a container: 1; `python -m automation redeploy dev` starts others",
        ),
    ],
    ids=["alive", "dead"],
)
def test_on_this_machine_a_task_without_a_container_does_not_run(
    monkeypatch: pytest.MonkeyPatch, alive: set[str], state: str, reason: str
) -> None:
    """The emulator goes on counting it."""
    monkeypatch.setattr("local.task_containers.running_tasks", lambda arns: alive & {*arns})

    found = status(is_local=True)

    assert (found.running, found.state, found.reason) == (len(alive), state, reason)


def test_a_deployment_in_progress_says_how_much_of_the_traffic_it_has() -> None:
    found = status(describe_services=service(deployment(state="IN_PROGRESS")), **by_api(traffic=25.0))

    assert (found.state, found.reason) == ("in progress", "25 % of the traffic reaches the new version")


def test_a_paused_deployment_names_the_hook_and_what_happens_without_an_answer() -> None:
    hook = {
        "hookId": "approve",
        "status": "AWAITING_ACTION",
        "expiresAt": NOW.replace(hour=8, minute=5),
        "timeoutAction": "ROLLBACK",
    }

    found = status(
        **by_api(lifecycleStage="POST_TEST_TRAFFIC_SHIFT", lifecycleHookDetails=[hook], strategy="ROLLING")
    )

    assert found.reason == (
        "paused at POST_TEST_TRAFFIC_SHIFT by hook approve, rollback at 08:05 UTC unless continued"
    )


def test_the_deployment_before_does_not_count_while_the_latest_is_not_listed_yet() -> None:
    found = status(
        describe_services=service(deployment(state="IN_PROGRESS")), **by_api("SUCCESSFUL", strategy="ROLLING")
    )

    assert found.state == "in progress"


@pytest.mark.parametrize(
    ("state", "ends", "reason"),
    [
        ("ROLLBACK_SUCCESSFUL", "failed", "ECS rolled it back: tasks failed"),
        ("ROLLBACK_IN_PROGRESS", "rolling back", "ECS is rolling it back: tasks failed"),
        ("ROLLBACK_FAILED", "failed", "ECS gave up, and could not roll it back: tasks failed"),
        ("STOPPED", "failed", "the deployment was stopped: tasks failed"),
    ],
)
def test_a_deployment_that_failed_says_how_and_why(state: str, ends: str, reason: str) -> None:
    found = status(**by_api(state, statusReason="tasks failed", strategy="ROLLING"))

    assert (found.state, found.reason) == (ends, reason)


def test_an_alarm_that_rolled_it_back_is_named() -> None:
    found = status(
        **by_api("ROLLBACK_SUCCESSFUL", alarms={"triggeredAlarmNames": ["web-5xx"]}, strategy="ROLLING")
    )

    assert found.reason == "ECS rolled it back: alarms: web-5xx"


@pytest.mark.parametrize("listed", [{"serviceDeployments": []}, Refused("AccessDeniedException")])
def test_without_the_service_deployment_api_the_rollout_states_count(listed: Answer) -> None:
    """The emulator lists nothing, and a role may not be allowed to."""
    failed = deployment(NEW, "FAILED", status="ACTIVE", age=10, rolloutStateReason="tasks failed to start")
    before = deployment(OLD, "COMPLETED", age=600)

    found = status(describe_services=service(failed, before), list_service_deployments=listed)

    assert (found.state, found.reason) == ("failed", "ECS rolled it back: tasks failed to start")


def test_only_alarms_that_are_in_alarm_are_named() -> None:
    alarms = {"alarms": {"alarmNames": ["web-errors", "web-slow"], "enable": True, "rollback": True}}

    def in_alarm(question: dict[str, Any]) -> dict[str, Any]:
        assert question["AlarmNames"] == ["web-errors", "web-slow"]
        names = ["web-errors"] if question.get("StateValue") == "ALARM" else question["AlarmNames"]
        return {"MetricAlarms": [{"AlarmName": name} for name in names], "CompositeAlarms": []}

    found = status(describe_services=service(deploymentConfiguration=alarms), describe_alarms=in_alarm)

    assert found.alarms == ("web-errors",)


def test_a_service_that_was_deleted_says_what_creates_it_again() -> None:
    found = status(describe_services=no_service())

    assert found.state == "deleted"
    assert "`python -m automation up --refresh dev` creates it again" in found.reason


def test_people_read_it_in_a_few_lines() -> None:
    found = ServiceStatus(
        name="web",
        address="https://dev.example.com",
        answers=502,
        state="failed",
        since=NOW.replace(2026, 11, 21, 8, 5),
        reason="ECS rolled it back",
        running=1,
        desired=2,
        pending=1,
        task_definition="web:7",
        digest=DIGEST,
        alarms=("web-errors",),
        events=("(service web) was unable to place a task.",),
    )

    assert list(lines_of([found])) == [
        "web  1/2 tasks (1 more starting), failed since 2026-11-21 08:05 UTC",
        "     https://dev.example.com answers 502",
        f"     web:7, image {DIGEST}",
        "     ECS rolled it back",
        "     in alarm: web-errors",
        "     ECS: (service web) was unable to place a task.",
    ]


def test_one_task_is_a_task_and_no_answer_is_said() -> None:
    first, second = lines_of(
        [ServiceStatus(name="web", state="steady", address="http://a", running=1, desired=1)]
    )

    assert first == "web  1/1 task, steady"
    assert second == "     http://a does not answer"


def test_programs_get_every_field(capsys: pytest.CaptureFixture[str]) -> None:
    show([], json_of([status()]), as_json=True)
    document = json.loads(capsys.readouterr().out)

    assert document["web"]["steady"] is True
    assert document["web"]["answers"] == 200
    assert document["web"]["since"].endswith("+00:00")
    assert document["web"]["digest"] == DIGEST
    assert "name" not in document["web"]


def test_what_the_clock_could_not_do_is_told() -> None:
    found = replace(status(), given_up=2, failed_jobs=("task 1: web exited with code 3",))

    assert [line.strip() for line in lines_of([found])][-2:] == [
        "scheduled starts that AWS gave up: 2; `outputs` has the dead letter queue",
        "failed job: task 1: web exited with code 3",
    ]
