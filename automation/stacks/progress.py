"""Shows how a long command goes: its lines, and on a terminal what is under way and since when."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


def to_stderr(line: str) -> None:
    """Show a line where results are not."""
    print(line, file=sys.stderr, flush=True)


@contextmanager
def shown(
    what: str, show: Callable[[str], None], console: Console | None = None
) -> Generator[Callable[[str], None]]:
    """Give a function that shows a line; on a terminal another one below moves until this is left.

    Args:
        what: what is under way.
        show: shows a line; with anything but `to_stderr` there is nothing else to see.
        console: where the terminal is.
    """
    console = console or Console(stderr=True)
    if show is not to_stderr or not console.is_terminal:
        yield show
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        progress.add_task(what, total=None)
        yield lambda line: console.print(line, markup=False, highlight=False, soft_wrap=True)
