"""The look at every service at the end of an update."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pulumi
import pytest

from infra.rollout.verification import Expected, RolloutError, verify
from tests.unit.infra.conftest import declare_watched
from tests.unit.infra.recorder import Graph
from tests.unit.infra.rollout.aws import (
    NEW,
    OLD,
    Answer,
    Aws,
    Hours,
    Refused,
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


def look(
    described: Answer | list[Answer],
    *services: Expected,
    hours: Hours | None = None,
    **operations: Answer | list[Answer],
) -> Aws:
    aws: Any = Aws(describe_services=described, **operations)
    asyncio.run(verify(aws, services or (expected(),), (hours or Hours()).clock))
    return aws


def refused(described: Answer | list[Answer], *services: Expected, **more: Any) -> str:
    with pytest.raises(RolloutError) as raised:
        look(described, *services, **more)
    return str(raised.value)


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    return said


def test_a_service_that_runs_what_it_should_is_looked_at_once() -> None:
    aws, hours = look(service()), Hours()

    assert [name for name, _ in aws.asked] == ["describe_services"]
    assert hours.seconds == 0


def test_after_a_rollback_an_update_that_changes_nothing_fails_and_says_how_to_try_again() -> None:
    """The provider has saved the version that failed: nothing differs, and it would report success."""
    failed = deployment(NEW, "FAILED", status="ACTIVE", rolloutStateReason="circuit breaker", age=90)
    message = refused(service(deployment(OLD), failed))

    assert message.startswith(
        "The service does not run what this stack asks for.\n\nweb: ECS runs web:6 instead of web:7: it rolled "
        "the deployment back, or something else was deployed: circuit breaker\n"
    )
    assert "`pulumi up --refresh` tries the same version once more" in message


def test_where_there_was_nothing_to_roll_back_to_it_says_what_tries_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A refresh finds the version that was asked for, and nothing to do."""
    monkeypatch.setattr(pulumi, "get_stack", lambda: "dev")

    message = refused(service(deployment(NEW, "FAILED", rolloutStateReason="circuit breaker")))

    assert message.endswith(
        "\nFix it and run `pulumi up` again; `python -m automation redeploy STACK` tries the same version once more.\n"
    )


@pytest.mark.parametrize(
    ("described", "says"),
    [
        ({"services": [], "failures": [{"reason": "MISSING"}]}, "does not have this service any more"),
        (service(status="INACTIVE"), "does not have this service any more"),
        (service(deployment(NEW, "FAILED", rolloutStateReason="broken")), "its deployment failed: broken"),
        (service(deployment(NEW, "IN_PROGRESS")), "its deployment is not complete"),
        (service(deployment(runningCount=1), desiredCount=3), "1 of 3 tasks run"),
    ],
)
def test_what_is_not_as_it_should_be_is_an_error(described: Answer, says: str) -> None:
    assert says in refused(described)


def test_a_task_that_is_being_replaced_is_waited_for() -> None:
    """Spot, or a scaling action, may be at it this very moment."""
    hours = Hours()

    look([service(deployment(runningCount=0)), service(deployment(runningCount=0)), service()], hours=hours)

    assert 0 < hours.seconds < 60


def test_it_is_waited_for_a_minute_and_no_longer() -> None:
    hours = Hours()

    refused(service(deployment(runningCount=0)), hours=hours)

    assert 60 <= hours.seconds < 75


def test_what_will_not_pass_is_not_waited_for() -> None:
    hours = Hours()

    refused(service(deployment(OLD)), hours=hours)

    assert hours.seconds == 0


def test_one_error_names_all_services_with_what_aws_knows_of_each() -> None:
    def described(question: dict[str, Any]) -> dict[str, Any]:
        found = [
            {
                **service(deployment(OLD if name.startswith("web-b") else NEW))["services"][0],
                "serviceName": name,
            }
            for name in question["services"]
        ]
        return {"services": [one for one in found if not one["serviceName"].startswith("web-c")]}

    message = refused(
        described,
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


def test_ten_services_are_asked_about_at_once() -> None:
    names = [f"web-{number}" for number in range(12)]

    def described(question: dict[str, Any]) -> dict[str, Any]:
        return {
            "services": [{**service()["services"][0], "serviceName": name} for name in question["services"]]
        }

    aws = look(described, *map(expected, names))

    assert [len(question["services"]) for question in aws.questions("describe_services")] == [10, 2]


def test_an_aws_that_does_not_answer_is_no_success() -> None:
    assert "is not known: " in refused(Refused("AccessDeniedException", "not yours"))


def test_a_service_that_sleeps_by_its_schedule_is_warned_of(warned: list[str]) -> None:
    asleep = service(deployment(runningCount=0, desiredCount=0), desiredCount=0, runningCount=0)

    look(asleep, expected(scheduled=True))
    look(asleep, expected())

    assert len(warned) == 1
    assert "web sleeps by its schedule" in warned[0]


@pytest.mark.parametrize("kind", ["MetricAlarms", "CompositeAlarms"])
def test_an_alarm_that_is_on_is_warned_of(warned: list[str], kind: str) -> None:
    """ECS ignores it for the whole of a deployment that begins meanwhile."""
    on = {kind: [{"AlarmName": "web-errors", "StateValue": "ALARM"}]}

    aws = look(service(), expected(alarms=("web-errors", "queue")), describe_alarms=on)

    assert warned[0].startswith("web: web-errors is in alarm.")
    assert aws.questions("describe_alarms")[0]["AlarmNames"] == ["queue", "web-errors"]


def test_whether_an_alarm_is_on_does_not_decide_an_update(warned: list[str]) -> None:
    look(service(), expected(alarms=("web-errors",)), describe_alarms=Refused("AccessDenied"))

    assert warned[0].startswith("Whether alarms are on is not known: ")


# In the program.


class Looker:
    """Stands for the look: keeps what is expected, and answers what it is told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.expected: Sequence[Expected] = ()

    async def __call__(self, clients: Any, services: Sequence[Expected], *_: Any) -> None:
        del clients
        self.expected = services
        if self.error:
            raise self.error


def _registered_by_stack(graph: Graph) -> list[str]:
    return [urn for urn in graph.outputs if "::pulumi:pulumi:Stack::" in urn]


def test_every_service_is_expected_to_run_what_the_stack_asks_for(app: Path) -> None:
    looker = Looker()

    graph = declare_watched("dev", app=app, verify=looker)

    names = ["web", "web-alice", "web-bob"]
    assert [one.name for one in looker.expected] == names
    assert [one.service for one in looker.expected] == [
        graph.exports["service_names"][name] for name in names
    ]
    assert {one.cluster for one in looker.expected} == {graph.exports["cluster_arn"]}
    assert [one.task_definition for one in looker.expected] == [
        graph.component_outputs("node-on-ecs:infra:TaskDefinition", name)["arn"] for name in names
    ]


def test_the_alarms_that_a_service_listens_to_are_looked_at(app: Path) -> None:
    looker = Looker()

    graph = declare_watched("staging", {"alarms": {"extra": ["queue"]}}, app=app, verify=looker)

    web = looker.expected[0]
    assert list(web.alarms) == graph.one("aws:ecs/service:Service", "web").inputs["alarms"]["alarmNames"]


def test_only_a_service_with_a_schedule_may_sleep(app: Path) -> None:
    office, always = Looker(), Looker()
    evening = {"name": "evening", "cron": "0 18 ? * * *", "min-count": 0, "max-count": 0}

    declare_watched(
        "staging",
        {"desired-count": 1, "autoscaling": {"enabled": True, "schedule": [evening]}},
        app=app,
        verify=office,
    )
    declare_watched("staging", app=app, verify=always)

    assert {one.scheduled for one in office.expected} == {True}
    assert {one.scheduled for one in always.expected} == {False}


def test_a_preview_asks_nobody_and_shows_the_addresses(app: Path) -> None:
    looker = Looker(RolloutError("it would fail"))

    graph = declare_watched("staging", app=app, dry_run=True, verify=looker)

    assert looker.expected == ()
    assert graph.exports["url"] == "https://staging.example.com"


def test_addresses_appear_only_when_all_is_well(app: Path) -> None:
    """Whoever reads the outputs must not find the address of a version that did not make it."""
    good, bad = Graph(), Graph()

    declare_watched("staging", app=app, verify=Looker(), graph=good)
    with pytest.raises(pulumi.RunError, match="rolled back"):
        declare_watched("staging", app=app, verify=Looker(RolloutError("rolled back")), graph=bad)

    assert _registered_by_stack(good)
    assert not _registered_by_stack(bad)
