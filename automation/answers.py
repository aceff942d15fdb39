"""Asks an address, as a browser would, and tells how it answers."""

from __future__ import annotations

from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final
from urllib.parse import urlsplit

_LOCALHOST: Final = ".localhost"
_LOOPBACK: Final = "127.0.0.1"
_SECONDS: Final = 10


def status_of(url: str) -> int | None:
    """Return the status with which an address answers; None if it does not answer at all."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    # Browsers know that it is this machine, Python's resolver does not.
    machine = _LOOPBACK if host.endswith(_LOCALHOST) else host
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(machine, parts.port, timeout=_SECONDS)
    try:
        connection.request("GET", parts.path or "/", headers={"Host": parts.netloc})
        return connection.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
