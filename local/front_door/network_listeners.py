"""Listeners of network load balancers, each on a port of 127.0.0.1 that leads to a target."""

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

_LOOK_SECONDS: Final = 2
_FLOW_SECONDS: Final = 120
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html"""
_UNPRIVILEGED: Final = 1024


class NetworkListeners:
    """Opens a port for each listener as they come and go; TLS is played over plain TCP."""

    def __init__(
        self,
        cloud: Cloud,
        *,
        connect: Callable[[str], Awaitable[tuple[StreamReader, StreamWriter]]],
        choose: Callable[[str], Awaitable[Address | None]],
    ) -> None:
        """Take an emulator, what connects to a target of a group, and what chooses one."""
        self._cloud = cloud
        self._connect = connect
        self._choose = choose
        self._open: dict[NetworkListener, tuple[int, Callable[[], None]]] = {}
        """The port of each, and what closes it."""

    @property
    def opened(self) -> Mapping[str, str]:
        """The load balancer behind each address, by its ARN."""
        return {address: one.load_balancer_arn for one, address in self.addresses.items()}

    @property
    def addresses(self) -> Mapping[NetworkListener, str]:
        """Where each is on this machine."""
        return {
            one: f"{'udp' if one.udp else 'tcp'}://{ports.LOOPBACK}:{port}"
            for one, (port, _) in self._open.items()
        }

    def address(self, host: str, port: int) -> str | None:
        """Return where the listener is found that is `host:port` on AWS."""
        found = (own for one, (own, _) in self._open.items() if host in one.hosts and one.port == port)
        own = next(found, None)
        return None if own is None else f"{ports.LOOPBACK}:{own}"

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
        wanted = await asyncio.to_thread(routes.network_listeners, self._cloud)
        for gone in self._open.keys() - wanted:
            self._open.pop(gone)[1]()
        for new in sorted(wanted - self._open.keys()):
            serve = self._serve_udp if new.udp else self._serve_tcp
            try:
                # As on AWS, where that is free.
                self._open[new] = await serve(new.group, new.port if new.port >= _UNPRIVILEGED else 0)
            except OSError:
                self._open[new] = await serve(new.group, 0)

    async def _serve_tcp(self, group: str, port: int) -> tuple[int, Callable[[], None]]:
        server = await connections.serve(partial(self._pass_on, group), host=ports.LOOPBACK, port=port)
        return server.sockets[0].getsockname()[1], server.close

    async def _serve_udp(self, group: str, port: int) -> tuple[int, Callable[[], None]]:
        relay = partial(_Datagrams, partial(self._choose, group))
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(relay, local_addr=(ports.LOOPBACK, port))
        return transport.get_extra_info("sockname")[1], transport.close

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


class _Datagrams(asyncio.DatagramProtocol):
    """Passes the datagrams of each client on to one target for a while, and its answers back."""

    def __init__(self, choose: Callable[[], Awaitable[Address | None]]) -> None:
        self._choose = choose
        self._door: Any = None
        self._targets: dict[Address, asyncio.DatagramTransport] = {}
        self._sending: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._door = transport

    def datagram_received(self, data: bytes, addr: Address) -> None:
        task = asyncio.create_task(self._send(data, addr))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, data: bytes, client: Address) -> None:
        if client not in self._targets:
            if (target := await self._choose()) is None:
                return
            loop = asyncio.get_running_loop()
            answers = partial(_Answers, partial(self._door.sendto, addr=client))
            transport, _ = await loop.create_datagram_endpoint(answers, remote_addr=target)
            self._targets[client] = transport
            loop.call_later(_FLOW_SECONDS, self._forget, client)
        self._targets[client].sendto(data)

    def _forget(self, client: Address) -> None:
        self._targets.pop(client).close()


class _Answers(asyncio.DatagramProtocol):
    def __init__(self, answer: Callable[[bytes], None]) -> None:
        self._answer = answer

    def datagram_received(self, data: bytes, addr: Address) -> None:
        del addr
        self._answer(data)
