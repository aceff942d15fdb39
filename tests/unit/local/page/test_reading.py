"""What ECS answers, as the page's services and tasks."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from local.page.model import Service, State
from local.page.reading import Reader, http_addresses, service_of, task_of
from tests.unit.local.page import fakes
from tests.unit.local.page.fakes import BEGAN, FORWARD, GROUP, PORT, Cloud, deployment, host_is, path_is, rule


def read(described: dict[str, Any], *tasks: dict[str, Any], containers: set[str] | None = None) -> Service:
    return service_of(described, fakes.definition(), [task_of(one, containers) for one in tasks], stack="dev")


FAILED = deployment(
    2, "FAILED", status="ACTIVE", createdAt=BEGAN + timedelta(minutes=1), rolloutStateReason="broke"
)


@pytest.mark.parametrize(
    ("described", "tasks", "state"),
    [
        (fakes.service(), [fakes.task()], State.STEADY),
        (fakes.service(desiredCount=0), [], State.ASLEEP),
        (fakes.service(), [], State.STARTING),
        (fakes.service(), [fakes.stopped(2)], State.FAILING),
        (fakes.service(), [fakes.stopped(2, code=0)], State.STARTING),
        (fakes.service(deployments=[deployment(2, "IN_PROGRESS")]), [fakes.task()], State.ROLLING_OUT),
        (fakes.service(deployments=[deployment(2), deployment(1, status="ACTIVE")]), [fakes.task()], State.ROLLING_OUT),
        (fakes.service(deployments=[deployment(1), FAILED]), [fakes.task()], State.ROLLED_BACK),
        (fakes.service(desiredCount=0), [fakes.task()], State.STOPPING),
    ],
)  # fmt: skip
def test_the_state_of_a_service(described: dict[str, Any], tasks: list[dict[str, Any]], state: State) -> None:
    assert read(described, *tasks).state == state


def test_a_task_that_failed_before_the_deployment_is_no_fault_of_it() -> None:
    old = fakes.stopped(2, createdAt=BEGAN - timedelta(hours=1))

    assert read(fakes.service(), old).state == State.STARTING


def test_a_service_that_fails_says_why() -> None:
    assert read(fakes.service(), fakes.stopped(2)).note == (
        "task 00000002 stopped: Essential container in task exited; web exited with code 3"
    )


def test_a_task_whose_container_is_gone_does_not_run() -> None:
    """The emulator goes on counting it."""
    found = read(fakes.service(), fakes.task(), containers=set())

    assert (found.running, found.state, found.tasks[0].state) == (0, State.FAILING, State.GONE)


def test_a_service_has_the_name_of_its_container_and_no_variable_of_it() -> None:
    found = read(fakes.service(), fakes.task())

    assert (found.name, found.log_group, found.image, found.size) == (
        "web",
        "logs-1",
        "ab" * 6,
        "0.25 vCPU, 512 MiB",
    )
    assert "not-for-the-page" not in repr(found)


def test_only_a_running_task_of_a_service_may_be_restarted() -> None:
    tasks = [fakes.task(), fakes.stopped(2), fakes.task(3, group="family:job")]

    assert [task_of(one, None).can_be_restarted for one in tasks] == [True, False, False]


def test_events_are_those_of_ecs_and_of_deployments_and_tasks_the_latest_first() -> None:
    said = {"createdAt": BEGAN + timedelta(seconds=2), "message": "reached a steady state"}
    found = read(fakes.service(events=[said]), fakes.task(), fakes.stopped(2))

    assert [event.text for event in found.events] == [
        "Task 00000002 stopped (version 1): Essential container in task exited; web exited with code 3",
        "reached a steady state",
        "Task 00000001 started (version 1)",
        "Task 00000002 started (version 1)",
        "Deployment of version 1 began",
    ]


@pytest.mark.parametrize(
    ("rules", "addresses"),
    [
        ([rule(1, FORWARD, host_is(fakes.HOST))], ["http://dev.example.com.localhost:8080"]),
        ([rule(1, FORWARD, host_is("other.example.com"))], []),
        ([rule(1, FORWARD, host_is(fakes.HOST), path_is("/api", "/api/*"))], ["http://dev.example.com.localhost:8080/api"]),
        ([rule(1, FORWARD, path_is("/*"))], ["http://dev.example.com.localhost:8080"]),
    ],
)  # fmt: skip
def test_a_service_is_found_where_a_rule_forwards_to_it(rules: list[Any], addresses: list[str]) -> None:
    assert [*http_addresses(fakes.routes_of(*rules), [GROUP], PORT)] == addresses


def test_stacks_have_their_services_and_the_tasks_that_no_service_has() -> None:
    cloud: Any = Cloud()
    cloud.ecs.tasks.append(fakes.stopped(7, group="family:nightly", code=0))

    (stack,) = Reader(cloud, port=PORT).read(fakes.ROUTES, {}).stacks

    assert (stack.name, [one.name for one in stack.services], stack.summary) == (
        "dev",
        ["web"],
        "1 service, all steady",
    )
    assert [task.short for task in stack.jobs] == ["00000007"]


def test_a_task_that_stops_while_it_is_read_is_shown_once(monkeypatch: pytest.MonkeyPatch) -> None:
    cloud: Any = Cloud()
    cloud.ecs.tasks = [fakes.stopped(2)]
    lists = SimpleNamespace(paginate=lambda **_: [{"taskArns": [fakes.task_arn(2)]}])
    others = cloud.ecs.get_paginator
    monkeypatch.setattr(
        cloud.ecs, "get_paginator", lambda name: lists if name == "list_tasks" else others(name)
    )

    (found,) = Reader(cloud, port=PORT).read(fakes.ROUTES, {}).services

    assert (len(found.tasks), len(found.stopped)) == (0, 1)


def test_of_one_second_the_last_that_happens_comes_first() -> None:
    short = fakes.stopped(2, startedAt=BEGAN, stoppedAt=BEGAN)

    assert [event.text[:21] for event in read(fakes.service(), short).events[:3]] == [
        "Task 00000002 stopped", "Task 00000002 started", "Deployment of version"
    ]  # fmt: skip


def test_a_service_of_a_preview_belongs_to_the_preview_s_stack() -> None:
    """It runs in the cluster of another stack."""
    cloud: Any = Cloud()
    cloud.ecs.services = [fakes.service(tags=[{"key": "Stack", "value": "pr-7"}])]

    assert [one.name for one in Reader(cloud, port=PORT).read(fakes.ROUTES, {}).stacks] == ["pr-7"]
