"""Who may see the page and press its buttons: a browser on this machine, from the page itself."""

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
    # With `no-referrer` a browser would not say where a form comes from.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def is_own(request: Head, port: int) -> bool:
    """Whether a request is for the page: a name that leads to this machine by DNS alone gets nothing."""
    return request.first("Host").lower() in _names(port)


def comes_from_the_page(request: Head, port: int) -> bool:
    """Whether the page itself sends a request, not another site or an app under `*.localhost`."""
    origins = request.all("Origin")
    own = {f"http://{name}" for name in _names(port)}
    # Other names of this machine are other origins.
    return len(origins) == 1 and origins[0] in own and origins[0] == f"http://{request.first('Host').lower()}"


def is_foreign(request: Head) -> bool:
    """Whether a browser says that another site asks, other than by a link that somebody follows."""
    site, mode = request.first("Sec-Fetch-Site"), request.first("Sec-Fetch-Mode")
    return site not in {"", "same-origin", "none"} and mode != "navigate"


def _names(port: int) -> set[str]:
    return {f"{host}:{port}" for host in _HOSTS} | ({*_HOSTS} if port == _HTTP_PORT else set())
