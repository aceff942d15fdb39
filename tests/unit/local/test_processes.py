"""Detached processes: they outlive nothing that stops them, and no other process is taken for them."""

from __future__ import annotations

import dataclasses
import json
import os
import time
from typing import TYPE_CHECKING

import pytest

from local import processes
from local.processes import DetachedProcess, ProcessError, user_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

WAIT = "import os, signal; print('up', os.getpid(), flush=True); signal.pause()"
STUBBORN = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"
)
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {WAIT!r}])"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], DetachedProcess]]:
    """Start Python with a program; what still runs at the end is ended."""
    started: list[DetachedProcess] = []

    def start(program: str) -> DetachedProcess:
        process = DetachedProcess.start(
            ["-c", program],
            record=tmp_path / "it.json",
            log=tmp_path / "it.log",
            environment=user_environment(),
            facts={"port": 1},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.stop(seconds=0)


def wait_until_up(process: DetachedProcess) -> None:
    log = process.record.with_suffix(".log")
    process.wait_until(lambda: "up" in log.read_text(), seconds=20, what="program", log=log)


def test_it_is_found_again_by_its_record(start: Callable[[str], DetachedProcess]) -> None:
    process = start(WAIT)

    assert DetachedProcess.recorded(process.record) == process
    assert process.alive
    assert process.facts == {"port": 1}


def test_it_has_a_session_of_its_own_so_that_ctrl_c_does_not_reach_it(
    start: Callable[[str], DetachedProcess],
) -> None:
    process = start(WAIT)
    wait_until_up(process)

    assert os.getsid(process.pid) == process.pid
    assert os.getsid(process.pid) != os.getsid(0)


def test_another_process_with_its_pid_is_not_taken_for_it(start: Callable[[str], DetachedProcess]) -> None:
    """After a restart of the machine the pid in an old record is somebody else's; it must not be killed."""
    process = start(WAIT)
    stranger = dataclasses.replace(process, started="long ago")

    stranger.stop(seconds=5)

    assert not stranger.alive
    assert process.alive


def test_stop_ends_it_and_forgets_the_record(start: Callable[[str], DetachedProcess]) -> None:
    process = start(WAIT)
    wait_until_up(process)

    process.stop(seconds=20)

    assert not process.alive
    assert not process.record.exists()


def test_stop_kills_what_does_not_listen(start: Callable[[str], DetachedProcess]) -> None:
    process = start(STUBBORN)
    wait_until_up(process)

    process.stop(seconds=0.05)

    assert not process.alive


def test_stop_reaches_its_children(start: Callable[[str], DetachedProcess]) -> None:
    """A child that stays would hold the port."""
    process = start(PARENT)
    wait_until_up(process)
    child = int(process.record.with_suffix(".log").read_text().split()[1])
    assert processes.start_time(child) is not None

    process.stop(seconds=20)

    deadline = time.monotonic() + 20
    while processes.start_time(child) is not None:
        assert time.monotonic() < deadline


def test_what_ends_while_it_starts_is_an_error_with_its_last_words(
    start: Callable[[str], DetachedProcess],
) -> None:
    process = start("raise SystemExit('no such thing')")

    with pytest.raises(ProcessError, match=r"(?s)the program ended while it started.*no such thing"):
        wait_until_up(process)


def test_what_is_not_ready_in_time_is_an_error(start: Callable[[str], DetachedProcess]) -> None:
    process = start(WAIT)

    with pytest.raises(ProcessError, match=r"the program is not ready after 0 s"):
        process.wait_until(lambda: False, seconds=0, what="program", log=process.record)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"pid": "x"}', json.dumps({"pid": 1, "started": "x"})])
def test_a_record_that_cannot_be_read_is_no_process(tmp_path: Path, content: str) -> None:
    record = tmp_path / "it.json"
    record.write_text(content)

    assert DetachedProcess.recorded(record) is None


def test_nothing_of_aws_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")
    monkeypatch.setenv("AWS_PROFILE", "prod")
    monkeypatch.setenv("DOCKER_HOST", "unix:///somewhere.sock")

    environment = user_environment()

    assert not [name for name in environment if name.startswith("AWS")]
    assert environment["DOCKER_HOST"] == "unix:///somewhere.sock"
