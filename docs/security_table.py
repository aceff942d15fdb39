# ruff: noqa: INP001 - a folder of documents, not a package
"""Writes the tables in docs/security.md: `python -m docs.security_table`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import yaml

from policies.evaluation import CONTROLS

ROOT: Final = Path(__file__).resolve().parents[1]
DOCUMENT: Final = ROOT / "docs" / "security.md"
STACKS: Final = ("dev", "staging", "prod")


def document(text: str) -> str:
    """Return the document with current tables."""
    exceptions = {stack: _exceptions(stack) for stack in STACKS}
    controls = f"{_controls(exceptions)}\n\n{_exceptions_table(exceptions)}"
    return _replaced(_replaced(text, "controls", controls), "scanners", _scanners())


def _exceptions_table(exceptions: Mapping[str, Mapping[str, str]]) -> str:
    rows = ((stack, *exception) for stack in exceptions for exception in exceptions[stack].items())
    return _table(("Stack", "Control", "Reason"), rows)


def _controls(exceptions: Mapping[str, Mapping[str, str]]) -> str:
    rows = (
        (
            f"[{control.id}]({control.source})",
            control.title,
            control.level,
            control.fix.replace("|", "\\|"),
            ", ".join(_excepted(control.id, exceptions)) or "none",
        )
        for control in CONTROLS.values()
    )
    return _table(("Control", "Requires", "Level", "How to meet it", "Stacks with an exception"), rows)


def _scanners() -> str:
    """Return the accepted findings of public scanners with their reasons."""
    path = ROOT / "policies" / "scanners.yaml"
    reasons: dict[str, dict[str, str]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    rows = [(check, "every stack", reason) for check, reason in reasons["by-design"].items()]
    rows += [(check, "`bootstrap/`", reason) for check, reason in reasons["bootstrap"].items()]
    for finding, reason in reasons["parliament"].items():
        kind, _, where = finding.partition("/")
        rows.append((f"parliament: {kind}", f"`{where}`", reason))
    return _table(("Check", "Where", "Why it is accepted"), rows)


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(cells)} |" for cells in (header, *rows)]
    return "\n".join([lines[0], "|---" * len(header) + "|", *lines[1:]])


def _replaced(text: str, name: str, table: str) -> str:
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, _, rest = text.partition(begin)
    after = rest.partition(end)[2]
    return f"{before}{begin}\n{table}\n{end}{after}"


def _excepted(id_: str, exceptions: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for stack in exceptions:
        for name in exceptions[stack]:
            control, _, resource = name.partition("/")
            if control == id_:
                yield f"{stack} ({resource})" if resource else stack


def _exceptions(stack: str) -> dict[str, str]:
    config = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))["config"]
    return config.get("node-on-ecs:exceptions", {})


if __name__ == "__main__":
    DOCUMENT.write_text(document(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
