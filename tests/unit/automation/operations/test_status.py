"""How services are told to be."""

from __future__ import annotations

from typing import Any

from automation.operations.status import ServiceStatus, as_json, as_lines, status_of
from tests.unit.automation.operations.places import place
from tests.unit.infra.rollout.aws import (
    NEW,
    NOW,
    Answer,
    Aws,
    Hours,
    by_api,
    deployment,
    no_service,
    service,
    service_deployment,
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


def described(*deployments: dict[str, Any], **more: Any) -> dict[str, Any]:
    return service(*deployments, **{"taskDefinition": NEW, "pendingCount": 0, "events": EVENTS, **more})


def status(**operations: Answer | list[Answer]) -> ServiceStatus:
    aws = Aws(
        **{
            "describe_services": described(),
            "describe_task_definition": DEFINITION,
            **tasks(task(1)),
            **operations,
        }
    )
    one = place(aws, urls={"web": "https://dev.example.com"}, service_names={"web": "web-1a2b3c4"})
    (found,) = status_of(one, Hours().clock)
    return found


def test_a_service_that_runs_what_it_should_is_steady() -> None:
    found = status()

    assert (found.state, found.running, found.desired, found.pending) == ("steady", 1, 1, 0)
    assert (found.task_definition, found.digest) == ("web:7", DIGEST)
    assert found.since == deployment()["createdAt"]
    assert found.events == (), "of a steady service they tell only what is over"


def test_one_that_lost_a_task_is_not_steady_though_its_deployment_is_done() -> None:
    crashed = task(2, stopped="Essential container exited")

    found = status(describe_services=described(runningCount=0, pendingCount=1), **tasks(task(1), crashed))

    assert (found.state, found.pending) == ("changing", 1)
    assert found.reason == "1 tasks of this version ended by themselves in the last hour"
    assert found.events == ("event 0", "event 1", "event 2")


def test_a_deployment_under_way_says_how_much_of_the_traffic_it_has() -> None:
    under_way = service_deployment(target={"requestedProductionTrafficWeight": 25.0})

    found = status(describe_services=described(deployment(state="IN_PROGRESS")), **by_api(under_way))

    assert (found.state, found.reason) == ("being deployed", "25 % of the traffic reaches it")


def test_one_that_ecs_took_back_says_why() -> None:
    back = service_deployment("ROLLBACK_SUCCESSFUL", statusReason="Service deployment rolled back")

    found = status(**by_api(back))

    assert found.state == "failed"
    assert "ECS went back to the version before" in found.reason


def test_only_the_alarms_that_ring_are_told() -> None:
    listens = {"alarms": {"alarmNames": ["web-errors", "web-slow"], "enable": True, "rollback": True}}

    def ringing(question: dict[str, Any]) -> dict[str, Any]:
        assert question["AlarmNames"] == ["web-errors", "web-slow"]
        names = ["web-errors"] if question.get("StateValue") == "ALARM" else question["AlarmNames"]
        return {"MetricAlarms": [{"AlarmName": name} for name in names], "CompositeAlarms": []}

    aws: dict[str, Answer | list[Answer]] = {
        "describe_services": described(deploymentConfiguration=listens),
        "describe_alarms": ringing,
    }
    assert status(**aws).alarms == ("web-errors",)


def test_a_service_that_somebody_deleted_is_gone() -> None:
    found = status(describe_services=no_service())

    assert found.state == "gone"
    assert "`up` makes it again" in found.reason


def test_people_read_it_in_a_few_lines() -> None:
    found = ServiceStatus(
        name="web",
        address="https://dev.example.com",
        state="failed",
        since=NOW.replace(2026, 11, 21, 8, 5),
        reason="ECS went back to the version before",
        running=1,
        desired=2,
        pending=1,
        task_definition="web:7",
        digest=DIGEST,
        alarms=("web-errors",),
        events=("(service web) was unable to place a task.",),
    )

    assert list(as_lines([found])) == [
        "web  1/2 tasks (1 more are starting), failed since 2026-11-21 08:05 UTC",
        "     https://dev.example.com",
        f"     web:7, image {DIGEST}",
        "     ECS went back to the version before",
        "     in alarm: web-errors",
        "     ECS: (service web) was unable to place a task.",
    ]


def test_programs_read_all_of_it() -> None:
    document = as_json([status()])

    assert document["web"]["steady"] is True
    assert document["web"]["since"].endswith("+00:00")
    assert document["web"]["digest"] == DIGEST
    assert "name" not in document["web"]
