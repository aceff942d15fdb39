"""TCP and UDP through the listener of a network load balancer."""

from __future__ import annotations

import asyncio
import socket
from asyncio import StreamReader, StreamWriter
from typing import Any
from urllib.parse import urlsplit

import pytest

from local.front_door import routes
from local.front_door.network_listeners import NetworkListeners
from local.front_door.routes import NetworkListener
from tests.unit.local.asynchronous import asynchronous

CLOUD: Any = None
LISTENER = NetworkListener("balancer", 25, "group", ("tcp.example.com",))


@pytest.fixture
def listeners(monkeypatch: pytest.MonkeyPatch) -> set[NetworkListener]:
    """The listeners that the emulator has."""
    existing = {LISTENER}
    monkeypatch.setattr(routes, "network_listeners", lambda _cloud: frozenset(existing))
    return existing


def forwarding_to(port: int) -> NetworkListeners:
    """Return listeners that all forward to one target on this machine."""

    async def choose(_group: str) -> tuple[str, int]:
        return "127.0.0.1", port

    connect = lambda _group: asyncio.open_connection("127.0.0.1", port)  # noqa: E731
    return NetworkListeners(CLOUD, connect=connect, choose=choose)


def ports_of(opened: NetworkListeners) -> list[int]:
    return [urlsplit(address).port or 0 for address in opened.addresses.values()]


async def target() -> asyncio.Server:
    """Start a target that responds when the client has ended its half of the connection."""

    async def answer(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(b"got " + await reader.read(-1))
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", 0)


@asynchronous
async def test_bytes_are_relayed_in_both_directions_with_the_end_of_each(
    listeners: set[NetworkListener],
) -> None:
    serving = await target()
    opened = forwarding_to(serving.sockets[0].getsockname()[1])
    await opened.update()
    [port] = ports_of(opened)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"hello")
    writer.write_eof()

    assert await reader.read(-1) == b"got hello"
    assert opened.addresses == {LISTENER: f"tcp://127.0.0.1:{port}"}
    assert opened.address("tcp.example.com", 25) == f"127.0.0.1:{port}"
    assert opened.address("tcp.example.com", 26) is None
    writer.close()
    serving.close()


@pytest.mark.parametrize("in_use", [False, True])
@asynchronous
async def test_a_listener_keeps_its_port_if_that_is_free(
    listeners: set[NetworkListener], *, in_use: bool
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if not in_use:
            server.close()
        listeners.clear()
        listeners.add(NetworkListener("balancer", port, "group", ()))
        opened = forwarding_to(port)
        await opened.update()

    assert (ports_of(opened) == [port]) is not in_use


@asynchronous
async def test_a_port_is_closed_when_its_listener_is_deleted(listeners: set[NetworkListener]) -> None:
    opened = forwarding_to(1)
    await opened.update()
    [port] = ports_of(opened)
    listeners.clear()
    await opened.update()

    assert opened.addresses == {}
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


@asynchronous
async def test_a_connection_without_a_target_is_reset(listeners: set[NetworkListener]) -> None:
    opened = forwarding_to(1)
    await opened.update()
    [port] = ports_of(opened)
    reader, _ = await asyncio.open_connection("127.0.0.1", port)

    with pytest.raises(ConnectionResetError):
        await reader.read(-1)


@asynchronous
async def test_datagrams_are_relayed_in_both_directions(listeners: set[NetworkListener]) -> None:
    class Echo(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: Any) -> None:
            self.transport.sendto(b"got " + data, addr)

    listeners.clear()
    listeners.add(NetworkListener("balancer", 53, "group", (), udp=True))
    loop = asyncio.get_running_loop()
    echo, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    opened = forwarding_to(echo.get_extra_info("sockname")[1])
    await opened.update()
    [port] = ports_of(opened)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setblocking(False)
        for word in (b"one", b"two"):
            await loop.sock_sendto(client, word, ("127.0.0.1", port))
            assert await loop.sock_recv(client, 100) == b"got " + word
    echo.close()
