"""Task metadata for containers: they ask on Docker's bridge, the emulator listens on 127.0.0.1 only."""

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
from local.front_door import answers, connections
from local.front_door.heads import BadHeadError, Head

_OF_A_TASK: Final = re.compile(r"/v4/[A-Za-z0-9_-]{8,}(/task|/stats|/task/stats)?")


def bridge_address() -> str | None:
    """Return this machine's address on Docker's default bridge, None without a daemon or a bridge."""
    try:
        with closing(docker.connect(timeout=10)) as client:
            attributes: Any = client.networks.get("bridge").attrs
    except (DockerError, DockerException, OSError):
        return None
    for layout in attributes["IPAM"]["Config"] or ():
        network = ipaddress.ip_network(layout["Subnet"])
        if network.version == 4:  # noqa: PLR2004
            # Old daemons leave the gateway out; it is the first address then.
            return str(layout.get("Gateway") or network[1])
    return None


def make_relay(emulator: str) -> Callable[[StreamReader, StreamWriter], Coroutine[Any, Any, None]]:
    """Return what passes on a task's questions about itself, and nothing else of the emulator.

    The emulator's API would let a container start others, with any folder of this machine inside.
    """
    parts = urlsplit(emulator)

    async def handle(reader: StreamReader, writer: StreamWriter) -> None:
        try:
            last = await answer(await Head.read(reader))
        except (OSError, BadHeadError):
            connections.reset(writer)
        else:
            await connections.finish(reader, writer, last)

    async def answer(request: Head) -> bytes:
        method, target, _ = request.line
        if method != "GET" or _OF_A_TASK.fullmatch(target) is None:
            sentence = f"{target} is not task metadata: locally containers reach nothing else"
            return answers.answer(request, 403, sentence)
        from_emulator, to_emulator = await asyncio.open_connection(parts.hostname, parts.port)
        with closing(to_emulator):
            to_emulator.write(bytes(request.passed_on()))
            return await from_emulator.read(-1)

    return handle
