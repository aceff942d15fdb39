"""Changes files of the app while `dev` runs: `python -m bench.change`.

Writes `bench/change/results.json` and the table in `docs/benchmarks.md`.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from bench import machine
from bench.change.scenarios import READY, packages_changed, page, source_changed
from bench.contenders import ROOT, STACK, Ours
from bench.measure import beside, run
from bench.report import DOCUMENT, with_text
from local.docker_daemon import DockerDaemon

RESULTS: Final = ROOT / "bench" / "change" / "results.json"
BEGIN: Final = "<!-- change -->"
END: Final = "<!-- end of change -->"
SOURCE: Final = "source file → answer"
PACKAGES: Final = "`package.json` → new image → answer"
_SOURCES: Final = 20
_PACKAGES: Final = 3


def main() -> None:
    """Measure, and write down what came of it."""
    facts = machine.facts()
    with (
        DockerDaemon().kept_running(),
        tempfile.TemporaryDirectory(prefix="node-on-ecs-change-") as folder,
    ):
        ours = Ours.in_folder(Path(folder) / "ours")
        try:
            seconds = _measure(ours)
        finally:
            run(ours.command("down"))
    results = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": facts,
        "versions": machine.versions(ROOT, None),
        "seconds": seconds,
    }
    RESULTS.write_text(f"{json.dumps(results, indent=2, ensure_ascii=False)}\n", "utf-8")
    table = text(results)
    DOCUMENT.write_text(with_text(DOCUMENT.read_text("utf-8"), table, begin=BEGIN, end=END), "utf-8")
    print(table)


def _measure(ours: Ours) -> Mapping[str, Sequence[float]]:
    run(ours.up())
    app, ask = ours.folder / "app", partial(page, ours.domain, ours.front_door_port)
    packages: list[float] = []
    with beside(ours.command("dev", STACK), READY) as wait_until_ready:
        sources = [source_changed(app, ask, f"change {number}") for number in range(_SOURCES)]
        for number in range(_PACKAGES):
            packages.append(packages_changed(app, ask, f"2.0.{number}"))
            # The new image answers before the old tasks have ended.
            wait_until_ready()
    return {
        SOURCE: [round(one, 3) for one in sources],
        PACKAGES: [round(one, 3) for one in packages],
    }


def text(results: dict[str, Any]) -> str:
    """Return what stands between the markers."""
    rows = [
        f"| {what} | {len(seconds)} | {statistics.median(seconds):.2f} | {max(seconds):.2f} |"
        for what, seconds in results["seconds"].items()
    ]
    return "\n".join(
        [
            f"{results['date']}, on {machine.in_one_line(results['machine'])}.",
            "",
            "| | changes | median, s | longest, s |",
            "|---|---:|---:|---:|",
            *rows,
        ]
    )


if __name__ == "__main__":
    main()
