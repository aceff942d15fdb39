"""One run at a time: a lock that dies with the process that holds it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from local.engine.errors import EngineError

OF_THE_PLUGINS: Final = Path("cli", "plugins.lock")
"""Held by every plugin of the Pulumi CLI: one whose CLI was killed first ends what it is about."""


class BusyError(EngineError):
    """Another run is under way."""


@contextmanager
def locked(folder: Path, what: str) -> Generator[int]:
    """Hold the lock of `folder` for the time of a run; a child that gets the descriptor holds it too.

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
        _wait_for_plugins(folder / OF_THE_PLUGINS)
        yield descriptor
    finally:
        os.close(descriptor)


def hold_as_plugin(path: str) -> None:
    """Hold the plugins' lock for as long as this process lives."""
    fcntl.flock(os.open(path, os.O_RDONLY | os.O_CREAT, 0o644), fcntl.LOCK_SH)


def _wait_for_plugins(path: Path) -> None:
    """Wait until no plugin of a run that was killed can make anything more."""
    if path.exists():
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX)
