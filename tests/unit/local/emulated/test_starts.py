"""A stopped task has no container that is still being created."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from local.emulated import ministack, starts
from local.emulated.starts import Starts

ecs = ministack("services.ecs")

CLUSTER = "arn:aws:ecs:us-east-1:000000000000:cluster/shop"
LONG = 20


def task(arn: str = "arn:task", group: str = "family:web") -> dict[str, Any]:
    return {"taskArn": arn, "clusterArn": CLUSTER, "group": group, "lastStatus": "ACTIVATING"}


class Creation:
    """Docker creates a container until the test lets it end."""

    def __init__(self, tasks: Starts, arn: str = "arn:task") -> None:
        self.containers: list[str] = []
        self._begun, self._end = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=tasks.start, args=(self._create, task(arn)), daemon=True)
        self._thread.start()
        assert self._begun.wait(LONG)

    def _create(self, created: dict[str, Any]) -> None:
        self._begun.set()
        assert self._end.wait(LONG)
        self.containers.append(created["taskArn"])

    def end(self) -> None:
        self._end.set()
        self._thread.join(LONG)


def test_a_stop_waits_for_a_container_that_is_being_created() -> None:
    tasks = Starts()
    creation = Creation(tasks)
    removed = threading.Event()
    at_the_end: list[str] = []

    def stop() -> None:
        tasks.clean_up(lambda _: removed.set(), task())
        at_the_end.extend(creation.containers)

    thread = threading.Thread(target=stop, daemon=True)
    thread.start()
    assert removed.wait(LONG), "the existing containers are removed first"
    creation.end()
    thread.join(LONG)

    assert at_the_end == ["arn:task"]


def test_a_stop_does_not_wait_for_other_tasks() -> None:
    tasks = Starts()
    creation = Creation(tasks, "arn:other")

    tasks.clean_up(lambda _: None, task())

    assert creation.containers == []
    creation.end()


def test_a_stop_gives_up_after_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starts, "_WAIT_SECONDS", 0)
    tasks = Starts()
    creation = Creation(tasks)

    tasks.clean_up(lambda _: None, task())

    assert creation.containers == []
    creation.end()


def test_a_task_that_fails_to_start_cleans_up_in_its_own_thread() -> None:
    tasks = Starts()
    removed: list[dict[str, Any]] = []

    tasks.start(lambda started: tasks.clean_up(removed.append, started), task())

    assert removed == [task()]


@pytest.mark.parametrize(("status", "expected"), [("ACTIVE", "ACTIVATING"), ("INACTIVE", "STOPPED")])
def test_a_task_that_a_service_requested_before_its_deletion_is_stopped(
    monkeypatch: pytest.MonkeyPatch, status: str, expected: str
) -> None:
    monkeypatch.setattr(ecs, "_services", {"shop/web": {"status": status}})
    requested = task(group="service:web")
    monkeypatch.setattr(ecs, "_tasks", {"arn:task": requested})
    seen: list[str] = []

    Starts().start(lambda started: seen.append(started["lastStatus"]), requested)

    assert seen == [expected]
