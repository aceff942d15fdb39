"""Time, replaced in tests so that nobody waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final


@dataclass(frozen=True)
class Clock:
    """Two ways to read the time and one to let it pass."""

    now: Callable[[], float] = time.monotonic
    """Seconds that only go forward."""
    date: Callable[[], datetime] = lambda: datetime.now(UTC)
    """Comparable with the times that AWS answers."""
    sleep: Callable[[float], None] = time.sleep


REAL: Final = Clock()
