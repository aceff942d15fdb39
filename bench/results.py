"""The figures of a run: medians of its rounds, and ratios of the two contenders."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from bench.measure import Cost

PLANNED: Final = (1, 10, 50, 100)

FIGURES: Final = {
    "fresh": "fresh start to the first 200",
    "warm": "warm start to the first 200",
    "ten": "10 services until all answer",
    "again": "again, nothing changed",
    "scale": "desired count 1 → 2",
    "down": "taking it away",
} | {f"plan-{services}": f"planning {services} services" for services in PLANNED}
"""What is measured, in the order of the table."""

TARGETS: Final = {"warm": 1.0, "ten": 1.0, "again": 1 / 3, "plan-50": 1 / 3}
"""The share of CDK's time, and in planning of its memory, that is enough."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One thing that one contender did, in all rounds."""

    seconds: list[float] = field(default_factory=list[float])
    cpu_seconds: list[float] = field(default_factory=list[float])
    peak_mb: list[float] = field(default_factory=list[float])

    def add(self, seconds: float, costs: Iterable[Cost]) -> None:
        """Take one round, in which it was done by one or several commands."""
        costs = list(costs)
        self.seconds.append(round(seconds, 3))
        self.cpu_seconds.append(round(sum(cost.cpu_seconds for cost in costs), 3))
        self.peak_mb.append(round(max(cost.peak_mb for cost in costs), 1))

    @property
    def medians(self) -> dict[str, float]:
        """What goes into the table."""
        return {name: round(statistics.median(values), 3) for name, values in asdict(self).items()}


class Record:
    """All figures of a run, as they come in."""

    def __init__(self) -> None:
        self._figures: dict[str, dict[str, Figure]] = defaultdict(lambda: defaultdict(Figure))
        self._programs: dict[str, list[float]] = defaultdict(list)

    def add(self, what: str, contender: str, seconds: float, *costs: Cost) -> None:
        """Take one round of one figure."""
        self._figures[what][contender].add(seconds, costs)

    def add_program(self, what: str, seconds: float) -> None:
        """Take what the program alone took in planning."""
        self._programs[what].append(round(seconds, 3))

    def document(self) -> dict[str, Any]:
        """Return all figures, by what was done and by whom."""
        return {what: self._entry(what) for what in FIGURES if what in self._figures}

    def _entry(self, what: str) -> dict[str, Any]:
        entry: dict[str, Any] = {
            contender: {"median": figure.medians, "rounds": asdict(figure)}
            for contender, figure in self._figures[what].items()
        }
        if what in self._programs:
            entry["program alone"] = {"median": {"seconds": statistics.median(self._programs[what])}}
        return entry


def ratio(entry: dict[str, Any], ours: str, other: str, unit: str) -> float | None:
    """Return our median as a share of the other's; None where the other was not measured."""
    if other not in entry or ours not in entry:
        return None
    return float(entry[ours]["median"][unit] / entry[other]["median"][unit])
