"""Threads that do not keep the process from ending."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import Empty, SimpleQueue
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_IDLE_SECONDS: Final = 5.0


class DaemonThreads(Executor):
    """Runs calls as `ThreadPoolExecutor` does, but leaves those that still run when the process ends.

    `ThreadPoolExecutor` would wait for them: minutes, if the emulator does not answer.
    """

    def __init__(self, most: int, *, idle_seconds: float = _IDLE_SECONDS) -> None:
        """Run at most `most` calls at once; a thread without a call ends after `idle_seconds`."""
        self._most = most
        self._idle_seconds = idle_seconds
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._open_calls = 0
        """Calls that wait or run."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run a call on a free thread or on a new one; if there are too many, when one is free."""
        future: Future[T] = Future()

        def call() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(fn(*args, **kwargs))
                except BaseException as error:  # noqa: BLE001 -- whoever waits for the result has to get it
                    future.set_exception(error)

        with self._lock:
            self._open_calls += 1
            self._calls.put(call)
            if self._threads < min(self._open_calls, self._most):
                self._threads += 1
                threading.Thread(target=self._run_calls, daemon=True).start()
        return future

    def _run_calls(self) -> None:
        while True:
            try:
                call = self._calls.get(timeout=self._idle_seconds)
            except Empty:
                with self._lock:
                    # A call may have come meanwhile.
                    if self._calls.empty():
                        self._threads -= 1
                        return
                continue
            call()
            del call
            with self._lock:
                self._open_calls -= 1
