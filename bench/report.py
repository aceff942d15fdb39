"""Sections of `docs/benchmarks.md`; `python -m bench.report` writes that of `make bench` again."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench import machine
from bench.contenders import ROOT, Cdk, LocalRun

DOCUMENT: Final = ROOT / "docs" / "benchmarks.md"
_HEAD: Final = (
    f"| | {LocalRun.name}, s | {Cdk.name}, s | ratio | target "
    f"| {LocalRun.name}, MB | {Cdk.name}, MB | ratio | target |\n"
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|"
)
_FEW: Final = 10
"""Up to so many services, planning has to be faster than CDK's."""

Results = dict[str, Any]
Measured = dict[str, list[dict[str, float]]]
"""Rounds by contender."""


@dataclass(frozen=True)
class Section:
    """A section of the document, between two markers, that shows a benchmark's results."""

    name: str
    """The name in the markers."""
    results: Path
    text: Callable[[Results], str]

    def publish(self, facts: dict[str, Any], versions: dict[str, str], measured: Results) -> None:
        """Write the results file and the section, and print the section."""
        date = datetime.now(UTC).strftime("%Y-%m-%d")
        write_json(self.results, {"date": date, "machine": facts, "versions": versions, **measured})
        self.write()
        print(self.text(self.read()))

    def read(self) -> Results:
        """Return the results in the file."""
        return json.loads(self.results.read_text("utf-8"))

    def write(self) -> None:
        """Write the section from the results file."""
        document = DOCUMENT.read_text("utf-8")
        DOCUMENT.write_text(self.replaced(document, self.text(self.read())), "utf-8")

    def replaced(self, document: str, text: str) -> str:
        """Return a document with another text in this section.

        Raises:
            ValueError: the document does not have both markers exactly once.
        """
        begin, end = f"<!-- {self.name} -->", f"<!-- end of {self.name} -->"
        if (document.count(begin), document.count(end)) != (1, 1):
            raise ValueError(f"there must be one {begin} and one {end}")
        before, _, rest = document.partition(begin)
        return f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}"


def write_json(path: Path, document: Results) -> None:
    """Write results to a file."""
    path.write_text(f"{json.dumps(document, indent=2, ensure_ascii=False)}\n", "utf-8")


@dataclass(frozen=True)
class Row:
    """A row of the table: its title, and the targets as shares of CDK's seconds and memory."""

    title: str
    seconds: float | None = None
    peak_mb: float | None = None


def rows(results: Results) -> dict[str, Row]:
    """Return the rows by measurement, in the order of the table."""
    planning = {
        f"{command}-{services}": Row(
            f"planning {services} service{'' if services == 1 else 's'}, compared with `cdk {command}`",
            *((0.9 if services <= _FEW else 1.5, 0.6) if command == "synth" else ()),
        )
        for command in ("synth", "diff")
        for services in results["planned"]
    }
    return {
        "first": Row("first `up` to the first 200", 1.0),
        "warm": Row("warm `up` to the first 200", 0.6),
        "many": Row(f"{results['many']} services until all answer", 0.8),
        "unchanged": Row("nothing changed", 0.75),
        "scale": Row("desired count 1 → 2", 1.0),
        "destroy": Row("delete", 0.7),
        **planning,
    }


def text(results: Results) -> str:
    """Return the section of `make bench`."""
    measured = results["figures"]
    table = "\n".join(_row(row, measured[key]) for key, row in rows(results).items() if key in measured)
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items() if version)
    parts = [
        f"{results['date']}, medians of {results['rounds']}, on {machine.in_one_line(results['machine'])}.",
        f"{versions}.",
        f"{_HEAD}\n{table}",
    ]
    if not any(Cdk.name in by_contender for by_contender in measured.values()):
        parts.append("There was no npm on the machine: AWS CDK was not measured.")
    return "\n\n".join(parts)


def _row(row: Row, measured: Measured) -> str:
    cells = [row.title]
    for unit, digits, target in (("seconds", 2, row.seconds), ("peak_mb", 0, row.peak_mb)):
        local, cdk = (median(measured, name, unit) for name in (LocalRun.name, Cdk.name))
        cells += [
            "-" if local is None else f"{local:.{digits}f}",
            "-" if cdk is None else f"{cdk:.{digits}f}",
            "-" if not local or not cdk else f"{local / cdk:.2f}",
            "" if target is None else f"{target:.2f}",
        ]
    return f"| {' | '.join(cells)} |"


def median(measured: Measured, contender: str, unit: str) -> float | None:
    """Return the median of a contender's rounds; None if it was not measured."""
    rounds = measured.get(contender)
    return statistics.median(values[unit] for values in rounds) if rounds else None


BENCH: Final = Section("results", ROOT / "bench" / "results.json", text)

if __name__ == "__main__":
    BENCH.write()
