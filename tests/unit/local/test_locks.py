"""Which runs exclude each other."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from local.locks import BusyError, everything_locked, exclusive, stack_locked, stack_watched


def up(folder: Path, stack: str = "dev") -> AbstractContextManager[object]:
    return stack_locked(folder, stack, f"up {stack}")


def watch(folder: Path) -> AbstractContextManager[object]:
    return stack_watched(folder, "dev", "dev dev")


def down(folder: Path) -> AbstractContextManager[object]:
    return everything_locked(folder, "down")


Lock = Callable[[Path], AbstractContextManager[object]]


@pytest.mark.parametrize(
    ("held", "wanted", "holder"),
    [(up, up, "up dev"), (up, down, "up dev"), (down, up, "down"), (watch, watch, "dev dev"), (watch, down, "dev dev")],
)  # fmt: skip
def test_these_locks_exclude_each_other(tmp_path: Path, held: Lock, wanted: Lock, holder: str) -> None:
    error = rf"`{holder}`, process {os.getpid()}\): wait for its end, or stop it"

    with held(tmp_path), pytest.raises(BusyError, match=error), wanted(tmp_path):
        pass


def test_two_stacks_and_a_watch_do_not_exclude_each_other(tmp_path: Path) -> None:
    with watch(tmp_path), up(tmp_path), up(tmp_path, "prod"):
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


def test_a_watch_names_itself_as_the_holder_again_after_an_update(tmp_path: Path) -> None:
    with stack_watched(tmp_path, "dev", "dev dev") as note_again:
        with up(tmp_path):
            pass
        note_again()
        with pytest.raises(BusyError, match="`dev dev`"), down(tmp_path):
            pass
