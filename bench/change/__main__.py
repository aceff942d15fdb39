"""Changes files of the app while `dev` runs: `python -m bench.change`.

Writes `bench/change/results.json` and the table in `docs/benchmarks.md`.
"""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final

from bench import machine
from bench.contenders import ROOT, STACK, LocalRun
from bench.measure import CommandError, run, running
from bench.report import Section
from local.ports import LOOPBACK

SOURCE: Final = "source file → answer"
PACKAGES: Final = "`package.json` → new image → answer"
_SOURCE_CHANGES: Final = 20
_PACKAGE_CHANGES: Final = 3
READY: Final = "Each change answers at once"
"""Printed by `dev` when it follows the app's files."""
_LIMIT_SECONDS: Final = 60
_POLL_SECONDS: Final = 0.01


def main() -> None:
    """Measure, and write the results."""
    facts = machine.facts()
    with machine.temporary_folder("change") as folder:
        local = LocalRun.in_folder(folder / "local")
        try:
            seconds = _measure(local)
        finally:
            run(local.command("down"))
    CHANGE.publish(facts, machine.versions(ROOT, None), {"seconds": seconds})


def _measure(local: LocalRun) -> Mapping[str, Sequence[float]]:
    run(local.up())
    app, get_page = local.folder / "app", partial(page, local.domain, local.front_door_port)
    packages: list[float] = []
    with running(local.command("dev", STACK), READY) as wait_until_ready:
        sources = [change_source(app, get_page, f"change {number}") for number in range(_SOURCE_CHANGES)]
        for number in range(_PACKAGE_CHANGES):
            packages.append(change_packages(app, get_page, f"2.0.{number}"))
            # The new image answers before the old tasks have ended.
            wait_until_ready()
    return {
        SOURCE: [round(seconds, 3) for seconds in sources],
        PACKAGES: [round(seconds, 3) for seconds in packages],
    }


def change_source(app: Path, get_page: Callable[[], str], mark: str) -> float:
    """Write a mark into a source file of the app; return the seconds until the page has it."""
    style = app / "src" / "page.css"
    css = style.read_text("utf-8")
    started = time.monotonic()
    style.write_text(f"{css}/* {mark} */\n", "utf-8")
    return _seconds_until(lambda: mark in get_page(), started)


def change_packages(app: Path, get_page: Callable[[], str], version: str) -> float:
    """Write another version into package.json; return the seconds until a new image answers."""
    file = app / "package.json"
    before = image_version(get_page())
    started = time.monotonic()
    package = re.sub(r'"version": "[^"]*"', f'"version": "{version}"', file.read_text("utf-8"))
    file.write_text(package, "utf-8")
    return _seconds_until(lambda: image_version(get_page()) not in {"", before}, started)


def image_version(page: str) -> str:
    """Return the image's version, which the app's page shows."""
    match = re.search(r"\b[0-9a-f]{16}\b", page)
    return match[0] if match else ""


def page(host: str, port: int) -> str:
    """Return the response of the front door for a host, as a browser gets it."""
    connection = HTTPConnection(LOOPBACK, port, timeout=_LIMIT_SECONDS)
    try:
        connection.request("GET", "/", headers={"Host": f"{host}.localhost", "Accept": "text/html"})
        return connection.getresponse().read().decode("utf-8", "replace")
    finally:
        connection.close()


def _seconds_until(condition: Callable[[], bool], started: float) -> float:
    while not condition():
        if time.monotonic() - started > _LIMIT_SECONDS:
            raise CommandError(f"the change has no effect after {_LIMIT_SECONDS} s")
        time.sleep(_POLL_SECONDS)
    return time.monotonic() - started


def text(results: dict[str, Any]) -> str:
    """Return the section of the document."""
    rows = [
        f"| {title} | {len(seconds)} | {statistics.median(seconds):.2f} | {max(seconds):.2f} |"
        for title, seconds in results["seconds"].items()
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


CHANGE: Final = Section("change", ROOT / "bench" / "change" / "results.json", text)

if __name__ == "__main__":
    main()
