"""What is measured: a change, until a request has an answer with it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

from bench.measure import CommandError
from local.ports import LOOPBACK

READY: Final = "Each change answers at once"
"""What `dev` says when it follows the app's files."""
_LIMIT_SECONDS: Final = 60
_POLL_SECONDS: Final = 0.01


def source_changed(app: Path, ask: Callable[[], str], mark: str) -> float:
    """Write a mark into a source file of the app as it ships; return the seconds until the page has it."""
    style = app / "src" / "page.css"
    text = style.read_text("utf-8")
    began = time.monotonic()
    style.write_text(f"{text}/* {mark} */\n", "utf-8")
    return _until(lambda: mark in ask(), began)


def packages_changed(app: Path, ask: Callable[[], str], version: str) -> float:
    """Write another version into package.json; return the seconds until a new image answers."""
    file = app / "package.json"
    before = image_version(ask())
    began = time.monotonic()
    file.write_text(
        re.sub(r'"version": "[^"]*"', f'"version": "{version}"', file.read_text("utf-8")), "utf-8"
    )
    return _until(lambda: image_version(ask()) not in {"", before}, began)


def image_version(page: str) -> str:
    """Return the version that the page of the app shows, which is its image's."""
    found = re.search(r"\b[0-9a-f]{16}\b", page)
    return found[0] if found else ""


def page(host: str, port: int) -> str:
    """Return what the front door answers for a host, as a browser gets it."""
    connection = HTTPConnection(LOOPBACK, port, timeout=_LIMIT_SECONDS)
    try:
        connection.request("GET", "/", headers={"Host": f"{host}.localhost", "Accept": "text/html"})
        return connection.getresponse().read().decode("utf-8", "replace")
    finally:
        connection.close()


def _until(seen: Callable[[], bool], began: float) -> float:
    while not seen():
        if time.monotonic() - began > _LIMIT_SECONDS:
            raise CommandError(f"the change does not answer after {_LIMIT_SECONDS} s")
        time.sleep(_POLL_SECONDS)
    return time.monotonic() - began
