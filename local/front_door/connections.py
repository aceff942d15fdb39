"""TCP connections: accepted, relayed and closed so that both ends notice the right end."""

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
    """Call `handle` for each connection; `where` is passed to `loop.create_server`."""
    handling: set[asyncio.Task[None]] = set()

    def connected(reader: StreamReader, writer: StreamWriter) -> None:
        # With a coroutine here, asyncio would log the cancellation at the server's end as an error.
        task = asyncio.create_task(handle(reader, writer))
        handling.add(task)
        task.add_done_callback(handling.discard)

    return await asyncio.start_server(connected, limit=LONGEST_HEAD, **where)


async def copy(source: StreamReader, sink: StreamWriter) -> None:
    """Copy until the source's end.

    Raises:
        OSError: either connection is broken.
    """
    while piece := await source.read(_CHUNK):
        sink.write(piece)
        await sink.drain()


async def discard(source: StreamReader) -> None:
    """Read and drop everything until the source's end."""
    with suppress(ConnectionError):
        while await source.read(_CHUNK):
            pass


async def upload(client: StreamReader, target: StreamWriter) -> None:
    """Copy what a client sends to a target; return when the client has ended its connection."""
    with suppress(ConnectionError):
        await copy(client, target)
        return
    # A target may respond without reading everything; the client sends until it has seen the response.
    await discard(client)


async def send_and_close(reader: StreamReader, writer: StreamWriter, data: bytes) -> None:
    """Send the end of a response, and close the connection when the client has received it."""
    with suppress(OSError):
        writer.write(data)
        await writer.drain()
        writer.write_eof()
        # Closed now, a client that is still sending would lose the response.
        await asyncio.wait_for(discard(reader), _LINGER_SECONDS)
    writer.close()


def reset(writer: StreamWriter) -> None:
    """Abort a connection, so that a truncated response does not look complete."""
    with suppress(OSError):
        sock: socket.socket = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
