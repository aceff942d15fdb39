"""The task metadata endpoint on Docker's bridge, relayed to the emulator, which listens on 127.0.0.1 only."""

from __future__ import annotations

import asyncio
import ipaddress
import re
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable, Coroutine
from contextlib import closing
from typing import Any, Final
from urllib.parse import urlsplit

from docker.errors import DockerException

from local import docker
from local.docker import DockerError
from local.front_door import connections, responses
from local.front_door.heads import BadHeadError, Head

_METADATA_PATH: Final = re.compile(r"/v4/[A-Za-z0-9_-]{8,}(/task|/stats|/task/stats)?")


def bridge_address() -> str | None:
    """Return this machine's address on Docker's default bridge; None without a daemon or a bridge."""
    try:
        with closing(docker.connect(timeout=10)) as client:
            attributes: Any = client.networks.get("bridge").attrs
    except (DockerError, DockerException, OSError):
        return None
    for layout in attributes["IPAM"]["Config"] or ():
        network = ipaddress.ip_network(layout["Subnet"])
        if network.version == 4:  # noqa: PLR2004
            # Old daemons omit the gateway, which is then the first address.
            return str(layout.get("Gateway") or network[1])
    return None


def make_relay(emulator: str) -> Callable[[StreamReader, StreamWriter], Coroutine[Any, Any, None]]:
    """Return a handler that relays requests for task metadata, and refuses everything else.

    Through the emulator's API a container could start others, with any folder of this machine mounted.
    """
    parts = urlsplit(emulator)

    async def handle(reader: StreamReader, writer: StreamWriter) -> None:
        try:
            response = await respond(await Head.read(reader))
        except (OSError, BadHeadError):
            connections.reset(writer)
        else:
            await connections.send_and_close(reader, writer, response)

    async def respond(request: Head) -> bytes:
        if request.method != "GET" or _METADATA_PATH.fullmatch(request.target) is None:
            sentence = (
                f"{request.target} is not task metadata, the only part of the emulator open to containers"
            )
            return responses.message(request, 403, sentence)
        from_emulator, to_emulator = await asyncio.open_connection(parts.hostname, parts.port)
        with closing(to_emulator):
            to_emulator.write(bytes(request.forwarded()))
            return await from_emulator.read(-1)

    return handle
