"""Which runs may be under way at once: locks that end with the process that holds them."""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from local.errors import LocalError

_LONGEST_NOTE: Final = 200
_PROCESS: Final = re.compile(r"process (\d+)")
_LAST_WRITES_SECONDS: Final = 10.0
"""How long the CLI of a run that was killed may go on."""
_POLL_SECONDS: Final = 0.05


class BusyError(LocalError):
    """Another run is under way."""


@contextmanager
def stack_locked(folder: Path, stack: str, command: str) -> Generator[tuple[int, ...]]:
    """Hold one stack; others may run beside it, but not :func:`everything_locked`.

    Yields:
        Descriptors: a child that gets them holds the stack as well, for as long as it lives.

    Raises:
        BusyError: another run holds the stack, or everything; the message names that run.
    """
    with (
        _locked(folder / "everything.lock", command, fcntl.LOCK_SH) as everything,
        _locked(folder / f"{stack}.lock", command, fcntl.LOCK_EX) as one,
    ):
        yield everything, one


@contextmanager
def everything_locked(folder: Path, command: str) -> Generator[None]:
    """Hold all stacks and what they run on.

    Raises:
        BusyError: another run is under way; the message names it.
    """
    with _locked(folder / "everything.lock", command, fcntl.LOCK_EX):
        yield


@contextmanager
def _locked(path: Path, command: str, kind: int) -> Generator[int]:
    descriptor = _open(path)
    try:
        _lock(descriptor, kind)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"`{command}`, process {os.getpid()}\n".encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int, kind: int) -> None:
    deadline = time.monotonic() + _LAST_WRITES_SECONDS
    while True:
        try:
            return fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            other = os.pread(descriptor, _LONGEST_NOTE, 0).decode(errors="replace").strip()
            process = _PROCESS.search(other)
            # A run that was killed leaves a CLI that writes its state, and ends.
            if process is None or _lives(int(process[1])) or time.monotonic() > deadline:
                raise BusyError(
                    f"another run is under way ({other or 'it has just begun'}): wait for its end, or stop it"
                ) from None
            time.sleep(_POLL_SECONDS)


def _lives(process: int) -> bool:
    with suppress(PermissionError):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
    return True


def _open(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
