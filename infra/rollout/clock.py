"""The clock, which tests replace so that they need not wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Clock:
    """Monotonic seconds, the date, and two ways to wait."""

    now: Callable[[], float] = time.monotonic
    date: Callable[[], datetime] = lambda: datetime.now(UTC)
    """The date, to compare with timestamps of AWS."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    block: Callable[[float], None] = time.sleep
    """For code on a thread."""


REAL: Final = Clock()


def pauses() -> Iterator[float]:
    """Yield pauses between polls, in seconds: short at first, then as long as ECS needs for a change."""
    pause = _FIRST_PAUSE_SECONDS
    while True:
        yield pause
        pause = min(_LONGEST_PAUSE_SECONDS, pause * 1.3)
