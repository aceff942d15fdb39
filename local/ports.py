"""Which TCP port of this machine's loopback address a process of the local run gets."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from typing import Final

LOOPBACK: Final = "127.0.0.1"
HIGHEST: Final = 65535


class PortError(Exception):
    """A port that was asked for cannot be had."""


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen on `port` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # A server that has just stopped leaves connections in TIME_WAIT behind; they are in nobody's way.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def any_free(host: str = LOOPBACK) -> int:
    """Return a port that nobody listens on."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def choose(
    *,
    what: str,
    default: int,
    variable: str,
    wanted: int | None = None,
    environment: Mapping[str, str] = os.environ,
    say: Callable[[str], None] = print,
) -> int:
    """Return the port that `wanted` or the environment's `variable` fixes, else `default`, else a free one.

    Args:
        what: who asks, for messages.
        default: the port that is taken when it is free.
        variable: environment variable that fixes the port.
        wanted: a fixed port that comes before `variable`.
        environment: where `variable` is looked up.
        say: called with one line when `default` is taken.

    Raises:
        PortError: the fixed port is no port, or taken.
    """
    text = environment.get(variable, "") if wanted is None else str(wanted)
    if not text:
        if is_free(default):
            return default
        port = any_free()
        say(f"Port {default} is taken: the {what} listens on {port} ({variable} fixes it)")
        return port
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= HIGHEST:
        raise PortError(f"{variable} is {text!r}: it must be a port from 1 to {HIGHEST}")
    if not is_free(int(text)):
        raise PortError(f"port {text} for the {what} is taken: stop what listens there or change {variable}")
    return int(text)
