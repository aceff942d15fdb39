"""TCP ports of the loopback address."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from typing import Final

from local.errors import LocalError

LOOPBACK: Final = "127.0.0.1"
HIGHEST: Final = 65535


class PortError(LocalError):
    """The chosen port cannot be used."""


def listen(
    *,
    server: str,
    default: int,
    variable: str,
    chosen: int | None = None,
    say: Callable[[str], None] = print,
) -> socket.socket:
    """Return a socket that listens on a port of the loopback address.

    The port is bound before it is announced, so that no two servers get the same one. Connections wait until
    the server that inherits the socket accepts them.

    Args:
        server: its name, for messages.
        default: port to use if it is free and no other is chosen; else any free port is used.
        variable: environment variable that chooses the port.
        chosen: port that overrides `variable`; 0 for any free port.
        say: called with one line if `default` is in use.

    Raises:
        PortError: the chosen port is not a port, or cannot be used.
    """
    if chosen is not None:
        return _listen_on(chosen, server, variable)
    if (configured := configured_port(variable)) is not None:
        return _listen_on(configured, server, variable)
    try:
        return _listen_on(default, server, variable)
    except PortError:
        listener = _listen_on(0, server, variable)
        port = port_of(listener)
        say(f"Port {default} is in use: the {server} listens on {port}; set {variable} to choose")
        return listener


def configured_port(variable: str) -> int | None:
    """Return the port that an environment variable sets; None if it is empty.

    Raises:
        PortError: it is not a port.
    """
    text = os.environ.get(variable, "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= HIGHEST:
        raise PortError(f"{variable} is {text!r}: it must be a port from 1 to {HIGHEST}")
    return int(text)


def port_of(listener: socket.socket) -> int:
    """Return the port that a socket listens on."""
    return int(listener.getsockname()[1])


def any_free() -> int:
    """Return a port that was free a moment ago, for servers that bind it themselves."""
    with socket.create_server((LOOPBACK, 0)) as probe:
        return port_of(probe)


def _listen_on(port: int, server: str, variable: str) -> socket.socket:
    try:
        # It sets SO_REUSEADDR: connections of a stopped server may be in TIME_WAIT.
        return socket.create_server((LOOPBACK, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortError(
                f"port {port} for the {server} is in use: stop what listens there, or change {variable}"
            ) from error
        raise PortError(f"port {port} for the {server} cannot be used: {error.strerror}") from error
