"""Sends requests over several connections, and records the result of each.

A request fails without a response, with a truncated or late one, or with a status other than 2xx. Nothing is
sent twice: most HTTP libraries repeat a GET that failed on a used connection, which would hide the failure.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
import select
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from http.client import HTTPConnection, HTTPException, IncompleteRead, RemoteDisconnected
from types import TracebackType
from typing import Any, Final, Self

TIMEOUT_SECONDS: Final = 10.0

_ADDRESS: Final = re.compile(r"\d+(\.\d+){3}:\d+")

Address = tuple[str, int]


@dataclass(frozen=True)
class Sample:
    """One request."""

    seconds: float
    """From when it was due until the last byte of its response."""
    failure: str | None
    """Why it failed, if it did."""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Many requests."""

    requests: int
    failures: dict[str, int]
    """The number of failed requests by reason, the most frequent first."""
    p50_ms: float | None
    """Of requests that did not fail; None if all did."""
    p99_ms: float | None
    max_ms: float | None

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> Tally:
        """Count requests."""
        requests = list(samples)
        times = sorted(1000 * sample.seconds for sample in requests if sample.failure is None)
        reasons = Counter(sample.failure for sample in requests if sample.failure is not None)
        return cls(
            requests=len(requests),
            failures=dict(reasons.most_common()),
            p50_ms=percentile(times, 50),
            p99_ms=percentile(times, 99),
            max_ms=times[-1] if times else None,
        )

    def document(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


def percentile(ordered: Sequence[float], percent: float) -> float | None:
    """Return the smallest value that at least `percent` of all do not exceed; None without values."""
    if not ordered:
        return None
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


class Load:
    """Requests during a `with` statement; each connection has its own thread.

    With a rate, requests are due at fixed times, so that a late response also delays those behind it (without
    "coordinated omission"). Without a rate, a connection sends the next request after each response.
    """

    def __init__(
        self,
        address: Callable[[], Address],
        *,
        connections: int,
        rate: float | None = None,
        keep_alive: bool = True,
        headers: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            address: returns the address for a new connection; open ones are used until they are closed.
            connections: the number of connections.
            rate: requests a second, of all connections together.
            keep_alive: whether a connection is used for several requests.
            headers: headers of each request.
            timeout: seconds after which a request without a response has failed.
        """
        self._address = address
        self._rate = rate
        self._headers = {**(headers or {}), **({} if keep_alive else {"Connection": "close"})}
        self._timeout = timeout
        self._over = threading.Event()
        self._progress = threading.Condition()
        self._sent = 0
        self._started = 0.0
        self._samples: list[Sample] = []
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(connections)]

    def __enter__(self) -> Self:
        self._started = time.monotonic()
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
        """Wait for the end of a number of further requests."""
        with self._progress:
            wanted = len(self._samples) + requests
            self._progress.wait_for(lambda: len(self._samples) >= wanted)

    def _work(self) -> None:
        with contextlib.ExitStack() as stack:
            connection: HTTPConnection | None = None
            while (due := self._next_due()) is not None:
                if connection is None or not _is_open(connection):
                    connection = HTTPConnection(*self._address(), timeout=self._timeout)
                    stack.callback(connection.close)
                failure = self._request(connection)
                sample = Sample(time.monotonic() - due, failure)
                with self._progress:
                    self._samples.append(sample)
                    self._progress.notify_all()

    def _next_due(self) -> float | None:
        """Wait until the next request is due, and return that time; None at the end."""
        if self._rate is None:
            return None if self._over.is_set() else time.monotonic()
        with self._progress:
            due = self._started + self._sent / self._rate
            self._sent += 1
        return None if self._over.wait(max(0.0, due - time.monotonic())) else due

    def _request(self, connection: HTTPConnection) -> str | None:
        """Send a request; return why it failed, if it did."""
        used = connection.sock is not None
        try:
            connection.request("GET", "/", headers=self._headers)
            response = connection.getresponse()
            body = response.read()
        except (OSError, HTTPException) as error:
            connection.close()
            return f"{_kind(error)} on a {'used' if used else 'new'} connection"
        if response.status // 100 == 2:  # noqa: PLR2004 -- the class of statuses
            return None
        return _reason(response.status, body)


def _is_open(connection: HTTPConnection) -> bool:
    """Whether the server has not closed it; a connection that is closed between requests is no failure."""
    if connection.sock is None:
        return False
    readable, _, _ = select.select([connection.sock], [], [], 0)
    if readable:
        connection.close()
    return not readable


def _kind(error: Exception) -> str:
    match error:
        case TimeoutError():
            return "timeout"
        case ConnectionRefusedError():
            return "refused"
        case RemoteDisconnected():
            return "closed without a response"
        case ConnectionError():
            return "reset"
        case IncompleteRead():
            return "truncated response"
        case _:
            return type(error).__name__


def _reason(status: int, body: bytes) -> str:
    """Return the status and the message of the response, without addresses."""
    try:
        message = str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return str(status)
    return f"{status} {_ADDRESS.sub('<address>', message)}"
