"""Writes what was measured into `docs/benchmarks.md`: `python -m bench.report`."""

from __future__ import annotations

import json
from typing import Any, Final

from bench.contenders import ROOT, Cdk, Ours
from bench.machine import in_one_line
from bench.results import FIGURES, PLANNED, TARGETS, ratio

RESULTS: Final = ROOT / "bench" / "results.json"
DOCUMENT: Final = ROOT / "docs" / "benchmarks.md"
BEGIN: Final = "<!-- results -->"
END: Final = "<!-- end of results -->"

_OURS: Final = Ours.name
_CDK: Final = Cdk.name
_HEAD: Final = (
    f"| | {_OURS}, s | {_CDK}, s | ratio | target | {_OURS}, MB | {_CDK}, MB | ratio |\n"
    "|---|---:|---:|---:|---:|---:|---:|---:|"
)


def text(results: dict[str, Any]) -> str:
    """Return what stands between the markers."""
    figures: dict[str, Any] = results["figures"]
    rows = "\n".join(_row(what, figures[what]) for what in FIGURES if what in figures)
    versions = ", ".join(f"{name} {number}" for name, number in results["versions"].items() if number)
    machine = results["machine"]
    busy = f"{machine['load_before']:g} of them busy with other things when it began"
    parts = [
        f"{results['date']}, medians of {results['rounds']} rounds, on {in_one_line(machine)}; {busy}.",
        f"{versions}.",
        f"{_HEAD}\n{rows}",
        _growth(figures),
    ]
    if not any(_CDK in entry for entry in figures.values()):
        parts.append("npm is not on the machine: AWS CDK was not measured.")
    return "\n\n".join(part for part in parts if part)


def with_text(document: str, between: str, *, begin: str = BEGIN, end: str = END) -> str:
    """Return a document with `between` between its markers.

    Raises:
        ValueError: the document has not exactly one pair of them.
    """
    if (document.count(begin), document.count(end)) != (1, 1):
        raise ValueError(f"there must be one {begin} and one {end}")
    head, _, rest = document.partition(begin)
    return f"{head}{begin}\n{between}\n{end}{rest.partition(end)[2]}"


def _row(what: str, entry: dict[str, Any]) -> str:
    target = TARGETS.get(what)
    cells = [FIGURES[what]]
    for unit, digits in (("seconds", 2), ("peak_mb", 0)):
        for contender in (_OURS, _CDK):
            value = entry.get(contender, {}).get("median", {}).get(unit)
            cells.append("-" if value is None else f"{value:.{digits}f}")
        share = ratio(entry, _OURS, _CDK, unit)
        cells.append("-" if share is None else f"{share:.2f}")
        if unit == "seconds":
            cells.append("" if target is None else f"{target:.2f}")
    return f"| {' | '.join(cells)} |"


def _growth(figures: dict[str, Any]) -> str:
    """Say what a service more costs, between few and many."""
    planned = [f"plan-{services}" for services in PLANNED]
    if not all("program alone" in figures.get(what, {}) for what in planned):
        return ""
    rows = "\n".join(
        f"| {services} | {alone:.2f} | {1000 * alone / services:.0f} |"
        for services, alone in (
            (services, figures[what]["program alone"]["median"]["seconds"])
            for services, what in zip(PLANNED, planned, strict=True)
        )
    )
    return (
        "The program alone, under the engine in a preview, without the start of Python and the SDK's loading "
        f"of what every command needs:\n\n| services | s | ms for each |\n|---:|---:|---:|\n{rows}"
    )


def main() -> None:
    """Write the document anew from the results that are there."""
    results = json.loads(RESULTS.read_text("utf-8"))
    DOCUMENT.write_text(with_text(DOCUMENT.read_text("utf-8"), text(results)), "utf-8")


if __name__ == "__main__":
    main()
