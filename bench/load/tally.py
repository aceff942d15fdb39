"""Counts requests: how many, how many failed and why, and how long the others took."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Sample:
    """One request."""

    seconds: float
    """From when it was due until the last byte of its answer."""
    failure: str | None
    """Why it failed; None where the answer was a success."""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Many requests."""

    requests: int
    failures: dict[str, int]
    """How many failed, by reason, the most frequent first."""
    p50_ms: float | None
    """Of the requests that did not fail; None where all did."""
    p99_ms: float | None
    max_ms: float | None

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> Tally:
        """Count them."""
        everything = list(samples)
        took = sorted(1000 * sample.seconds for sample in everything if sample.failure is None)
        reasons = Counter(sample.failure for sample in everything if sample.failure is not None)
        return cls(
            requests=len(everything),
            failures=dict(reasons.most_common()),
            p50_ms=percentile(took, 50),
            p99_ms=percentile(took, 99),
            max_ms=took[-1] if took else None,
        )

    @property
    def failed(self) -> int:
        """How many failed, for whatever reason."""
        return sum(self.failures.values())

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)


def percentile(ordered: Sequence[float], percent: float) -> float | None:
    """Return the smallest value that at least `percent` of all do not exceed; None where there are none."""
    if not ordered:
        return None
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
