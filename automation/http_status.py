"""Requests an address as a browser on this machine would."""

from __future__ import annotations

from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final
from urllib.parse import urlsplit

OK: Final = 200
_LOOPBACK: Final = "127.0.0.1"


def http_status(url: str, *, seconds: float = 10) -> int | None:
    """Return the HTTP status of an address; None without an answer in `seconds`."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    # Browsers resolve these names to the loopback address, Python does not.
    host = _LOOPBACK if host.endswith(".localhost") else host
    connection_to = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = connection_to(host, parts.port, timeout=seconds)
    try:
        connection.request("GET", parts.path or "/", headers={"Host": parts.netloc})
        return connection.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
