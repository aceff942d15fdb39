"""TCP ports of the loopback address, bound before they are announced, so that no two servers share one."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Mapping
from typing import Final

from local.errors import LocalError

LOOPBACK: Final = "127.0.0.1"
HIGHEST: Final = 65535


class PortError(LocalError):
    """A port that was asked for cannot be used."""


def listen(
    *,
    what: str,
    default: int,
    variable: str,
    wanted: int | None = None,
    environment: Mapping[str, str] = os.environ,
    say: Callable[[str], None] = print,
) -> socket.socket:
    """Return a socket that listens on a port of the loopback address.

    Connections are taken from now on and wait until a server that gets the socket accepts them.

    Args:
        what: the server, for messages.
        default: port to use if it is free and no other is asked for; else any free port.
        variable: environment variable that sets the port.
        wanted: port that comes before `variable`; 0 for any free port.
        environment: where `variable` is looked up.
        say: called with one line if `default` is in use.

    Raises:
        PortError: the port that was asked for is not a port, or cannot be used.
    """
    if wanted is not None:
        return _listen_on(wanted, what, variable)
    if text := environment.get(variable, ""):
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= HIGHEST:
            raise PortError(f"{variable} is {text!r}: it must be a port from 1 to {HIGHEST}")
        return _listen_on(int(text), what, variable)
    try:
        return _listen_on(default, what, variable)
    except PortError:
        listener = _listen_on(0, what, variable)
        port = port_of(listener)
        say(f"Port {default} is in use: the {what} listens on {port}; set {variable} to choose")
        return listener


def port_of(listener: socket.socket) -> int:
    """Return the port that a socket listens on."""
    return int(listener.getsockname()[1])


def any_free() -> int:
    """Return a port that was free a moment ago, for servers that bind it themselves."""
    with socket.create_server((LOOPBACK, 0)) as probe:
        return port_of(probe)


def _listen_on(port: int, what: str, variable: str) -> socket.socket:
    try:
        # It may be bound while connections of a server that has stopped wait for their end (TIME_WAIT).
        return socket.create_server((LOOPBACK, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortError(
                f"port {port} for the {what} is in use: stop what listens there, or change {variable}"
            ) from error
        raise PortError(f"port {port} for the {what} cannot be used: {error.strerror}") from error
