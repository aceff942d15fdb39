"""Access to the page and its buttons: only a browser on this machine, and only from the page itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from local.front_door.heads import Head
from local.ports import LOOPBACK

_HTTP_PORT: Final = 80
_HOSTS: Final = ("localhost", LOOPBACK)

HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # With `no-referrer` a browser would not send a form's origin.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def is_own(request: Head, port: int) -> bool:
    """Whether a request is for the page: by this machine's own names, not by others that resolve to it."""
    return request.get("Host").lower() in _names(port)


def comes_from_the_page(request: Head, port: int) -> bool:
    """Whether the page itself sends a request, not another site or an app under `*.localhost`."""
    origins = request.get_all("Origin")
    # Each of this machine's names is an origin of its own.
    return is_own(request, port) and origins == [f"http://{request.get('Host').lower()}"]


def is_foreign(request: Head) -> bool:
    """Whether another site sends a request from a browser, other than by a link that the user follows."""
    site, mode = request.get("Sec-Fetch-Site"), request.get("Sec-Fetch-Mode")
    return site not in {"", "same-origin", "none"} and mode != "navigate"


def _names(port: int) -> set[str]:
    return {f"{host}:{port}" for host in _HOSTS} | ({*_HOSTS} if port == _HTTP_PORT else set())
