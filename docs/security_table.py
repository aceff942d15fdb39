# ruff: noqa: INP001 - a folder of documents, not a package
"""Writes the table of controls in docs/security.md: `python -m docs.security_table`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml

from policies.control import Control
from policies.evaluation import CONTROLS

ROOT: Final = Path(__file__).resolve().parents[1]
DOCUMENT: Final = ROOT / "docs" / "security.md"
BEGIN: Final = "<!-- controls -->"
END: Final = "<!-- end of controls -->"
STACKS: Final = ("dev", "staging", "prod")


def table() -> str:
    """Return a row for each control: what it asks for, what holds it, and who does without."""
    rows = [
        "| Control | Asks for | Level | What meets it | Stacks without it |",
        "|---|---|---|---|---|",
        *(_row(control) for control in CONTROLS.values()),
    ]
    return "\n".join(rows)


def exceptions_table() -> str:
    """Return what each stack does without, and why."""
    rows = ["| Stack | Control | Reason |", "|---|---|---|"]
    for stack in STACKS:
        rows += [f"| {stack} | {name} | {reason} |" for name, reason in _exceptions(stack).items()]
    return "\n".join(rows)


def rendered(text: str) -> str:
    """Return the document with the tables of today."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n\n{exceptions_table()}\n{END}{after}"


def _row(control: Control) -> str:
    without = ", ".join(_without(control.id)) or "none"
    link = f"[{control.id}]({control.source})"
    fix = control.fix.replace("|", "\\|")
    return f"| {link} | {control.title} | {control.level} | {fix} | {without} |"


def _without(id_: str) -> Iterator[str]:
    for stack in STACKS:
        for name in _exceptions(stack):
            control, _, resource = name.partition("/")
            if control == id_:
                yield f"{stack} ({resource})" if resource else stack


def _exceptions(stack: str) -> dict[str, str]:
    config = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))["config"]
    return config.get("node-on-ecs:exceptions", {})


if __name__ == "__main__":
    DOCUMENT.write_text(rendered(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
