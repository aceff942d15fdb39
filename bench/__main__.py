"""The benchmark, `make bench`: writes `bench/results.json` and the table in `docs/benchmarks.md`."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench import machine, report
from bench.contenders import ROOT
from bench.scenarios import SMALLEST, Bench, Sizes


def main() -> None:
    """Measure, and write the results."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often to measure everything (default: 3)")
    parser.add_argument(
        "--smallest",
        type=Path,
        metavar="FILE",
        help="measure everything once with as few services as possible; write the results to FILE only",
    )
    options = parser.parse_args()
    facts = machine.facts()
    with machine.temporary_folder("bench") as folder:
        bench = Bench(folder, SMALLEST if options.smallest else Sizes(), lambda line: print(line, flush=True))
        versions = machine.versions(ROOT, folder / "cdk" if bench.has_cdk else None)
        for _ in range(1 if options.smallest else options.rounds):
            bench.round()
    if options.smallest:
        report.write_json(options.smallest, {"machine": facts, "versions": versions, **bench.document()})
    else:
        report.BENCH.publish(facts, versions, bench.document())


if __name__ == "__main__":
    main()
