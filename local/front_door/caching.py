"""A value that is read again when it is too old."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Generic, TypeVar

_Value = TypeVar("_Value")


class Cached(Generic[_Value]):
    """A value that is read in a thread, once for all tasks that wait for it."""

    def __init__(
        self, read: Callable[[], _Value], seconds: float, *, threads: Executor | None = None
    ) -> None:
        self._read = read
        self._threads = threads
        self._seconds = seconds
        self._value: _Value | None = None
        self._read_at = float("-inf")
        self._lock = asyncio.Lock()

    async def get(self, *, seconds: float | None = None) -> _Value:
        """Return the value, at most `seconds` old: with 0 one that is read after this call."""
        oldest = time.monotonic() - (self._seconds if seconds is None else seconds)
        async with self._lock:
            if self._value is None or self._read_at < oldest:
                now = time.monotonic()
                loop = asyncio.get_running_loop()
                self._value, self._read_at = await loop.run_in_executor(self._threads, self._read), now
            return self._value
