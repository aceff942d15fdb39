"""Ports for tests: as long as a pytest worker lives, no other worker of any clone gets what it was given."""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from pathlib import Path
from typing import Final

from local.ports import LOOPBACK

_FOLDER: Final = Path(tempfile.gettempdir(), f"node-on-ecs-test-ports-{os.getuid()}")
_PORTS: Final = range(20_000, 32_000)
"""From 32,768 on Linux hands ports out for connections and containers."""


def unused_port() -> int:
    """Return a port that nothing listens on, and that is nobody else's until this process ends."""
    _FOLDER.mkdir(exist_ok=True)
    return next(port for port in _PORTS if _is_free(port) and _is_taken_by_us(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # A server that has just stopped leaves connections behind, which are in nobody's way.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _is_taken_by_us(port: int) -> bool:
    # The lock ends with this process, which leaves the descriptor open.
    descriptor = os.open(_FOLDER / str(port), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    return True
