"""TCP connections: served, passed on as they come, and ended so that both ends know how."""

from __future__ import annotations

import asyncio
import socket
import struct
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

from local.front_door.heads import LONGEST_HEAD

_CHUNK: Final = 64 * 1024
_LINGER_SECONDS: Final = 2


async def serve(
    handle: Callable[[StreamReader, StreamWriter], Coroutine[Any, Any, None]], **where: Any
) -> asyncio.Server:
    """Call `handle` for each connection; `where` is as for `loop.create_server`."""
    handling: set[asyncio.Task[None]] = set()

    def connected(reader: StreamReader, writer: StreamWriter) -> None:
        # A coroutine in this place would have its cancellation, at the server's end, logged as an error.
        task = asyncio.create_task(handle(reader, writer))
        handling.add(task)
        task.add_done_callback(handling.discard)

    return await asyncio.start_server(connected, limit=LONGEST_HEAD, **where)


async def copy(source: StreamReader, sink: StreamWriter) -> None:
    """Pass on what comes until the source's end.

    Raises:
        OSError: either connection is broken.
    """
    while piece := await source.read(_CHUNK):
        sink.write(piece)
        await sink.drain()


async def drain(source: StreamReader) -> None:
    """Drop what comes until the source's end."""
    with suppress(ConnectionError):
        while await source.read(_CHUNK):
            pass


async def upload(client: StreamReader, target: StreamWriter) -> None:
    """Pass on what a client sends; return when the client has ended its connection."""
    with suppress(ConnectionError):
        await copy(client, target)
        return
    # A target may answer without reading all. The client goes on until it has seen the answer.
    await drain(client)


async def finish(reader: StreamReader, writer: StreamWriter, last: bytes) -> None:
    """Send the last of an answer and close the connection, when the client has it."""
    with suppress(OSError):
        writer.write(last)
        await writer.drain()
        writer.write_eof()
        # To close now would take the answer from a client that is still sending.
        await asyncio.wait_for(drain(reader), _LINGER_SECONDS)
    writer.close()


def reset(writer: StreamWriter) -> None:
    """Break a connection off, so that half an answer does not look like a whole one."""
    with suppress(OSError):
        sock: socket.socket = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
