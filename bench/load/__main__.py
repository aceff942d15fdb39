"""Loads the app and the local stack while they are replaced: `python -m bench.load`, or `make load`.

Writes `bench/load/results.json` and the table in `docs/benchmarks.md`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from bench import machine
from bench.contenders import ROOT, STACK, ZONE, LocalRun
from bench.load.app import App
from bench.load.generator import Load, Tally
from bench.measure import run
from bench.report import Section
from local.ports import LOOPBACK

_CONNECTIONS: Final = 16
_REPLACEMENTS: Final = 5
_APP_RATE: Final = 200
_ROLLOUTS: Final = 3
_STACK_RATE: Final = 40
"""Requests a second: front door and emulator are Python, and share the cores with the update itself."""
_SLOW_SECONDS: Final = 2
_BEFORE_AND_AFTER: Final = 200
"""Requests before and after each replacement."""
_LISTEN: Final = "server.listen("


def main() -> None:
    """Measure, and write the results."""
    facts = machine.facts()
    tallies: dict[str, Any] = {}
    with machine.temporary_folder("load") as folder:
        for title, tally in _measure(folder):
            print(_row(title, tally), flush=True)
            tallies[title] = tally.document()
    LOAD.publish(facts, machine.versions(ROOT, None), {"tallies": tallies})


def _measure(folder: Path) -> Iterator[tuple[str, Tally]]:
    with App.built() as app:
        for connections, keep_alive in (("kept open", True), ("one for each request", False)):
            for timing, stop_first in (("", False), (", SIGTERM before the traffic moves", True)):
                title = f"app, {_REPLACEMENTS} containers replaced, connections {connections}{timing}"
                yield title, replace_containers(app, keep_alive=keep_alive, stop_first=stop_first)
    for number, (app_kind, listens_after) in enumerate(
        (("a changed app", 0), (f"one that listens {_SLOW_SECONDS} s after its start", _SLOW_SECONDS))
    ):
        title = f"local stack, {_ROLLOUTS} times `up` with {app_kind}"
        yield title, roll_out(folder / f"stack-{number}", listens_after)


def replace_containers(
    app: App,
    *,
    times: int = _REPLACEMENTS,
    rate: float | None = _APP_RATE,
    keep_alive: bool,
    stop_first: bool,
) -> Tally:
    """Replace the app's only container several times; the new one listens before the old one ends.

    Args:
        app: the app.
        times: how often.
        rate: requests a second; None for as many as possible.
        keep_alive: whether connections are kept open.
        stop_first: whether new connections go to the old container until it has logged that it got SIGTERM,
            instead of to the new one before that.
    """
    current = app.start()
    with Load(lambda: current.address, connections=_CONNECTIONS, rate=rate, keep_alive=keep_alive) as load:
        for _ in range(times):
            load.wait_for(_BEFORE_AND_AFTER)
            old, new = current, app.start()
            if stop_first:
                old.begin_to_stop()
            current = new
            old.stop()
        load.wait_for(_BEFORE_AND_AFTER)
    return load.tally


def roll_out(folder: Path, listens_after: float) -> Tally:
    """Change the app and run `up` several times, with two tasks behind the emulated load balancer.

    Args:
        folder: folder for a copy of the project.
        listens_after: seconds until the changed app listens.
    """
    local = LocalRun.in_folder(folder)
    try:
        run(local.up(desired_count=2))
        with Load(
            lambda: (LOOPBACK, local.front_door_port),
            connections=_CONNECTIONS,
            rate=_STACK_RATE,
            headers={"Host": f"{STACK}.{ZONE}.localhost:{local.front_door_port}"},
        ) as load:
            for number in range(_ROLLOUTS):
                load.wait_for(_BEFORE_AND_AFTER)
                _change(local.folder / "app" / "server.js", number, listens_after)
                run(local.command("up", STACK))
            load.wait_for(_BEFORE_AND_AFTER)
        return load.tally
    finally:
        run(local.command("down"))


def _change(source: Path, number: int, listens_after: float) -> None:
    original = (ROOT / "app" / source.name).read_text()
    if original.count(_LISTEN) != 1:
        raise ValueError(f"{source.name} must have {_LISTEN!r} exactly once, for the pause before it")
    pause = f"await new Promise((resolve) => setTimeout(resolve, {1000 * listens_after:.0f}));\n"
    slow = original.replace(_LISTEN, f"{pause}{_LISTEN}") if listens_after else original
    source.write_text(f"{slow}// version {number}\n")


def text(results: dict[str, Any]) -> str:
    """Return the section of the document."""
    rows = [_row(title, Tally(**tally)) for title, tally in results["tallies"].items()]
    return "\n".join(
        [
            f"{results['date']}, on {machine.in_one_line(results['machine'])}.",
            "",
            "| | requests | failed | p50, ms | p99, ms | longest, ms |",
            "|---|---:|---:|---:|---:|---:|",
            *rows,
        ]
    )


def _row(title: str, tally: Tally) -> str:
    failed = str(sum(tally.failures.values()))
    if tally.failures:
        failed += f" ({', '.join(f'{count} of {reason}' for reason, count in tally.failures.items())})"
    times = ("-" if ms is None else f"{ms:.1f}" for ms in (tally.p50_ms, tally.p99_ms, tally.max_ms))
    return f"| {title} | {tally.requests} | {failed} | {' | '.join(times)} |"


LOAD: Final = Section("load", ROOT / "bench" / "load" / "results.json", text)

if __name__ == "__main__":
    main()
