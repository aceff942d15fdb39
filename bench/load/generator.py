"""Sends requests over several connections, and records how each ends.

A failure is what a client would see as one: no answer, a truncated one, one after too long, or a status other
than 2xx. Nothing is sent twice: most HTTP libraries repeat a GET that failed on a connection that was used
before, which would hide what is to be measured.
"""

from __future__ import annotations

import contextlib
import json
import re
import select
import threading
import time
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException, IncompleteRead, RemoteDisconnected
from types import TracebackType
from typing import Final, Self

from bench.load.tally import Sample, Tally

TIMEOUT_SECONDS: Final = 10.0

_ADDRESS: Final = re.compile(r"\d+(\.\d+){3}:\d+")

Address = tuple[str, int]


class Load:
    """Requests during a `with` statement; each connection has a thread of its own.

    With a rate, requests are due at fixed times, so that a late answer also counts for those that wait behind
    it ("coordinated omission" would leave that out). Without one, a connection sends when it has its answer.
    """

    def __init__(
        self,
        where: Callable[[], Address],
        *,
        connections: int,
        rate: float | None = None,
        keep_alive: bool = True,
        headers: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            where: returns the address for a new connection; open ones stay as long as the other side wants.
            connections: how many.
            rate: requests in a second, of all connections together.
            keep_alive: whether a connection is used for more than one request.
            headers: sent with each request.
            timeout: seconds after which a request that gets no answer has failed.
        """
        self._where = where
        self._rate = rate
        self._headers = {**(headers or {}), **({} if keep_alive else {"Connection": "close"})}
        self._timeout = timeout
        self._over = threading.Event()
        self._progress = threading.Condition()
        self._taken = 0
        self._began = 0.0
        self._samples: list[Sample] = []
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(connections)]

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    @property
    def tally(self) -> Tally:
        """The requests so far, counted."""
        return Tally.of(self.samples)

    @property
    def samples(self) -> list[Sample]:
        """The requests so far, one by one."""
        with self._progress:
            return list(self._samples)

    def wait_for(self, requests: int) -> None:
        """Wait until so many more have ended."""
        with self._progress:
            wanted = len(self._samples) + requests
            self._progress.wait_for(lambda: len(self._samples) >= wanted)

    def _work(self) -> None:
        with contextlib.ExitStack() as stack:
            connection: HTTPConnection | None = None
            while (due := self._next_due()) is not None:
                if connection is None or not _is_open(connection):
                    connection = HTTPConnection(*self._where(), timeout=self._timeout)
                    stack.callback(connection.close)
                failure = self._ask(connection)
                sample = Sample(time.monotonic() - due, failure)
                with self._progress:
                    self._samples.append(sample)
                    self._progress.notify_all()

    def _next_due(self) -> float | None:
        """Wait until the next request is due and return since when it is; None when it is over."""
        if self._rate is None:
            return None if self._over.is_set() else time.monotonic()
        with self._progress:
            due = self._began + self._taken / self._rate
            self._taken += 1
        return None if self._over.wait(max(0.0, due - time.monotonic())) else due

    def _ask(self, connection: HTTPConnection) -> str | None:
        """Send one request; return why it failed, if it did."""
        used = connection.sock is not None
        try:
            connection.request("GET", "/", headers=self._headers)
            response = connection.getresponse()
            body = response.read()
        except (OSError, HTTPException) as error:
            connection.close()
            return f"{_kind(error)} on a {'used' if used else 'new'} connection"
        if response.status // 100 == 2:  # noqa: PLR2004 -- all that are a success
            return None
        return _reason(response.status, body)


def _is_open(connection: HTTPConnection) -> bool:
    """Whether the other side has left it open; a connection closed before a request loses nothing."""
    if connection.sock is None:
        return False
    readable, _, _ = select.select([connection.sock], [], [], 0)
    if readable:
        connection.close()
    return not readable


def _kind(error: Exception) -> str:
    match error:
        case TimeoutError():
            return "no answer in time"
        case ConnectionRefusedError():
            return "refused"
        case RemoteDisconnected():
            return "closed without an answer"
        case ConnectionError():
            return "reset"
        case IncompleteRead():
            return "half an answer"
        case _:
            return type(error).__name__


def _reason(status: int, body: bytes) -> str:
    """Return the status and the message that came with it, without what differs from request to request."""
    try:
        message = str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return str(status)
    return f"{status} {_ADDRESS.sub('<address>', message)}"
