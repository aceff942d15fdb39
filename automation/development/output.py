"""The output of `dev`: its own lines, and the services' log lines with their names."""

from __future__ import annotations

import threading
import zlib
from typing import Final

import click

from automation.console import colour

_COLOURS: Final = ("cyan", "magenta", "yellow", "green", "blue", "bright_cyan", "bright_magenta")


class Output:
    """Prints lines of several threads."""

    width: int = 0
    """Length of the longest service name."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        """Print a line of `dev`, to standard error."""
        with self._lock:
            click.secho(text, bold=True, err=True, color=colour())

    def line(self, source: str, text: str) -> None:
        """Print a log line of a container."""
        own = _COLOURS[zlib.crc32(source.encode()) % len(_COLOURS)]
        with self._lock:
            click.echo(f"{click.style(f'{source:<{self.width}}', fg=own)}  {text}", color=colour())
