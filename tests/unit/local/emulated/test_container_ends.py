"""When MiniStack looks whether a task has ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from queue import Queue
from typing import Any

import pytest
from docker.errors import DockerException

from local.emulated import container_ends
from local.emulated.container_ends import WATCH, Ends

LONG = 60.0


class Docker:
    """Says when containers end."""

    def __init__(self, *, failures: int = 0) -> None:
        self._ended: Queue[str] = Queue()
        self._failures = failures

    def listen(self) -> Iterable[str]:
        if self._failures:
            self._failures -= 1
            raise DockerException("gone")
        return iter(self._ended.get, None)

    def end(self, name: str) -> None:
        self._ended.put(name)


def returned(call: Any) -> bool:
    """Whether a call in a thread of its own comes to its end."""
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(20)
    return not thread.is_alive()


@pytest.fixture
def docker() -> Docker:
    return Docker()


def test_the_first_look_is_at_once(docker: Docker) -> None:
    """A container may have ended before anybody listened."""
    assert returned(lambda: Ends(docker.listen).wait(LONG))


def test_the_next_one_is_when_a_container_has_ended(docker: Docker) -> None:
    ends = Ends(docker.listen)
    looked = threading.Event()

    def look_twice() -> None:
        ends.wait(LONG)
        looked.set()
        ends.wait(LONG)

    thread = threading.Thread(target=look_twice, daemon=True)
    thread.start()
    assert looked.wait(20)
    docker.end("web")
    thread.join(20)

    assert not thread.is_alive()


def test_one_that_ends_during_a_look_is_looked_for_again(docker: Docker) -> None:
    ends = Ends(docker.listen)

    def look_twice() -> None:
        ends.wait(LONG)
        docker.end("web")
        ends.wait(LONG)

    assert returned(look_twice)


def test_until_then_it_waits_and_not_longer_than_it_is_told(docker: Docker) -> None:
    """Docker's word may be lost."""
    ends = Ends(docker.listen)
    ends.wait(LONG)
    began = time.monotonic()

    ends.wait(0.05)

    assert time.monotonic() - began >= 0.05


def test_docker_that_comes_back_is_listened_to_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(container_ends, "_AGAIN_SECONDS", 0)
    docker = Docker(failures=1)
    ends = Ends(docker.listen)

    def look_twice() -> None:
        ends.wait(LONG)
        docker.end("web")
        ends.wait(LONG)

    assert returned(look_twice)
    assert "Docker does not say when containers end: gone" in capsys.readouterr().out


def test_a_watch_waits_and_a_request_that_asks_for_the_task_does_not() -> None:
    waited: list[str] = []
    looked: list[dict[str, Any]] = []

    class Noted(Ends):
        def wait(self, seconds: float) -> None:
            waited.append(threading.current_thread().name)

    ends = Noted(list)

    def look() -> None:
        container_ends._look(lambda task, _: looked.append(task), ends, {"taskArn": "1"})

    for name in (f"{WATCH}1", "request"):
        thread = threading.Thread(target=look, name=name)
        thread.start()
        thread.join()

    assert waited == [f"{WATCH}1"]
    assert looked == [{"taskArn": "1"}] * 2
