"""Time, so that tests need not wait for it."""

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
    """Seconds that only go forward, and ways to let them pass."""

    now: Callable[[], float] = time.monotonic
    date: Callable[[], datetime] = lambda: datetime.now(UTC)
    """What a calendar says, to compare with what AWS writes down."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    block: Callable[[float], None] = time.sleep
    """For what runs on a thread."""


REAL: Final = Clock()


def pauses() -> Iterator[float]:
    """Yield how long to wait before each next look: short at first, then as often as ECS changes anything."""
    pause = _FIRST_PAUSE_SECONDS
    while True:
        yield pause
        pause = min(_LONGEST_PAUSE_SECONDS, pause * 1.3)
