"""Ports for the tests of one pytest worker: no other worker, and hardly another clone, hands out the same."""

from __future__ import annotations

import os
import socket
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from local.ports import LOOPBACK

_ROOT: Final = Path(__file__).resolve().parents[2]
_FIRST: Final = 10_000
_OF_A_WORKER: Final = 100
_WORKERS: Final = 200
"""Up to port 30,000: from 32,768 on Linux hands ports out for connections and containers."""


def _of_this_worker() -> Iterator[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    block = (zlib.crc32(str(_ROOT).encode()) + worker) % _WORKERS
    while True:
        yield from range(_FIRST + block * _OF_A_WORKER, _FIRST + (block + 1) * _OF_A_WORKER)


_candidates: Final = _of_this_worker()


def unused_port() -> int:
    """Return a port that nothing listens on and that was not handed out lately."""
    return next(port for port in _candidates if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # A server that has just stopped leaves connections behind, which are in nobody's way.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
