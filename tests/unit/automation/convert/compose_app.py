"""Small Compose files, and what becomes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from automation.convert.compose_file import read_project
from automation.convert.compose_stack import Wanted, converted_stack
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


def convert(
    path: Path, *more: Path, variables: dict[str, str] | None = None, **wanted: Any
) -> tuple[Any, list[str]]:
    """Return the configuration of the stack that a file becomes, and what is noted, as lines."""
    report = Report()
    project = read_project([path, *more], variables or {})
    config = converted_stack(
        project, Wanted(project=PROJECT, stack="test", root=path.parent, **wanted), report
    )
    return config, [note.line for note in report.notes]
