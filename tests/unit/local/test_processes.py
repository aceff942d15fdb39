"""Processes that outlive a command; signals reach them and no others."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local import processes
from local.processes import ProcessError, ProcessIdentity, log_end, spawn, user_environment

WAIT = "import signal; print('up', flush=True); signal.pause()"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {WAIT}"

Start = Callable[..., ProcessIdentity]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a Python program and wait for its first line; it is stopped after the test."""
    started: list[ProcessIdentity] = []

    def start(program: str = WAIT, *, inherit: tuple[int, ...] = ()) -> ProcessIdentity:
        # The first line comes through a pipe, so that no polling is needed.
        ends = os.pipe()
        command = [sys.executable, "-c", f"import os; os.dup2(3, 1); {program}"]
        process = spawn(
            command, log=tmp_path / "log", environment=user_environment(), inherit=[ends[1], *inherit]
        )
        started.append(process)
        os.close(ends[1])
        with os.fdopen(ends[0]) as output:
            output.readline()
        return process

    yield start
    for process in started:
        process.stop(seconds=0)


def test_a_process_has_its_own_session_which_ctrl_c_does_not_reach(start: Start) -> None:
    process = start()

    assert os.getsid(process.pid) == process.pid != os.getsid(0)


def test_a_process_is_identified_by_id_and_start_time(start: Start) -> None:
    process = start()

    assert ProcessIdentity.of(process.pid) == process
    assert process.alive


def test_a_process_with_a_reused_id_gets_no_signal(start: Start) -> None:
    """After a restart of the machine a recorded id may belong to another process."""
    process = start()
    recorded = replace(process, started="long ago")

    assert not recorded.signal(signal.SIGKILL)
    recorded.stop(seconds=5)

    assert not recorded.alive
    assert process.alive


def test_signals_are_sent_by_descriptor_not_by_id(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """The id may be reused between the check and the signal."""
    process = start()
    signalled: list[int] = []
    monkeypatch.setattr(os, "kill", lambda pid, _number: signalled.append(pid))
    monkeypatch.setattr(os, "killpg", lambda pid, _number: signalled.append(pid))

    assert process.signal(signal.SIGKILL)

    assert process.wait(20)
    assert signalled == []


def test_a_process_of_another_user_is_an_error_with_its_id(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_arguments: Any) -> None:
        raise PermissionError

    process = start()
    monkeypatch.setattr(signal, "pidfd_send_signal", forbidden)

    with pytest.raises(ProcessError, match=f"process {process.pid} belongs to another user"):
        process.signal(signal.SIGTERM)
    monkeypatch.undo()


def test_stop_ends_a_process(start: Start) -> None:
    process = start()

    process.stop(seconds=20)

    assert not process.alive


def test_stop_kills_a_process_that_ignores_sigterm(start: Start) -> None:
    process = start(STUBBORN)

    process.stop(seconds=0)

    assert not process.alive


def test_a_process_that_has_exited_gets_no_signal(start: Start) -> None:
    process = start("print('up', flush=True)")
    assert process.wait(20)

    assert not process.signal(signal.SIGTERM)
    assert processes.start_time(process.pid) is None


def test_a_process_inherits_descriptors_in_order(start: Start) -> None:
    ends = os.pipe()

    start(f"print('up', flush=True); os.write(4, b'here'); {WAIT}", inherit=(ends[1],))

    assert os.read(ends[0], 10) == b"here"
    for descriptor in ends:
        os.close(descriptor)


def test_a_missing_program_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match="cannot start no-such-program with log"):
        spawn(["no-such-program"], log=tmp_path / "log", environment={})


def test_log_end_returns_the_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"

    assert log_end(log) == "(nothing)"
    log.write_text("".join(f"{number}\n" for number in range(9)))
    assert log_end(log, lines=2) == "7\n8"


def test_the_users_aws_variables_are_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")
    monkeypatch.setenv("AWS_PROFILE", "prod")
    monkeypatch.setenv("DOCKER_HOST", "unix:///somewhere.sock")

    environment = user_environment()

    assert not [name for name in environment if name.startswith("AWS")]
    assert environment["DOCKER_HOST"] == "unix:///somewhere.sock"
