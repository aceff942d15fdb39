"""Writes several files, all or none."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import click

from automation.errors import AutomationError


def differences(path: Path, text: str, shown: str) -> Iterator[str]:
    """Yield the lines that a change of a file adds and removes; all lines of a new file.

    Args:
        path: the file.
        text: its new text.
        shown: its name for the user.
    """
    if not path.exists():
        yield click.style(f"{shown} (new)", bold=True)
        yield from (f"    {line}".rstrip() for line in text.splitlines())
        return
    before = path.read_text("utf-8", errors="replace").splitlines()
    lines = difflib.unified_diff(before, text.splitlines(), lineterm="", n=2)
    colours = {"+": "green", "-": "red", "@": "cyan"}
    yield click.style(f"{shown} (changed)", bold=True)
    for line in [*lines][2:]:
        yield click.style(f"    {line}", fg=colours.get(line[:1]))


def write_all(texts: Mapping[Path, str]) -> None:
    """Write files, and replace existing ones.

    Raises:
        AutomationError: a file cannot be written; none was changed.
    """
    drafts = {path: path.with_name(f"{path.name}.new") for path in texts}
    before: dict[Path, bytes | None] = {}
    path = Path()
    try:
        for path, draft in drafts.items():
            draft.write_text(texts[path], "utf-8")
        for path, draft in drafts.items():
            before[path] = path.read_bytes() if path.exists() else None
            # The target of a link is written.
            draft.replace(path.resolve())
    except OSError as error:
        for path_before, content in before.items():
            with suppress(OSError):
                if content is None:
                    path_before.unlink(missing_ok=True)
                else:
                    path_before.write_bytes(content)
        raise AutomationError(f"{path} cannot be written: {error.strerror}; no file was changed") from error
    finally:
        for draft in drafts.values():
            with suppress(OSError):
                draft.unlink(missing_ok=True)
