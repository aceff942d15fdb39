"""One run at a time: a lock that dies with the process that holds it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from local.engine.errors import EngineError


class BusyError(EngineError):
    """Another run is under way."""


@contextmanager
def locked(folder: Path, what: str) -> Generator[None]:
    """Hold the lock of `folder` for the time of a run.

    Raises:
        BusyError: another run holds it; the message names that run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = os.pread(descriptor, 200, 0).decode(errors="replace").strip()
            raise BusyError(
                f"another run is under way ({other or 'it has just begun'}): wait for its end, or stop it"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"`{what}`, process {os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
