"""Loads the app and the local stack while they are replaced: `python -m bench.load`, or `make load`.

Writes `bench/load/results.json` and the table in `docs/benchmarks.md`.
"""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench import machine
from bench.contenders import ROOT
from bench.load.app import App
from bench.load.scenarios import containers_replaced, stack_rolled_out
from bench.load.tally import Tally
from bench.report import DOCUMENT, with_text
from local.docker_daemon import DockerDaemon

RESULTS: Final = ROOT / "bench" / "load" / "results.json"
BEGIN: Final = "<!-- load -->"
END: Final = "<!-- end of load -->"

_TIMES: Final = 5
_CONNECTIONS: Final = 16
_APP_RATE: Final = 200
_ROLLOUTS: Final = 3
_SLOW_SECONDS: Final = 2
_STACK_RATE: Final = 40
"""Requests in a second: front door and emulator are Python, and share the cores with the update itself."""


def main() -> None:
    """Measure, and write down what came of it."""
    facts = machine.facts()
    tallies: dict[str, Tally] = {}
    with DockerDaemon().kept_running(), tempfile.TemporaryDirectory(prefix="node-on-ecs-load-") as folder:
        with App.built() as app:
            for what, keep_alive in (("kept open", True), ("one for each request", False)):
                for when, heard_late in (("", False), (", stop heard of late", True)):
                    _note(
                        tallies,
                        f"app, {_TIMES} containers replaced, connections {what}{when}",
                        containers_replaced(
                            app,
                            times=_TIMES,
                            connections=_CONNECTIONS,
                            rate=_APP_RATE,
                            keep_alive=keep_alive,
                            heard_late=heard_late,
                        ),
                    )
        for number, (what, listens_after) in enumerate(
            (("a changed app", 0), (f"one that listens {_SLOW_SECONDS} s after its start", _SLOW_SECONDS))
        ):
            _note(
                tallies,
                f"local stack, {_ROLLOUTS} times `up` with {what}",
                stack_rolled_out(
                    Path(folder) / f"stack-{number}",
                    times=_ROLLOUTS,
                    connections=_CONNECTIONS,
                    rate=_STACK_RATE,
                    listens_after=listens_after,
                ),
            )
    results = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": facts,
        "versions": machine.versions(ROOT, None),
        "tallies": {what: tally.document() for what, tally in tallies.items()},
    }
    RESULTS.write_text(f"{json.dumps(results, indent=2, ensure_ascii=False)}\n", "utf-8")
    table = text(results)
    DOCUMENT.write_text(with_text(DOCUMENT.read_text("utf-8"), table, begin=BEGIN, end=END), "utf-8")
    print(table)


def _note(tallies: dict[str, Tally], what: str, tally: Tally) -> None:
    tallies[what] = tally
    print(_row(what, tally), flush=True)


def text(results: dict[str, Any]) -> str:
    """Return what stands between the markers."""
    rows = [_row(what, Tally(**tally)) for what, tally in results["tallies"].items()]
    return "\n".join(
        [
            f"{results['date']}, on {machine.in_one_line(results['machine'])}.",
            "",
            "| | requests | failed | p50, ms | p99, ms | longest, ms |",
            "|---|---:|---:|---:|---:|---:|",
            *rows,
        ]
    )


def _row(what: str, tally: Tally) -> str:
    failed = str(tally.failed)
    if tally.failures:
        failed += f" ({', '.join(f'{count} of {reason}' for reason, count in tally.failures.items())})"
    times = ("-" if ms is None else f"{ms:.1f}" for ms in (tally.p50_ms, tally.p99_ms, tally.max_ms))
    return f"| {what} | {tally.requests} | {failed} | {' | '.join(times)} |"


if __name__ == "__main__":
    main()
