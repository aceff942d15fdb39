"""Writes what was measured into `docs/benchmarks.md`: `python -m bench.report`."""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass
from typing import Any, Final

from bench.contenders import ROOT, Cdk, Ours
from bench.machine import in_one_line

RESULTS: Final = ROOT / "bench" / "results.json"
DOCUMENT: Final = ROOT / "docs" / "benchmarks.md"
BEGIN: Final = "<!-- results -->"
END: Final = "<!-- end of results -->"
_HEAD: Final = (
    f"| | {Ours.name}, s | {Cdk.name}, s | ratio | target "
    f"| {Ours.name}, MB | {Cdk.name}, MB | ratio | target |\n"
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|"
)
_FEW: Final = 10
"""Up to so many services planning has to be quicker than the CDK's."""


@dataclass(frozen=True)
class Figure:
    """A row of the table: what it is called, and which share of CDK's seconds and memory is enough."""

    title: str
    seconds: float | None = None
    peak_mb: float | None = None


def figures(results: dict[str, Any]) -> dict[str, Figure]:
    """Return what was measured, in the order of the table."""
    planning = {
        f"{command}-{services}": Figure(
            f"planning {services} {'service' if services == 1 else 'services'}, beside `cdk {command}`",
            *((0.9 if services <= _FEW else 1.5, 0.6) if command == "synth" else ()),
        )
        for command in ("synth", "diff")
        for services in results["planned"]
    }
    return {
        "first": Figure("first `up` to the first 200", 1.0),
        "warm": Figure("warm `up` to the first 200", 0.6),
        "many": Figure(f"{results['many']} services until all answer", 0.8),
        "unchanged": Figure("nothing changed", 0.75),
        "scale": Figure("desired count 1 → 2", 1.0),
        "destroy": Figure("delete", 0.7),
        **planning,
    }


def text(results: dict[str, Any]) -> str:
    """Return what stands between the markers."""
    measured = results["figures"]
    rows = "\n".join(
        _row(figure, measured[key]) for key, figure in figures(results).items() if key in measured
    )
    versions = ", ".join(f"{name} {number}" for name, number in results["versions"].items() if number)
    parts = [
        f"{results['date']}, medians of {results['rounds']}, on {in_one_line(results['machine'])}.",
        f"{versions}.",
        f"{_HEAD}\n{rows}",
    ]
    if not any(Cdk.name in of_contenders for of_contenders in measured.values()):
        parts.append("There was no npm on the machine: AWS CDK was not measured.")
    return "\n\n".join(parts)


def _row(figure: Figure, measured: dict[str, list[dict[str, float]]]) -> str:
    cells = [figure.title]
    for unit, digits, target in (("seconds", 2, figure.seconds), ("peak_mb", 0, figure.peak_mb)):
        ours, cdk = (median(measured, name, unit) for name in (Ours.name, Cdk.name))
        cells += [
            "-" if ours is None else f"{ours:.{digits}f}",
            "-" if cdk is None else f"{cdk:.{digits}f}",
            "-" if not ours or not cdk else f"{ours / cdk:.2f}",
            "" if target is None else f"{target:.2f}",
        ]
    return f"| {' | '.join(cells)} |"


def median(measured: dict[str, list[dict[str, float]]], contender: str, unit: str) -> float | None:
    """Return the median of a contender's rounds; None where it was not measured."""
    rounds = measured.get(contender)
    return statistics.median(one[unit] for one in rounds) if rounds else None


def with_text(document: str, between: str, *, begin: str = BEGIN, end: str = END) -> str:
    """Return a document with `between` between its markers.

    Raises:
        ValueError: the document has not exactly one pair of them.
    """
    if (document.count(begin), document.count(end)) != (1, 1):
        raise ValueError(f"there must be one {begin} and one {end}")
    head, _, rest = document.partition(begin)
    return f"{head}{begin}\n{between}\n{end}{rest.partition(end)[2]}"


def main() -> None:
    """Write the document anew from the results that are there."""
    results = json.loads(RESULTS.read_text("utf-8"))
    DOCUMENT.write_text(with_text(DOCUMENT.read_text("utf-8"), text(results)), "utf-8")


if __name__ == "__main__":
    main()
