"""The threads on which providers run their calls."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from local.provider.daemon_threads import DaemonThreads

SECONDS = 30
HANGING_CALL = """
import threading
from local.provider.daemon_threads import DaemonThreads

begun = threading.Event()
DaemonThreads(1).submit(lambda: (begun.set(), threading.Event().wait()))
begun.wait()
"""


def test_the_process_ends_although_a_call_hangs() -> None:
    done = subprocess.run([sys.executable, "-c", HANGING_CALL], timeout=SECONDS, check=False)

    assert done.returncode == 0


def test_a_call_returns_its_result() -> None:
    assert DaemonThreads(1).submit(divmod, 7, 2).result(SECONDS) == (3, 1)


def test_an_error_reaches_whoever_waits_for_the_result() -> None:
    with pytest.raises(ZeroDivisionError):
        DaemonThreads(1).submit(divmod, 7, 0).result(SECONDS)


def test_calls_run_at_once() -> None:
    together = threading.Barrier(3)
    threads = DaemonThreads(3)

    calls = [threads.submit(together.wait, SECONDS) for _ in range(3)]

    assert sorted(call.result(SECONDS) for call in calls) == [0, 1, 2]


def test_a_call_beyond_the_most_waits_for_a_free_thread() -> None:
    go_on = threading.Event()
    threads = DaemonThreads(1)
    first = threads.submit(go_on.wait, SECONDS)
    second = threads.submit(threading.get_ident)

    assert not second.running()
    go_on.set()
    assert first.result(SECONDS)
    assert second.result(SECONDS) != threading.get_ident()


def test_a_free_thread_is_used_again() -> None:
    threads = DaemonThreads(1)

    assert len({threads.submit(threading.get_ident).result(SECONDS) for _ in range(10)}) == 1


def test_a_thread_without_calls_ends_and_the_next_call_gets_another() -> None:
    threads = DaemonThreads(1, idle_seconds=0)
    thread = threads.submit(threading.current_thread).result(SECONDS)
    thread.join(SECONDS)

    assert not thread.is_alive()
    assert threads.submit(threading.current_thread).result(SECONDS) is not thread
