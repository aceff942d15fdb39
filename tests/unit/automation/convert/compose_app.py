"""Small Compose files and their stacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from automation.convert.compose_file import read_project
from automation.convert.compose_stack import Choice, converted_stack
from automation.convert.output import Options
from automation.convert.report import Report

PROJECT = "node-on-ecs"


def write(folder: Path, text: str, **files: str) -> Path:
    """Write a Compose file, and others beside it by their names."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    path = folder / "compose.yaml"
    path.write_text(text)
    return path


def convert(path: Path, **chosen: Any) -> tuple[Any, list[str]]:
    """Return the configuration of the stack that a file becomes, and the lines of the report."""
    options = Options(root=path.parent, project=PROJECT, variables={})
    report = Report()
    config = converted_stack(read_project([path], {}), Choice(stack="test", **chosen), options, report)
    return config, [note.line for note in report.notes]
