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
    """Docker creates the containers of a task until the test lets it end."""

    def __init__(self, tasks: Starts, *, stopped: bool = True, cluster: str = CLUSTER) -> None:
        self.containers: list[str] = []
        self._begun, self._end = threading.Event(), threading.Event()
        created = task() | {"clusterArn": cluster} | ({"desiredStatus": "STOPPED"} if stopped else {})
        self._thread = threading.Thread(target=tasks.start, args=(self._create, created), daemon=True)
        self._thread.start()
        assert self._begun.wait(LONG)

    def _create(self, created: dict[str, Any]) -> None:
        self._begun.set()
        assert self._end.wait(LONG)
        self.containers.append(created["taskArn"])

    def end(self) -> None:
        self._end.set()
        self._thread.join(LONG)


def stop(tasks: Starts) -> str:
    return tasks.stop(lambda _: "answer", {"cluster": CLUSTER})


def test_a_stop_waits_for_containers_that_are_being_created() -> None:
    tasks = Starts()
    creation = Creation(tasks)
    stopping = threading.Event()
    at_the_end: list[str] = []

    def delete_service() -> None:
        tasks.stop(lambda _: stopping.set(), {"cluster": CLUSTER})
        at_the_end.extend(creation.containers)

    thread = threading.Thread(target=delete_service, daemon=True)
    thread.start()
    assert stopping.wait(LONG)
    creation.end()
    thread.join(LONG)

    assert at_the_end == ["arn:task"]


@pytest.mark.parametrize(
    "other",
    [{"stopped": False}, {"cluster": f"{CLUSTER}-of-another-stack"}],
    ids=["a task that is not stopped", "a task of another cluster"],
)
def test_a_stop_does_not_wait_for(other: dict[str, Any]) -> None:
    tasks = Starts()
    creation = Creation(tasks, **other)

    assert stop(tasks) == "answer"
    assert creation.containers == []
    creation.end()


def test_a_stop_gives_up_after_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starts, "_WAIT_SECONDS", 0)
    tasks = Starts()
    creation = Creation(tasks)

    assert stop(tasks) == "answer"
    assert creation.containers == []
    creation.end()


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
