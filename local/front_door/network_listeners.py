"""Listeners of network load balancers, each on a port of 127.0.0.1 from which connections go to a target."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from functools import partial
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from local import ports
from local.front_door import connections, routes
from local.front_door.routes import Address, NetworkListener
from local.resources.cloud import Cloud

_POLL_SECONDS: Final = 2
_FLOW_SECONDS: Final = 120
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html"""
_UNPRIVILEGED: Final = 1024


class NetworkListeners:
    """Opens a port for each listener, and closes it when the listener is deleted; TLS is plain TCP here."""

    def __init__(
        self,
        cloud: Cloud,
        *,
        connect: Callable[[str], Awaitable[tuple[StreamReader, StreamWriter]]],
        choose: Callable[[str], Awaitable[Address | None]],
    ) -> None:
        """By the ARN of a target group, `connect` connects to a target, and `choose` returns one, if any."""
        self._cloud = cloud
        self._connect = connect
        self._choose = choose
        self._open: dict[NetworkListener, tuple[int, Callable[[], None]]] = {}
        """The port of each, and the function that closes it."""

    @property
    def addresses(self) -> Mapping[NetworkListener, str]:
        """The URL of each listener on this machine."""
        return {
            listener: f"{'udp' if listener.udp else 'tcp'}://{ports.LOOPBACK}:{port}"
            for listener, (port, _) in self._open.items()
        }

    def address(self, host: str, port: int) -> str | None:
        """Return host and port on this machine of the listener that is `host:port` on AWS."""
        for listener, (own_port, _) in self._open.items():
            if host in listener.hosts and listener.port == port:
                return f"{ports.LOOPBACK}:{own_port}"
        return None

    async def watch(self) -> None:
        """Keep the ports up to date, until cancelled."""
        while True:
            try:
                await self.update()
            except (BotoCoreError, ClientError, OSError) as error:
                print(error, flush=True)
            await asyncio.sleep(_POLL_SECONDS)

    async def update(self) -> None:
        """Open the ports of new listeners, and close those of deleted ones."""
        listeners = await asyncio.to_thread(routes.network_listeners, self._cloud)
        for listener in self._open.keys() - listeners:
            _, close = self._open.pop(listener)
            close()
        for listener in sorted(listeners - self._open.keys()):
            serve = self._serve_udp if listener.udp else self._serve_tcp
            try:
                # The port on AWS, if it is free.
                port = listener.port if listener.port >= _UNPRIVILEGED else 0
                self._open[listener] = await serve(listener.group, port)
            except OSError:
                self._open[listener] = await serve(listener.group, 0)

    async def _serve_tcp(self, group: str, port: int) -> tuple[int, Callable[[], None]]:
        server = await connections.serve(partial(self._relay, group), host=ports.LOOPBACK, port=port)
        return server.sockets[0].getsockname()[1], server.close

    async def _serve_udp(self, group: str, port: int) -> tuple[int, Callable[[], None]]:
        relay = partial(_Datagrams, partial(self._choose, group))
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(relay, local_addr=(ports.LOOPBACK, port))
        return transport.get_extra_info("sockname")[1], transport.close

    async def _relay(self, group: str, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            from_target, to_target = await self._connect(group)
        except Exception as error:  # noqa: BLE001 -- whatever the reason, the client has no target
            print(error, flush=True)
            connections.reset(writer)
            return
        with closing(writer), closing(to_target):
            both = (_copy(reader, to_target), _copy(from_target, writer))
            await asyncio.gather(*both, return_exceptions=True)


async def _copy(source: StreamReader, sink: StreamWriter) -> None:
    """Copy one direction, and its end: the other direction may continue."""
    await connections.copy(source, sink)
    sink.write_eof()


class _Datagrams(asyncio.DatagramProtocol):
    """Relays the datagrams of each client to one target for a while, and its responses back."""

    def __init__(self, choose: Callable[[], Awaitable[Address | None]]) -> None:
        self._choose = choose
        self._listener: Any = None
        self._targets: dict[Address, asyncio.DatagramTransport] = {}
        self._sending: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._listener = transport

    def datagram_received(self, data: bytes, addr: Address) -> None:
        task = asyncio.create_task(self._send(data, addr))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, data: bytes, client: Address) -> None:
        if client not in self._targets:
            if (target := await self._choose()) is None:
                return
            loop = asyncio.get_running_loop()
            responses = partial(_Responses, partial(self._listener.sendto, addr=client))
            transport, _ = await loop.create_datagram_endpoint(responses, remote_addr=target)
            self._targets[client] = transport
            loop.call_later(_FLOW_SECONDS, self._forget, client)
        self._targets[client].sendto(data)

    def _forget(self, client: Address) -> None:
        self._targets.pop(client).close()


class _Responses(asyncio.DatagramProtocol):
    def __init__(self, respond: Callable[[bytes], None]) -> None:
        self._respond = respond

    def datagram_received(self, data: bytes, addr: Address) -> None:
        del addr
        self._respond(data)
