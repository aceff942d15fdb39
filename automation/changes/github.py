"""Files that workflows hand on to GitHub."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from automation.changes.comment import Comment
from automation.errors import AutomationError

file_type: Final = click.Path(dir_okay=False, path_type=Path)

summary_option: Final = click.option(
    "--summary", type=file_type, metavar="FILE.md", help="Append what GitHub's summary of a job is to say."
)


def write(path: Path, text: str) -> None:
    """Write a file.

    Raises:
        AutomationError: it cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise AutomationError(f"{path} cannot be written: {error.strerror}") from error


def append(path: Path, text: str) -> None:
    """Write at the end of a file, as GitHub wants it of a job's summary.

    Raises:
        AutomationError: it cannot be written.
    """
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise AutomationError(f"{path} cannot be written: {error.strerror}") from error


def link() -> str | None:
    """Return the address of the run of a workflow that this is; None anywhere else."""
    told = [os.environ.get(f"GITHUB_{part}", "") for part in ("SERVER_URL", "REPOSITORY", "RUN_ID")]
    server, repository, run = told
    return f"{server}/{repository}/actions/runs/{run}" if all(told) else None


@contextmanager
def failure_told(file: Path | None, stack: str, title: str) -> Generator[None]:
    """Append why it failed to a job's summary, if there is to be one and what is done here fails."""
    try:
        yield
    except AutomationError as error:
        if file is not None:
            append(file, Comment(stack=stack, title=title, failure=error.output, link=link()).markdown())
        raise
