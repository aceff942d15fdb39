"""Locks of runs, which are released when the process that holds them ends."""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from local.errors import LocalError
from local.processes import start_time

_LONGEST_NOTE: Final = 1000
_PROCESS_ID: Final = re.compile(r"process (\d+)")
_LAST_WRITES_SECONDS: Final = 10.0
"""How long the CLI of a killed run may continue."""
_POLL_SECONDS: Final = 0.05


class BusyError(LocalError):
    """Another run is under way."""


@contextmanager
def stack_locked(folder: Path, stack: str, command: str) -> Generator[tuple[int, ...]]:
    """Lock one stack, and keep :func:`everything_locked` out.

    Yields:
        Descriptors. A child that inherits them holds the lock as well, until it exits.

    Raises:
        BusyError: another run holds the stack, or everything; the message names that run.
    """
    with (
        _locked(folder / "everything.lock", command, fcntl.LOCK_SH) as everything,
        _locked(folder / f"{stack}.lock", command, fcntl.LOCK_EX) as own,
    ):
        yield everything, own


@contextmanager
def stack_watched(folder: Path, stack: str, command: str) -> Generator[Callable[[], None]]:
    """Lock the watch of a stack, and keep :func:`everything_locked` out; updates of the stack may run.

    Yields:
        A function that names this command as the holder again, after an update has named itself.

    Raises:
        BusyError: another command watches the stack, or everything is held; the message names it.
    """
    with (
        _locked(folder / "everything.lock", command, fcntl.LOCK_SH) as everything,
        _locked(folder / f"{stack}.watched.lock", command, fcntl.LOCK_EX),
    ):
        yield lambda: write_note(everything, _note(command))


@contextmanager
def everything_locked(folder: Path, command: str) -> Generator[None]:
    """Lock all stacks and their emulator.

    Raises:
        BusyError: another run is under way; the message names it.
    """
    with _locked(folder / "everything.lock", command, fcntl.LOCK_EX):
        yield


@contextmanager
def exclusive(path: Path) -> Generator[None]:
    """Wait for the lock at `path`, and hold it."""
    with lock_file(path) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


@contextmanager
def lock_file(path: Path) -> Generator[int]:
    """Open or create the file of a lock, which is free when all processes have closed the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def try_lock(descriptor: int, kind: int = fcntl.LOCK_EX) -> bool:
    """Lock a file unless another process holds it; return whether it is locked."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def read_note(descriptor: int) -> str:
    """Return the command that holds the lock."""
    return os.pread(descriptor, _LONGEST_NOTE, 0).decode(errors="replace").strip()


def write_note(descriptor: int, note: str) -> None:
    """Record the command that holds the lock."""
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, note.encode(), 0)


@contextmanager
def _locked(path: Path, command: str, kind: int) -> Generator[int]:
    with lock_file(path) as descriptor:
        deadline = time.monotonic() + _LAST_WRITES_SECONDS
        while not try_lock(descriptor, kind):
            holder = read_note(descriptor)
            process = _PROCESS_ID.search(holder)
            # The CLI of a killed run still writes its state, and exits.
            killed = process is not None and start_time(int(process[1])) is None
            if not killed or time.monotonic() > deadline:
                raise BusyError(
                    f"another run is under way ({holder or 'just started'}): wait for its end, or stop it"
                )
            time.sleep(_POLL_SECONDS)
        write_note(descriptor, _note(command))
        yield descriptor


def _note(command: str) -> str:
    return f"`{command}`, process {os.getpid()}\n"
