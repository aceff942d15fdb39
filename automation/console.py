"""What commands share: results go to standard output, everything else to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from automation.errors import AutomationError

json_option: Final = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def say(text: str) -> None:
    """Print a line that is not part of the result."""
    click.echo(text, err=True)


def show(lines: Iterable[str], document: Any, *, as_json: bool) -> None:
    """Print a result: lines for people, or one document for programs, with times in UTC."""
    for line in (json.dumps(document, indent=2, default=_iso),) if as_json else lines:
        click.echo(line)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def write_text(path: Path, text: str, *, append: bool = False) -> None:
    """Write a file that the user has named.

    Raises:
        AutomationError: it cannot be written.
    """
    try:
        with path.open("a" if append else "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise AutomationError(f"{path} cannot be written: {error.strerror}") from error


def address_lines(addresses: Mapping[str, str]) -> Iterator[str]:
    """Yield each service's address."""
    width = max((len(name) for name in addresses), default=0)
    return (f"{name:<{width}}  {url}" for name, url in sorted(addresses.items()))


def confirm(question: str, *, without_terminal: str) -> None:
    """Ask a yes-no question.

    Raises:
        click.UsageError: standard input is not a terminal; it says what `without_terminal` does.
        click.Abort: the answer is no.
    """
    if not sys.stdin.isatty():
        raise click.UsageError(without_terminal)
    click.confirm(question, abort=True, err=True)
