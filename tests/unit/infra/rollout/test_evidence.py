"""Evidence of why a service does not run the requested version."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from infra.rollout.evidence import Version, evidence, failed_tasks, lines_around_error, tasks_of
from tests.unit.infra.rollout.aws import (
    NEW,
    NOW,
    OLD,
    Answer,
    Aws,
    ErrorResponse,
    FakeClock,
    lines,
    logging_to,
    service,
    task,
    tasks,
)

VERSION = Version(cluster="cluster", service="web-1a2b3c4", task_definition=NEW)
NODE_CRASH = [
    "starting",
    "/app/server.js:3",
    '    throw new Error("DATABASE_URL is missing")',
    "    ^",
    "",
    "Error: DATABASE_URL is missing",
    *(f"    at Object.<anonymous> (/app/server.js:{number}:9)" for number in range(40)),
    "",
    "Node.js v24.1.0",
]


def evidence_of(**operations: Answer | list[Answer]) -> list[str]:
    aws: Any = Aws(**{"describe_services": service(), **operations})
    return evidence(aws, VERSION, FakeClock().clock)


def test_last_stopped_tasks_are_shown_with_their_reasons() -> None:
    ended = [task(number, stopped="Essential container exited", age=100 - number) for number in range(5)]

    assert evidence_of(**tasks(*ended)) == [
        "stopped: task 00000000: Essential container exited; web exited with code 3" for _ in range(3)
    ]


def test_tasks_of_other_versions_and_scaled_in_tasks_are_not_shown() -> None:
    other = task(1, stopped="Essential container exited", taskDefinitionArn=OLD)
    scaled = task(2, stopped="Scaling activity initiated by deployment", stopCode="ServiceSchedulerInitiated")

    assert evidence_of(**tasks(other, scaled)) == []


def test_tasks_from_before_a_deployment_are_not_shown() -> None:
    before, since = (task(age, stopped="Essential container exited", age=age) for age in (90, 30))
    aws: Any = Aws(**tasks(before, since))

    found = failed_tasks(aws.client("ecs"), VERSION, NOW - timedelta(seconds=60))

    assert [task["taskArn"] for task in found] == [since["taskArn"]]


def test_starting_task_does_not_count_as_running() -> None:
    aws: Any = Aws(**tasks(task(1), task(2, lastStatus="PENDING")))

    assert [task["taskArn"] for task in tasks_of(aws.client("ecs"), VERSION, "RUNNING")] == [
        task(1)["taskArn"]
    ]


def test_task_that_failed_its_health_checks_is_shown() -> None:
    unhealthy = task(1, stopped="Task failed container health checks", stopCode="ServiceSchedulerInitiated")

    assert "failed container health checks" in evidence_of(**tasks(unhealthy))[0]


def test_error_is_shown_and_not_the_end_of_its_stack_trace() -> None:
    ended = task(1, stopped="Essential container exited")

    lines_shown = evidence_of(**tasks(ended), get_log_events=lines("\n".join(NODE_CRASH)))

    assert "  | Error: DATABASE_URL is missing" in lines_shown
    assert "  |     at Object.<anonymous> (/app/server.js:0:9)" in lines_shown
    assert len([line for line in lines_shown if line.startswith("  |")]) == 20


@pytest.mark.parametrize(
    ("log", "error"),
    [
        (["connect", "Uncaught TypeError: x is not a function", *["    at f"] * 30], "Uncaught TypeError"),
        (
            ["Error [ERR_MODULE_NOT_FOUND]: Cannot find module 'x'", *["    at f"] * 30],
            "ERR_MODULE_NOT_FOUND",
        ),
        ([*["warming up"] * 50, "connection refused by db:5432", *["bye"] * 25], "connection refused"),
        (['{"level":"fatal","msg":"no database"}', *["bye"] * 30], "no database"),
        (["Error: of yesterday", *["fine"] * 60, "Error: of today", "    at f"], "Error: of today"),
    ],
)
def test_last_error_in_the_log_is_found(log: list[str], error: str) -> None:
    shown = lines_around_error(log)

    assert any(error in line for line in shown)
    assert len(shown) <= 20


def test_log_without_an_error_shows_its_last_lines() -> None:
    assert lines_around_error([str(number) for number in range(100)]) == [
        str(number) for number in range(80, 100)
    ]


def test_late_logs_are_waited_for() -> None:
    ended, clock = task(1, stopped="Essential container exited"), FakeClock()
    aws: Any = Aws(
        **tasks(ended),
        describe_services=service(),
        get_log_events=[ErrorResponse("ResourceNotFoundException"), lines(), lines("no database")],
    )

    assert evidence(aws, VERSION, clock.clock)[-1] == "  | no database"
    assert 0 < clock.seconds < 10
    assert aws.requests("get_log_events")[0]["logStreamName"] == f"web/web/{1:032x}"


def test_log_of_another_task_is_shown_if_the_last_one_logged_nothing() -> None:
    silent, logging = (task(number, stopped="Essential container exited", age=number) for number in (1, 2))
    clock = FakeClock()
    aws: Any = Aws(
        **tasks(silent, logging), describe_services=service(), get_log_events=[lines(), lines("no database")]
    )

    assert evidence(aws, VERSION, clock.clock)[-1] == "  | no database"
    assert clock.seconds == 0


def _with_sidecar(driver: str) -> dict[str, Any]:
    definition = logging_to()
    sidecar = {**definition["taskDefinition"]["containerDefinitions"][0], "name": "nginx"}
    sidecar["logConfiguration"] = {**sidecar["logConfiguration"], "logDriver": driver}
    definition["taskDefinition"]["containerDefinitions"].append(sidecar)
    return definition


@pytest.mark.parametrize(("driver", "streams"), [("awslogs", [f"web/nginx/{1:032x}"]), ("awsfirelens", [])])
def test_log_is_that_of_the_failed_container(driver: str, streams: list[str]) -> None:
    ended = task(1, stopped="Essential container exited")
    ended["containers"] = [{"name": "web", "exitCode": 0}, {"name": "nginx", "exitCode": 1}]
    aws: Any = Aws(
        **tasks(ended),
        describe_services=service(),
        describe_task_definition=_with_sidecar(driver),
        get_log_events=lines("bad configuration"),
    )

    evidence(aws, VERSION, FakeClock().clock)

    assert [request["logStreamName"] for request in aws.requests("get_log_events")] == streams


def _health(state: str) -> dict[str, Any]:
    health = {"State": state, "Description": "Health checks failed with these codes: [503]"}
    return {"TargetHealthDescriptions": [{"Target": {"Id": "10.0.0.7"}, "TargetHealth": health}]}


def _on(provider: str, pending: int) -> dict[str, Any]:
    return service(capacityProviderStrategy=[{"capacityProvider": provider}], pendingCount=pending)


NO_CAPACITY = "unable to place a task. Reason: Capacity is unavailable at this time."


@pytest.mark.parametrize(
    ("operations", "beginnings"),
    [
        (
            {"describe_target_health": _health("unhealthy")},
            ["unhealthy: 10.0.0.7: Health checks failed with these codes: [503]"],
        ),
        ({"describe_target_health": _health("healthy")}, []),
        ({"describe_services": service(events=[{"message": "no"}])}, ["ECS says: no"]),
        (
            {"describe_services": _on("pool-1", 2)},
            ["pending tasks: 2, perhaps because no instance of pool-1"],
        ),
        ({"describe_services": _on("pool-1", 0)}, []),
        ({"describe_services": _on("FARGATE", 2)}, []),
        (
            {"describe_services": service(events=[{"message": NO_CAPACITY}])},
            [f"ECS says: {NO_CAPACITY}", "FARGATE_SPOT has no fallback"],
        ),
        (
            {"list_tasks": ErrorResponse("AccessDeniedException", "not yours")},
            ["AWS request failed: "],
        ),
        ({"list_tasks": EndpointConnectionError(endpoint_url="x")}, ["AWS request failed: "]),
    ],
    ids=[
        "unhealthy targets",
        "no healthy targets",
        "events if no task was started",
        "tasks pending for an instance, for which ECS has no event",
        "no instances without pending tasks",
        "no pending tasks on Fargate",
        "that Spot has no fallback",
        "an error of AWS",
        "a missing connection",
    ],
)
def test_evidence_shows(operations: dict[str, Any], beginnings: list[str]) -> None:
    shown = evidence_of(**operations)

    assert [line[: len(beginning)] for line, beginning in zip(shown, beginnings, strict=True)] == beginnings
