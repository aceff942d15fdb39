"""A way to Docker's socket that a test can close: `python docker_proxy.py SOCKET`, until it is killed."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

DAEMON: Final = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")


async def pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await source.read(64 * 1024):
            sink.write(piece)
            await sink.drain()
    with suppress(OSError):
        sink.write_eof()


async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    answers, questions = await asyncio.open_unix_connection(DAEMON)
    await asyncio.gather(pass_on(reader, questions), pass_on(answers, writer))
    for stream in (questions, writer):
        stream.close()


async def main(socket: str) -> None:
    server = await asyncio.start_unix_server(connected, socket)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    Path(sys.argv[1]).unlink(missing_ok=True)
    asyncio.run(main(sys.argv[1]))
