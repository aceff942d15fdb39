"""Listeners of network load balancers, each on a port of 127.0.0.1 that leads to a target."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from functools import partial
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from local import ports
from local.front_door import connections, routes
from local.front_door.routes import TcpListener
from local.resources.cloud import Cloud

_LOOK_SECONDS: Final = 2
_UNPRIVILEGED: Final = 1024


class TcpDoors:
    """Opens a port for each TCP listener as they come and go; TLS is played over plain TCP."""

    def __init__(
        self, cloud: Cloud, connect: Callable[[str], Awaitable[tuple[StreamReader, StreamWriter]]]
    ) -> None:
        """Take an emulator, and what connects to a target of a group."""
        self._cloud = cloud
        self._connect = connect
        self._open: dict[TcpListener, asyncio.Server] = {}

    @property
    def ports(self) -> Mapping[int, str]:
        """The load balancer behind each port, by its ARN."""
        return {
            server.sockets[0].getsockname()[1]: listener.load_balancer_arn
            for listener, server in self._open.items()
        }

    def address(self, host: str, port: int) -> str | None:
        """Return where the listener is found that is `host:port` on AWS."""
        for listener, server in self._open.items():
            if host in listener.hosts and listener.port == port:
                return f"{ports.LOOPBACK}:{server.sockets[0].getsockname()[1]}"
        return None

    async def follow(self) -> None:
        """Look again and again which listeners there are."""
        while True:
            try:
                await self.look()
            except (BotoCoreError, ClientError, OSError) as error:
                print(error, flush=True)
            await asyncio.sleep(_LOOK_SECONDS)

    async def look(self) -> None:
        """Open and close what has changed."""
        wanted = await asyncio.to_thread(routes.tcp_listeners, self._cloud)
        for gone in self._open.keys() - wanted:
            self._open.pop(gone).close()
        for new in sorted(wanted - self._open.keys()):
            handle = partial(self._pass_on, new.group)
            try:
                # As on AWS, where that is free.
                port = new.port if new.port >= _UNPRIVILEGED else 0
                server = await connections.serve(handle, host=ports.LOOPBACK, port=port)
            except OSError:
                server = await connections.serve(handle, host=ports.LOOPBACK, port=0)
            self._open[new] = server

    async def _pass_on(self, group: str, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            from_target, to_target = await self._connect(group)
        except Exception as error:  # noqa: BLE001 -- whatever it is, the client has no target
            print(error, flush=True)
            connections.reset(writer)
            return
        with closing(writer), closing(to_target):
            both = (_copy(reader, to_target), _copy(from_target, writer))
            await asyncio.gather(*both, return_exceptions=True)


async def _copy(source: StreamReader, sink: StreamWriter) -> None:
    """Pass on what comes, and its end, for the other way may go on."""
    await connections.copy(source, sink)
    sink.write_eof()
