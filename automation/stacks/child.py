"""Runs a program to its end, and shows and keeps what it tells."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, cast

from automation.errors import ProgramError


def run_to_its_end(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str], show: Callable[[str], None]
) -> None:
    """Run a program. Ctrl-C reaches it from the terminal, and is ours only when it has ended.

    Args:
        command: the program and its arguments.
        folder: to run it in.
        environment: all of its variables.
        show: told each line at once.

    Raises:
        ProgramError: it failed; the message holds all that it told.
        KeyboardInterrupt: the person stopped it.
        FileNotFoundError: there is no such program.
    """
    lines: list[str] = []
    interrupted = False

    def note(_number: int, _frame: object) -> None:
        nonlocal interrupted
        interrupted = True

    before = signal.signal(signal.SIGINT, note)
    try:
        process = subprocess.Popen(
            list(command),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for line in cast("IO[str]", process.stdout):
            lines.append(line.rstrip("\n"))
            show(lines[-1])
        code = process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
    if interrupted:
        raise KeyboardInterrupt
    if code != 0:
        raise ProgramError(" ".join(command), code, "\n".join(lines))
