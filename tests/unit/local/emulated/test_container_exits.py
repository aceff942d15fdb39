"""When MiniStack checks whether a task has stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from queue import Queue
from typing import Any

import pytest
from docker.errors import DockerException

from local.emulated import container_exits
from local.emulated.container_exits import WATCH, Exits

LONG = 60.0


class Docker:
    """Reports when containers exit."""

    def __init__(self, *, failures: int = 0) -> None:
        self._exits: Queue[str] = Queue()
        self._failures = failures

    def listen(self) -> Iterable[str]:
        if self._failures:
            self._failures -= 1
            raise DockerException("gone")
        return iter(self._exits.get, None)

    def exit(self, name: str) -> None:
        self._exits.put(name)


def returned(call: Any) -> bool:
    """Whether a call returns in another thread."""
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(20)
    return not thread.is_alive()


@pytest.fixture
def docker() -> Docker:
    return Docker()


def test_the_first_wait_returns_at_once(docker: Docker) -> None:
    """A container may have exited before events were read."""
    assert returned(lambda: Exits(docker.listen).wait(LONG))


def test_the_next_wait_returns_when_a_container_exits(docker: Docker) -> None:
    exits = Exits(docker.listen)
    waited = threading.Event()

    def wait_twice() -> None:
        exits.wait(LONG)
        waited.set()
        exits.wait(LONG)

    thread = threading.Thread(target=wait_twice, daemon=True)
    thread.start()
    assert waited.wait(20)
    docker.exit("web")
    thread.join(20)

    assert not thread.is_alive()


def test_an_exit_between_two_waits_ends_the_second(docker: Docker) -> None:
    exits = Exits(docker.listen)

    def wait_twice() -> None:
        exits.wait(LONG)
        docker.exit("web")
        exits.wait(LONG)

    assert returned(wait_twice)


def test_a_wait_ends_after_its_timeout(docker: Docker) -> None:
    """An event of Docker may be lost."""
    exits = Exits(docker.listen)
    exits.wait(LONG)
    began = time.monotonic()

    exits.wait(0.05)

    assert time.monotonic() - began >= 0.05


def test_events_are_read_again_after_docker_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(container_exits, "_RETRY_SECONDS", 0)
    docker = Docker(failures=1)
    exits = Exits(docker.listen)

    def wait_twice() -> None:
        exits.wait(LONG)
        docker.exit("web")
        exits.wait(LONG)

    assert returned(wait_twice)
    assert "Docker does not report exits of containers: gone" in capsys.readouterr().out


def test_watches_wait_and_requests_do_not() -> None:
    waited: list[str] = []
    checked: list[dict[str, Any]] = []

    class RecordedExits(Exits):
        def wait(self, seconds: float) -> None:
            waited.append(threading.current_thread().name)

    exits = RecordedExits(list)

    def check() -> None:
        container_exits._check(lambda task, _: checked.append(task), exits, {"taskArn": "1"})

    for name in (f"{WATCH}1", "request"):
        thread = threading.Thread(target=check, name=name)
        thread.start()
        thread.join()

    assert waited == [f"{WATCH}1"]
    assert checked == [{"taskArn": "1"}] * 2
