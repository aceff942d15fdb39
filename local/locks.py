"""Which runs may be under way at once: locks that end with the process that holds them."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from local.errors import LocalError

_LONGEST_NOTE: Final = 200


class BusyError(LocalError):
    """Another run is under way."""


@contextmanager
def stack_locked(folder: Path, stack: str, command: str) -> Generator[None]:
    """Hold one stack; others may run beside it, but not :func:`everything_locked`.

    Raises:
        BusyError: another run holds the stack, or everything; the message names that run.
    """
    with (
        _locked(folder / "everything.lock", command, fcntl.LOCK_SH),
        _locked(folder / f"{stack}.lock", command, fcntl.LOCK_EX),
    ):
        yield


@contextmanager
def everything_locked(folder: Path, command: str) -> Generator[None]:
    """Hold all stacks and what they run on.

    Raises:
        BusyError: another run is under way; the message names it.
    """
    with _locked(folder / "everything.lock", command, fcntl.LOCK_EX):
        yield


@contextmanager
def start_locked(folder: Path) -> Generator[None]:
    """Hold, for some seconds, the start of what all stacks run on; wait for another run to have done so."""
    descriptor = _open(folder / "start.lock")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _locked(path: Path, command: str, kind: int) -> Generator[None]:
    descriptor = _open(path)
    try:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            other = os.pread(descriptor, _LONGEST_NOTE, 0).decode(errors="replace").strip()
            raise BusyError(
                f"another run is under way ({other or 'it has just begun'}): wait for its end, or stop it"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"`{command}`, process {os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
