"""Which runs exclude each other."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from local.locks import BusyError, everything_locked, exclusive, stack_locked, stack_watched


def test_two_runs_on_one_stack_exclude_each_other(tmp_path: Path) -> None:
    with (
        stack_locked(tmp_path, "dev", "up dev"),
        pytest.raises(BusyError, match=rf"`up dev`, process {os.getpid()}\): wait for its end, or stop it"),
        stack_locked(tmp_path, "dev", "destroy dev"),
    ):
        pass


def test_two_stacks_do_not_exclude_each_other(tmp_path: Path) -> None:
    with stack_locked(tmp_path, "dev", "up dev"), stack_locked(tmp_path, "prod", "up prod"):
        pass


def test_everything_cannot_be_locked_while_a_stack_is_locked(tmp_path: Path) -> None:
    with (
        stack_locked(tmp_path, "dev", "up dev"),
        pytest.raises(BusyError, match="`up dev`"),
        everything_locked(tmp_path, "down"),
    ):
        pass


def test_no_stack_can_be_locked_while_everything_is_locked(tmp_path: Path) -> None:
    with (
        everything_locked(tmp_path, "down"),
        pytest.raises(BusyError, match="`down`"),
        stack_locked(tmp_path, "dev", "up dev"),
    ):
        pass


def test_a_lock_is_released_when_its_process_is_killed(tmp_path: Path) -> None:
    killed = (
        "import os, signal, sys; from pathlib import Path; from local.locks import stack_locked\n"
        "with stack_locked(Path(sys.argv[1]), 'dev', 'up dev'): os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", killed, str(tmp_path)], check=False)

    with stack_locked(tmp_path, "dev", "up dev"):
        pass


def test_a_run_waits_for_the_child_of_a_killed_run(tmp_path: Path) -> None:
    """The Pulumi CLI still writes the state."""
    killed = (
        "import os, signal, subprocess, sys; from pathlib import Path; from local.locks import stack_locked\n"
        "with stack_locked(Path(sys.argv[1]), 'dev', 'up dev') as locks:\n"
        "    subprocess.Popen(['cat'], pass_fds=locks)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)"
    )
    with subprocess.Popen([sys.executable, "-c", killed, str(tmp_path)], stdin=subprocess.PIPE) as run:
        run.wait()
        with pytest.raises(BlockingIOError), (tmp_path / "dev.lock").open() as other:
            fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)
        assert run.stdin is not None
        threading.Timer(0.1, run.stdin.close).start()

        with stack_locked(tmp_path, "dev", "up dev"):
            pass


def test_a_child_that_does_not_inherit_the_descriptors_does_not_hold_the_lock(tmp_path: Path) -> None:
    with stack_locked(tmp_path, "dev", "up dev"):
        child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False)
    try:
        with stack_locked(tmp_path, "dev", "up dev"):
            pass
    finally:
        child.communicate()


def test_an_exclusive_lock_is_held_by_one_thread_at_a_time(tmp_path: Path) -> None:
    lock = tmp_path / "new" / "lock"
    events: list[str] = []

    def second() -> None:
        with exclusive(lock):
            events.append("second")

    with exclusive(lock):
        other = threading.Thread(target=second)
        other.start()
        # The other thread cannot have come first.
        events.append("first")
    other.join(20)

    assert events == ["first", "second"]


def test_a_watched_stack_can_be_updated_but_not_watched_twice(tmp_path: Path) -> None:
    with stack_watched(tmp_path, "dev", "dev dev"):
        with stack_locked(tmp_path, "dev", "up dev"):
            pass
        with pytest.raises(BusyError, match="`dev dev`"), stack_watched(tmp_path, "dev", "dev dev"):
            pass


def test_everything_cannot_be_locked_while_a_stack_is_watched(tmp_path: Path) -> None:
    with stack_watched(tmp_path, "dev", "dev dev") as note_again:
        with stack_locked(tmp_path, "dev", "up dev"):
            pass
        note_again()
        with pytest.raises(BusyError, match="`dev dev`"), everything_locked(tmp_path, "down"):
            pass
