"""ECS's descriptions, converted to the page's services and tasks."""

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
    return service_of(
        described, fakes.definition(), [task_of(task, containers) for task in tasks], stack="dev"
    )


FAILED = deployment(
    2, "FAILED", status="ACTIVE", createdAt=BEGAN + timedelta(minutes=1), rolloutStateReason="broke"
)


@pytest.mark.parametrize(
    ("described", "tasks", "state"),
    [
        (fakes.service(), [fakes.task()], State.STEADY),
        (fakes.service(desiredCount=0), [], State.STEADY),
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


def test_a_task_that_failed_before_the_deployment_does_not_count() -> None:
    old = fakes.stopped(2, createdAt=BEGAN - timedelta(hours=1))

    assert read(fakes.service(), old).state == State.STARTING


def test_a_failing_service_has_a_reason() -> None:
    assert read(fakes.service(), fakes.stopped(2)).note == (
        "task 00000002 stopped: Essential container in task exited; web exited with code 3"
    )


def test_a_task_without_a_container_does_not_count_as_running() -> None:
    """The emulator still counts it."""
    shown = read(fakes.service(), fakes.task(), containers=set())

    assert (shown.running, shown.state, shown.tasks[0].state) == (0, State.FAILING, State.NO_CONTAINER)


def test_a_service_shows_its_containers_data_without_its_variables() -> None:
    shown = read(fakes.service(), fakes.task())

    assert (shown.name, shown.log_group, shown.image, shown.size) == (
        "web",
        "logs-1",
        "ab" * 6,
        "0.25 vCPU, 512 MiB",
    )
    assert "not-for-the-page" not in repr(shown)


def test_only_a_running_task_of_a_service_can_be_restarted() -> None:
    tasks = [fakes.task(), fakes.stopped(2), fakes.task(3, group="family:job")]

    assert [task_of(task, None).can_be_restarted for task in tasks] == [True, False, False]


def test_events_of_the_service_its_deployments_and_tasks_are_shown_latest_first() -> None:
    event = {"createdAt": BEGAN + timedelta(seconds=2), "message": "reached a steady state"}
    shown = read(fakes.service(events=[event]), fakes.task(), fakes.stopped(2))

    assert [event.text for event in shown.events] == [
        "Task 00000002 stopped (version 1): Essential container in task exited; web exited with code 3",
        "reached a steady state",
        "Task 00000001 started (version 1)",
        "Task 00000002 started (version 1)",
        "Deployment of version 1 started",
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
def test_the_addresses_of_a_service_follow_from_the_rules_that_forward_to_it(
    rules: list[Any], addresses: list[str]
) -> None:
    assert [*http_addresses(fakes.routes_of(*rules), [GROUP], PORT)] == addresses


def test_a_stack_has_services_and_jobs() -> None:
    cloud: Any = Cloud()
    cloud.ecs.tasks.append(fakes.stopped(7, group="family:nightly", code=0))

    (stack,) = Reader(cloud, port=PORT).read(fakes.ROUTES, {}).stacks

    assert (stack.name, [service.name for service in stack.services], stack.summary) == (
        "dev",
        ["web"],
        "1 service, all steady",
    )
    assert [task.short for task in stack.jobs] == ["00000007"]


def test_a_task_that_stops_during_a_read_is_shown_once(monkeypatch: pytest.MonkeyPatch) -> None:
    cloud: Any = Cloud()
    cloud.ecs.tasks = [fakes.stopped(2)]
    lists = SimpleNamespace(paginate=lambda **_: [{"taskArns": [fakes.task_arn(2)]}])
    others = cloud.ecs.get_paginator
    monkeypatch.setattr(
        cloud.ecs, "get_paginator", lambda name: lists if name == "list_tasks" else others(name)
    )

    (shown,) = Reader(cloud, port=PORT).read(fakes.ROUTES, {}).services

    assert (len(shown.tasks), len(shown.stopped)) == (0, 1)


def test_events_of_the_same_second_keep_their_order() -> None:
    short = fakes.stopped(2, startedAt=BEGAN, stoppedAt=BEGAN)

    assert [event.text[:21] for event in read(fakes.service(), short).events[:3]] == [
        "Task 00000002 stopped", "Task 00000002 started", "Deployment of version"
    ]  # fmt: skip


def test_a_service_in_another_stacks_cluster_belongs_to_its_own_stack() -> None:
    """Previews run in the cluster of the stack that they are attached to."""
    cloud: Any = Cloud()
    cloud.ecs.services = [fakes.service(tags=[{"key": "Stack", "value": "pr-7"}])]

    assert [item.name for item in Reader(cloud, port=PORT).read(fakes.ROUTES, {}).stacks] == ["pr-7"]
