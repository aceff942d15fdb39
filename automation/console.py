"""Output of commands: results go to standard output, everything else to standard error."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TextIO

import click

from automation.errors import AutomationError

json_option: Final = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

_NARROWEST: Final = 40
_WIDEST: Final = 120
_NO_BREAK: Final = "\N{NO-BREAK SPACE}"
_QUOTED: Final = re.compile(r"`[^`\n]+`")


class Number(click.FloatRange):
    """A finite number in a range: Python also reads `nan`, which no limit excludes."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or fail with the text that is none."""
        try:
            is_finite = math.isfinite(float(value))
        except ValueError:
            is_finite = False
        if not is_finite:
            self.fail(f"{value!r} is not a number", param, ctx)
        return super().convert(value, param, ctx)


def colour() -> bool | None:
    """Return whether output has colours; None if it has them on a terminal only.

    https://no-color.org and https://force-color.org: a variable counts if it is not empty.
    """
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return False if os.environ.get("TERM") == "dumb" else None


def width_of(stream: TextIO) -> int | None:
    """Return the maximum length of a line; None for a file or a pipe, where lines are not broken."""
    if not stream.isatty():
        return None
    return max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size().columns))


def folded(line: str, width: int | None) -> str:
    """Break a line between words and indent the rest; text in backticks is not broken."""
    if width is None or len(click.unstyle(line)) <= width:
        return line
    text = line.lstrip()
    indent = line.removesuffix(text)
    lines = textwrap.wrap(
        _QUOTED.sub(lambda match: match[0].replace(" ", _NO_BREAK), text),
        width,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines).replace(_NO_BREAK, " ")


def to_type(*words: str) -> str:
    """Return a command of `python -m automation`, in backticks, with `--local` if this one has it."""
    context = click.get_current_context(silent=True)
    is_local = context is not None and context.find_root().params.get("local")
    return f"`{' '.join(['python -m automation', *(['--local'] if is_local else []), *words])}`"


def say(text: str) -> None:
    """Print a line that is not part of the result."""
    _print(text, sys.stderr)


def say_error(text: str) -> None:
    """Print why a command failed."""
    _print(f"error: {text}", sys.stderr)


def show(lines: Iterable[str], document: Any, *, as_json: bool) -> None:
    """Print a result: lines for people, or one document for programs, with times in UTC."""
    if as_json:
        click.echo(json.dumps(document, indent=2, default=_iso))
        return
    for line in lines:
        _print(line, sys.stdout)


def _print(text: str, stream: TextIO) -> None:
    width = width_of(stream)
    click.echo("\n".join(folded(line, width) for line in text.split("\n")), file=stream)


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
    """Yield each service's address, aligned with that of the local page, which `up` prints below."""
    width = max(map(len, ("page", *addresses)))
    return (f"{name:<{width}}  {url}" for name, url in sorted(addresses.items()))


def confirm(question: str, *, without_terminal: str) -> None:
    """Ask a yes-no question.

    Raises:
        click.UsageError: standard input is not a terminal; the message is `without_terminal`.
        click.Abort: the answer is no.
    """
    if not sys.stdin.isatty():
        raise click.UsageError(without_terminal)
    click.confirm(question, abort=True, err=True)
