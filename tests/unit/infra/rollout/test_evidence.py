"""What is shown of a service that does not run what it should."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from infra.rollout.evidence import Version, evidence, failed_tasks, tasks_of, telling
from tests.unit.infra.rollout.aws import (
    NEW,
    NOW,
    OLD,
    TARGET_GROUP,
    Answer,
    Aws,
    Hours,
    Refused,
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


def shown(**operations: Answer | list[Answer]) -> list[str]:
    aws: Any = Aws(**{"describe_services": service(), **operations})
    return evidence(aws, VERSION, Hours().clock)


def test_the_last_tasks_that_ended_are_named_with_their_reasons() -> None:
    ended = [task(number, stopped="Essential container exited", age=100 - number) for number in range(5)]

    assert shown(**tasks(*ended)) == [
        "stopped: task 00000000: Essential container exited; web exited with code 3" for _ in range(3)
    ]


def test_tasks_of_another_version_and_tasks_that_ecs_stopped_on_purpose_are_not() -> None:
    other = task(1, stopped="Essential container exited", taskDefinitionArn=OLD)
    scaled = task(2, stopped="Scaling activity initiated by deployment", stopCode="ServiceSchedulerInitiated")

    assert shown(**tasks(other, scaled)) == []


def test_tasks_from_before_a_deployment_are_not() -> None:
    before, since = (task(age, stopped="Essential container exited", age=age) for age in (90, 30))
    aws: Any = Aws(**tasks(before, since))

    found = failed_tasks(aws.client("ecs"), VERSION, NOW - timedelta(seconds=60))

    assert [one["taskArn"] for one in found] == [since["taskArn"]]


def test_a_task_that_is_starting_does_not_run_yet() -> None:
    aws: Any = Aws(**tasks(task(1), task(2, lastStatus="PENDING")))

    assert [one["taskArn"] for one in tasks_of(aws.client("ecs"), VERSION, "RUNNING")] == [task(1)["taskArn"]]


def test_a_task_that_failed_its_health_checks_is() -> None:
    unhealthy = task(1, stopped="Task failed container health checks", stopCode="ServiceSchedulerInitiated")

    assert "failed container health checks" in shown(**tasks(unhealthy))[0]


def test_the_line_that_says_why_is_shown_and_not_the_end_of_a_stack() -> None:
    ended = task(1, stopped="Essential container exited")

    told = shown(**tasks(ended), get_log_events=lines("\n".join(NODE_CRASH)))

    assert "  | Error: DATABASE_URL is missing" in told
    assert "  |     at Object.<anonymous> (/app/server.js:0:9)" in told
    assert len([line for line in told if line.startswith("  |")]) == 20


@pytest.mark.parametrize(
    ("logged", "why"),
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
def test_the_last_line_that_says_why_is_found(logged: list[str], why: str) -> None:
    told = telling(logged)

    assert any(why in line for line in told)
    assert len(told) <= 20


def test_where_no_line_says_why_the_last_ones_are_shown() -> None:
    assert telling([str(number) for number in range(100)]) == [str(number) for number in range(80, 100)]


def test_logs_that_come_late_are_waited_for_a_little() -> None:
    ended, hours = task(1, stopped="Essential container exited"), Hours()
    aws: Any = Aws(
        **tasks(ended),
        describe_services=service(),
        get_log_events=[Refused("ResourceNotFoundException"), lines(), lines("no database")],
    )

    assert evidence(aws, VERSION, hours.clock)[-1] == "  | no database"
    assert 0 < hours.seconds < 10
    assert aws.questions("get_log_events")[0]["logStreamName"] == f"web/web/{1:032x}"


def test_where_the_last_task_was_ended_before_it_logged_anything_another_one_tells() -> None:
    silent, talking = (task(number, stopped="Essential container exited", age=number) for number in (1, 2))
    hours = Hours()
    aws: Any = Aws(
        **tasks(silent, talking), describe_services=service(), get_log_events=[lines(), lines("no database")]
    )

    assert evidence(aws, VERSION, hours.clock)[-1] == "  | no database"
    assert hours.seconds == 0


def _with_sidecar(driver: str) -> dict[str, Any]:
    definition = logging_to()
    sidecar = {**definition["taskDefinition"]["containerDefinitions"][0], "name": "nginx"}
    sidecar["logConfiguration"] = {**sidecar["logConfiguration"], "logDriver": driver}
    definition["taskDefinition"]["containerDefinitions"].append(sidecar)
    return definition


@pytest.mark.parametrize(("driver", "streams"), [("awslogs", [f"web/nginx/{1:032x}"]), ("awsfirelens", [])])
def test_the_container_that_failed_tells_and_not_the_app_beside_it(driver: str, streams: list[str]) -> None:
    ended = task(1, stopped="Essential container exited")
    ended["containers"] = [{"name": "web", "exitCode": 0}, {"name": "nginx", "exitCode": 1}]
    aws: Any = Aws(
        **tasks(ended),
        describe_services=service(),
        describe_task_definition=_with_sidecar(driver),
        get_log_events=lines("bad configuration"),
    )

    evidence(aws, VERSION, Hours().clock)

    assert [one["logStreamName"] for one in aws.questions("get_log_events")] == streams


def test_targets_that_are_unhealthy_are_named() -> None:
    health = {"State": "unhealthy", "Description": "Health checks failed with these codes: [503]"}
    target = {"TargetHealthDescriptions": [{"Target": {"Id": "10.0.0.7"}, "TargetHealth": health}]}

    assert shown(describe_target_health=target) == [
        "unhealthy: 10.0.0.7: Health checks failed with these codes: [503]"
    ]
    assert TARGET_GROUP


def test_where_no_task_was_ever_started_ecs_says_why() -> None:
    events = [{"message": "unable to place a task: no capacity"}]

    assert shown(describe_services=service(events=events)) == [
        "ECS says: unable to place a task: no capacity"
    ]


@pytest.mark.parametrize(
    ("provider", "pending", "said"), [("pool-1", 2, True), ("pool-1", 0, False), ("FARGATE", 2, False)]
)
def test_tasks_that_wait_for_an_instance_are_counted(provider: str, pending: int, said: bool) -> None:  # noqa: FBT001
    """ECS says nothing of a group that cannot grow."""
    strategy = [{"capacityProvider": provider, "weight": 1}]
    lines = shown(describe_services=service(capacityProviderStrategy=strategy, pendingCount=pending))

    assert [line[:50] for line in lines] == (
        ["2 tasks wait, perhaps for an instance of pool-1: i"] if said else []
    )


def test_spot_alone_has_no_fallback() -> None:
    """Said where it bites: ECS's own message does not name the cause."""
    events = [
        {"message": "(service web) was unable to place a task. Reason: Capacity is unavailable at this time."}
    ]

    assert "FARGATE_SPOT has no fallback of its own" in shown(describe_services=service(events=events))[1]


@pytest.mark.parametrize(
    "problem", [Refused("AccessDeniedException", "not yours"), EndpointConnectionError(endpoint_url="x")]
)
def test_what_aws_does_not_answer_is_said(problem: Answer) -> None:
    assert shown(list_tasks=problem)[0].startswith("AWS did not say more: ")
