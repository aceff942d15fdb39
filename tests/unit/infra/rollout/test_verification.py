"""The check of every service at the end of an update."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pulumi
import pytest

from infra.rollout.verification import Expected, RolloutError, verify
from tests.unit.infra.conftest import declare_program
from tests.unit.infra.recorder import Graph
from tests.unit.infra.rollout.aws import (
    NEW,
    OLD,
    Answer,
    Aws,
    ErrorResponse,
    FakeClock,
    deployment,
    lines,
    service,
    task,
    tasks,
)


def expected(name: str = "web", **changes: Any) -> Expected:
    return Expected(
        **{
            "name": name,
            "cluster": "cluster",
            "service": f"{name}-1a2b3c4",
            "task_definition": NEW,
            **changes,
        }
    )


def check(
    described: Answer | list[Answer],
    *services: Expected,
    clock: FakeClock | None = None,
    **operations: Answer | list[Answer],
) -> Aws:
    aws: Any = Aws(describe_services=described, **operations)
    asyncio.run(verify(aws, services or (expected(),), (clock or FakeClock()).clock))
    return aws


def error_of(described: Answer | list[Answer], *services: Expected, **more: Any) -> str:
    with pytest.raises(RolloutError) as raised:
        check(described, *services, **more)
    return str(raised.value)


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lines.append)
    return lines


def test_service_with_the_requested_version_is_checked_once() -> None:
    aws, clock = check(service()), FakeClock()

    assert [name for name, _ in aws.calls] == ["describe_services"]
    assert clock.seconds == 0


def test_rolled_back_version_is_an_error_that_recommends_a_refresh() -> None:
    """The state has the failed version, so that the next update finds no change and would succeed."""
    failed = deployment(NEW, "FAILED", status="ACTIVE", rolloutStateReason="circuit breaker", age=90)
    message = error_of(service(deployment(OLD), failed))

    assert message.startswith(
        "The service does not run what this stack asks for.\n\nweb: ECS runs web:6 instead of web:7: it rolled "
        "the deployment back, or something else was deployed: circuit breaker\n"
    )
    assert "`pulumi up --refresh` tries the same version once more" in message


def test_failed_first_deployment_is_an_error_that_recommends_redeploy() -> None:
    """A refresh finds the requested version, and nothing to change."""
    message = error_of(service(deployment(NEW, "FAILED", rolloutStateReason="circuit breaker")))

    assert message.endswith(
        "\nFix it and run `pulumi up` again; `python -m automation redeploy STACK` tries the same version once more.\n"
    )


@pytest.mark.parametrize(
    ("described", "error"),
    [
        ({"services": [], "failures": [{"reason": "MISSING"}]}, "does not have this service any more"),
        (service(status="INACTIVE"), "does not have this service any more"),
        (service(deployment(NEW, "FAILED", rolloutStateReason="broken")), "its deployment failed: broken"),
        (service(deployment(NEW, "IN_PROGRESS")), "its deployment is not complete"),
        (service(deployment(runningCount=1), desiredCount=3), "1 of 3 tasks run"),
    ],
)
def test_service_without_the_requested_version_or_tasks_is_an_error(described: Answer, error: str) -> None:
    assert error in error_of(described)


def test_replaced_tasks_are_waited_for() -> None:
    """Spot or a scaling action may replace a task at any time."""
    clock = FakeClock()

    check([service(deployment(runningCount=0)), service(deployment(runningCount=0)), service()], clock=clock)

    assert 0 < clock.seconds < 60


LACKS_TASKS, ROLLED_BACK = deployment(runningCount=0), deployment(OLD)


@pytest.mark.parametrize(
    ("broken", "seconds"),
    [([LACKS_TASKS], range(60, 75)), ([ROLLED_BACK], range(1)), ([LACKS_TASKS, ROLLED_BACK], range(1))],
    ids=["missing tasks for a minute", "another version not at all", "both not at all"],
)
def test_only_temporary_errors_are_waited_for(broken: list[dict[str, Any]], seconds: range) -> None:
    clock = FakeClock()
    described = [
        {**service(primary)["services"][0], "serviceName": f"web-{number}-1a2b3c4"}
        for number, primary in enumerate(broken)
    ]
    services = [expected(f"web-{number}") for number, _ in enumerate(broken)]

    error_of({"services": described}, *services, clock=clock)

    assert int(clock.seconds) in seconds


def test_one_error_lists_all_failed_services_with_evidence() -> None:
    def describe(request: dict[str, Any]) -> dict[str, Any]:
        services = [
            {
                **service(deployment(OLD if name.startswith("web-b") else NEW))["services"][0],
                "serviceName": name,
            }
            for name in request["services"]
        ]
        return {
            "services": [service for service in services if not service["serviceName"].startswith("web-c")]
        }

    message = error_of(
        describe,
        *(expected(name) for name in ("web", "web-bob", "web-carol")),
        **tasks(task(1, stopped="Essential container exited")),
        get_log_events=lines("Error: no database"),
    )

    assert message.startswith(
        "2 of 3 services do not run what this stack asks for.\n\nweb-bob: ECS runs web:6"
    )
    assert "\n  stopped: task 00000000: Essential container exited; web exited with code 3\n" in message
    assert "\n    | Error: no database\n" in message
    assert "\nweb-carol: ECS does not have this service any more\n" in message


def test_ten_services_are_described_at_once() -> None:
    names = [f"web-{number}" for number in range(12)]

    def describe(request: dict[str, Any]) -> dict[str, Any]:
        return {
            "services": [{**service()["services"][0], "serviceName": name} for name in request["services"]]
        }

    aws = check(describe, *map(expected, names))

    assert [len(request["services"]) for request in aws.requests("describe_services")] == [10, 2]


def test_error_of_aws_is_an_error() -> None:
    assert "It is not known whether the services run the requested version: " in error_of(
        ErrorResponse("AccessDeniedException", "not yours")
    )


def test_service_stopped_by_its_schedule_is_a_warning(warnings: list[str]) -> None:
    asleep = service(deployment(runningCount=0, desiredCount=0), desiredCount=0, runningCount=0)

    check(asleep, expected(scheduled=True))
    check(asleep, expected())

    assert len(warnings) == 1
    assert "web is stopped by its schedule" in warnings[0]


@pytest.mark.parametrize("kind", ["MetricAlarms", "CompositeAlarms"])
def test_alarm_that_is_on_is_a_warning(warnings: list[str], kind: str) -> None:
    """ECS ignores it during a whole deployment that begins meanwhile."""
    on = {kind: [{"AlarmName": "web-errors", "StateValue": "ALARM"}]}

    aws = check(service(), expected(alarms=("web-errors", "queue")), describe_alarms=on)

    assert warnings[0].startswith("web: web-errors is in alarm.")
    assert aws.requests("describe_alarms")[0]["AlarmNames"] == ["queue", "web-errors"]


def test_error_about_alarms_is_a_warning(warnings: list[str]) -> None:
    check(service(), expected(alarms=("web-errors",)), describe_alarms=ErrorResponse("AccessDenied"))

    assert warnings[0].startswith("It is not known whether alarms are on: ")


class FakeVerify:
    """Replaces the check: records the expected services, and raises an error if there is one."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.expected: Sequence[Expected] = ()

    async def __call__(self, clients: Any, services: Sequence[Expected], *_: Any) -> None:
        del clients
        self.expected = services
        if self.error:
            raise self.error


def _stack_outputs(graph: Graph) -> list[str]:
    return [urn for urn in graph.outputs if "::pulumi:pulumi:Stack::" in urn]


def test_program_checks_every_service_for_its_task_definition(app: Path) -> None:
    verify = FakeVerify()

    graph = declare_program("dev", app=app, verify=verify)

    names = ["web", "web-alice", "web-bob"]
    assert [service.name for service in verify.expected] == names
    assert [service.service for service in verify.expected] == [
        graph.exports["service_names"][name] for name in names
    ]
    assert {service.cluster for service in verify.expected} == {graph.exports["cluster_arn"]}
    assert [service.task_definition for service in verify.expected] == [
        graph.component_outputs("node-on-ecs:infra:TaskDefinition", name)["arn"] for name in names
    ]


@pytest.mark.parametrize("has_schedule", [True, False])
def test_program_checks_alarms_and_allows_only_a_schedule_to_stop_tasks(
    app: Path, *, has_schedule: bool
) -> None:
    verify = FakeVerify()
    evening = {"name": "evening", "cron": "0 18 ? * * *", "min-count": 0, "max-count": 0}
    scaling = {"enabled": True, "schedule": [evening] if has_schedule else []}
    changes = {"desired-count": 1, "autoscaling": scaling, "alarms": {"extra": ["queue"]}}

    graph = declare_program("staging", changes, app=app, verify=verify)

    (web,) = verify.expected
    assert list(web.alarms) == graph.one("aws:ecs/service:Service", "web").inputs["alarms"]["alarmNames"]
    assert web.scheduled is has_schedule


def test_preview_does_not_check_and_shows_the_addresses(app: Path) -> None:
    verify = FakeVerify(RolloutError("it would fail"))

    graph = declare_program("staging", app=app, dry_run=True, verify=verify)

    assert verify.expected == ()
    assert graph.exports["url"] == "https://staging.example.com"


def test_addresses_are_outputs_only_after_a_successful_check(app: Path) -> None:
    """The outputs must not have the address of a version that failed."""
    good, bad = Graph(), Graph()

    declare_program("staging", app=app, verify=FakeVerify(), graph=good)
    with pytest.raises(pulumi.RunError, match="rolled back"):
        declare_program("staging", app=app, verify=FakeVerify(RolloutError("rolled back")), graph=bad)

    assert _stack_outputs(good)
    assert not _stack_outputs(bad)
