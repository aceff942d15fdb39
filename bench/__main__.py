"""The benchmark, `make bench`: writes `bench/results.json` and the table in `docs/benchmarks.md`."""

from __future__ import annotations

import argparse
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bench import machine, report
from bench.contenders import ROOT
from bench.scenarios import SMALLEST, Bench, Sizes
from local.docker_daemon import DockerDaemon


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
    chosen = parser.parse_args()
    facts = machine.facts()
    # Or a round would end with the daemon that `make bench` has started, and the next begin with starting it.
    with DockerDaemon().kept_running(), tempfile.TemporaryDirectory(prefix="node-on-ecs-bench-") as folder:
        bench = Bench(
            Path(folder), SMALLEST if chosen.smallest else Sizes(), lambda line: print(line, flush=True)
        )
        versions = machine.versions(ROOT, Path(folder) / "cdk" if bench.has_cdk else None)
        for _ in range(1 if chosen.smallest else chosen.rounds):
            bench.round()
    date = datetime.now(UTC).strftime("%Y-%m-%d")
    results = {"date": date, "machine": facts, "versions": versions, **bench.document()}
    (chosen.smallest or report.RESULTS).write_text(
        f"{json.dumps(results, indent=2, ensure_ascii=False)}\n", "utf-8"
    )
    print(report.text(results))
    if not chosen.smallest:
        report.main()


if __name__ == "__main__":
    main()
