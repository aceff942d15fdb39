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
SCANNERS: Final = "<!-- scanners -->"
END_OF_SCANNERS: Final = "<!-- end of scanners -->"
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


def scanners_table() -> str:
    """Return what public scanners find that is meant, and why."""
    rows = ["| Check | Where | Why it is left |", "|---|---|---|"]
    lines: dict[str, dict[str, str]] = yaml.safe_load(
        (ROOT / "policies" / "scanners.yaml").read_text(encoding="utf-8")
    )
    rows += [f"| {check} | every stack | {reason} |" for check, reason in lines["by-design"].items()]
    rows += [f"| {check} | `bootstrap/` | {reason} |" for check, reason in lines["bootstrap"].items()]
    rows += [
        f"| parliament: {kind} | `{where}` | {reason} |"
        for (kind, _, where), reason in (
            (key.partition("/"), reason) for key, reason in lines["parliament"].items()
        )
    ]
    return "\n".join(rows)


def rendered(text: str) -> str:
    """Return the document with the tables of today."""
    controls = f"{table()}\n\n{exceptions_table()}"
    text = _between(text, BEGIN, END, controls)
    return _between(text, SCANNERS, END_OF_SCANNERS, scanners_table())


def _between(text: str, begin: str, end: str, inside: str) -> str:
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n{inside}\n{end}{after}"


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
