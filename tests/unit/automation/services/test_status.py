"""`status`: the state of services, from ECS's answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from automation.console import folded, show
from automation.services import status as module
from automation.services.status import ServiceStatus, json_of, lines_of, statuses_of
from tests.unit.automation.fakes import by_api, deployed, no_service
from tests.unit.infra.rollout.aws import (
    NEW,
    NOW,
    OLD,
    Answer,
    Aws,
    ErrorResponse,
    deployment,
    service,
    task,
    tasks,
)

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
    """The requested addresses; each answers 200."""
    requested: list[str] = []

    def http_status(url: str, *, seconds: float) -> int:
        requested.append(url)
        return 200

    monkeypatch.setattr(module, "http_status", http_status)
    return requested


def status_of(*, is_local: Any = False, **operations: Answer | Sequence[Answer]) -> ServiceStatus:
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


def test_a_service_with_a_completed_deployment_and_all_tasks_is_steady() -> None:
    found = status_of()

    assert (found.state, found.running, found.desired, found.pending) == ("steady", 1, 1, 0)
    assert (found.task_definition, found.digest) == ("web:7", DIGEST)
    assert found.deployed_since == deployment()["createdAt"]
    assert found.events == (), "a steady service's events are about earlier problems"


def test_the_health_check_is_requested_at_the_address(requests: list[str]) -> None:
    """ECS may count tasks on a machine that does not answer any more."""
    assert status_of().http_status == 200
    assert requests == ["https://dev.example.com/readyz"]


def test_a_service_without_tasks_is_not_requested(requests: list[str]) -> None:
    assert status_of(describe_services=service(desiredCount=0, runningCount=0)).http_status is None
    assert requests == []


def test_a_service_that_lost_a_task_is_changing_though_its_deployment_is_complete() -> None:
    crashed = task(2, stopped="Essential container exited")

    found = status_of(
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
def test_a_local_task_without_a_container_is_not_running(
    monkeypatch: pytest.MonkeyPatch, alive: set[str], state: str, reason: str
) -> None:
    """The emulator keeps counting it."""
    monkeypatch.setattr("local.task_containers.running_tasks", lambda arns: alive & {*arns})

    found = status_of(is_local=True)

    assert (found.running, found.state, found.reason) == (len(alive), state, reason)


IN_PROGRESS = service(deployment(state="IN_PROGRESS"))
PAUSED = {
    "hookId": "approve",
    "status": "AWAITING_ACTION",
    "expiresAt": NOW.replace(hour=8, minute=5),
    "timeoutAction": "ROLLBACK",
}
FAILED = {"statusReason": "tasks failed", "strategy": "ROLLING"}


@pytest.mark.parametrize(
    ("answers", "state", "reason"),
    [
        (
            {"describe_services": IN_PROGRESS, **by_api(traffic=25.0)},
            "in progress",
            "25 % of the traffic reaches the new version",
        ),
        (
            by_api(
                lifecycleStage="POST_TEST_TRAFFIC_SHIFT", lifecycleHookDetails=[PAUSED], strategy="ROLLING"
            ),
            "in progress",
            "paused at POST_TEST_TRAFFIC_SHIFT by hook approve, rollback at 08:05 UTC unless continued",
        ),
        ({"describe_services": IN_PROGRESS, **by_api("SUCCESSFUL", strategy="ROLLING")}, "in progress", ""),
        (by_api("ROLLBACK_SUCCESSFUL", **FAILED), "failed", "ECS rolled it back: tasks failed"),
        (by_api("ROLLBACK_IN_PROGRESS", **FAILED), "rolling back", "ECS is rolling it back: tasks failed"),
        (
            by_api("ROLLBACK_FAILED", **FAILED),
            "failed",
            "ECS gave up, and could not roll it back: tasks failed",
        ),
        (by_api("STOPPED", **FAILED), "failed", "the deployment was stopped: tasks failed"),
        (
            by_api("ROLLBACK_SUCCESSFUL", alarms={"triggeredAlarmNames": ["web-5xx"]}, strategy="ROLLING"),
            "failed",
            "ECS rolled it back: alarms: web-5xx",
        ),
    ],
    ids=[
        "canary in progress",
        "paused by a hook",
        "not listed yet",
        "rolled back",
        "rolling back",
        "rollback failed",
        "stopped",
        "rolled back by an alarm",
    ],
)
def test_state_and_reason_are_those_of_the_latest_deployment(
    answers: dict[str, Answer], state: str, reason: str
) -> None:
    found = status_of(**answers)

    assert (found.state, found.reason) == (state, reason)


@pytest.mark.parametrize("listed", [{"serviceDeployments": []}, ErrorResponse("AccessDeniedException")])
def test_rollout_states_are_used_without_the_service_deployment_api(listed: Answer) -> None:
    """The emulator lists none, and a role may lack the permission."""
    failed = deployment(NEW, "FAILED", status="ACTIVE", age=10, rolloutStateReason="tasks failed to start")
    before = deployment(OLD, "COMPLETED", age=600)

    found = status_of(describe_services=service(failed, before), list_service_deployments=listed)

    assert (found.state, found.reason) == ("failed", "ECS rolled it back: tasks failed to start")


def test_only_alarms_in_alarm_state_are_listed() -> None:
    alarms = {"alarms": {"alarmNames": ["web-errors", "web-slow"], "enable": True, "rollback": True}}

    def in_alarm(question: dict[str, Any]) -> dict[str, Any]:
        assert question["AlarmNames"] == ["web-errors", "web-slow"]
        names = ["web-errors"] if question.get("StateValue") == "ALARM" else question["AlarmNames"]
        return {"MetricAlarms": [{"AlarmName": name} for name in names], "CompositeAlarms": []}

    found = status_of(describe_services=service(deploymentConfiguration=alarms), describe_alarms=in_alarm)

    assert found.alarms == ("web-errors",)


def test_a_deleted_service_has_the_command_that_creates_it_again() -> None:
    found = status_of(describe_services=no_service())

    assert found.state == "deleted"
    assert "`python -m automation up --refresh dev` creates it again" in found.reason


def test_lines_have_tasks_state_address_version_reason_alarms_and_events() -> None:
    found = ServiceStatus(
        name="web",
        address="https://dev.example.com",
        http_status=502,
        state="failed",
        deployed_since=NOW.replace(2026, 11, 21, 8, 5),
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
        "     web:7, image sha256:dddddddddddd",
        "     ECS rolled it back",
        "     in alarm: web-errors",
        "     ECS: (service web) was unable to place a task.",
    ]


@pytest.mark.parametrize("columns", [60, 80])
def test_lines_fit_the_terminal(columns: int) -> None:
    name = "node-on-ecs-staging-web-alice:12"
    service = replace(status_of(), name="web-alice", address="", task_definition=name)

    shown = "\n".join(folded(line, columns) for line in lines_of([service]))

    assert max(map(len, shown.splitlines())) <= columns


@pytest.mark.parametrize(("columns", "indent"), [(None, 11), (61, 11), (60, 2), (40, 2)])
def test_details_stand_below_the_names_on_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, columns: int | None, indent: int
) -> None:
    """Beside the names an address would not fit on a line."""
    monkeypatch.setattr(module, "width_of", lambda _: columns)
    web = ServiceStatus(name="web", state="steady", address="http://a", running=1, desired=1)

    first, details, *_ = lines_of([web, replace(web, name="web-alice")])

    assert first == f"web{' ' * max(2, indent - 3)}1/1 task, steady"
    assert details == f"{' ' * indent}http://a does not answer"


def test_lines_say_that_an_address_does_not_answer() -> None:
    first, second = lines_of(
        [ServiceStatus(name="web", state="steady", address="http://a", running=1, desired=1)]
    )

    assert first == "web  1/1 task, steady"
    assert second == "     http://a does not answer"


def test_json_has_every_field(capsys: pytest.CaptureFixture[str]) -> None:
    show([], json_of([status_of()]), as_json=True)
    document = json.loads(capsys.readouterr().out)

    assert document["web"]["steady"] is True
    assert document["web"]["http_status"] == 200
    assert document["web"]["deployed_since"].endswith("+00:00")
    assert document["web"]["digest"] == DIGEST
    assert "name" not in document["web"]


def test_lines_have_failed_jobs_and_scheduled_starts_that_aws_gave_up() -> None:
    found = replace(status_of(), dead_letters=2, failed_jobs=("task 1: web exited with code 3",))

    assert [line.strip() for line in lines_of([found])][-2:] == [
        "scheduled starts that AWS gave up: 2; `outputs` has the dead letter queue",
        "failed job: task 1: web exited with code 3",
    ]
