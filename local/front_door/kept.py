"""Answers of the emulator that are kept for a moment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Generic, TypeVar

_Value = TypeVar("_Value")


class Kept(Generic[_Value]):
    """A value that is read again when it is too old, once for all who ask at that time."""

    def __init__(
        self, read: Callable[[], _Value], seconds: float, *, threads: Executor | None = None
    ) -> None:
        """Take what reads it, in one of `threads`, and for how long it is kept."""
        self._read = read
        self._threads = threads
        self._seconds = seconds
        self._value: _Value | None = None
        self._read_at = float("-inf")
        self._lock = asyncio.Lock()

    async def get(self, *, newest: bool = False) -> _Value:
        """Return a value that is not too old; with `newest` one that is read after this call."""
        oldest = time.monotonic() - (0 if newest else self._seconds)
        async with self._lock:
            if self._value is None or self._read_at < oldest:
                now = time.monotonic()
                loop = asyncio.get_running_loop()
                self._value, self._read_at = await loop.run_in_executor(self._threads, self._read), now
            return self._value
