"""TCP and UDP through the listener of a network load balancer."""

from __future__ import annotations

import asyncio
import socket
from asyncio import StreamReader, StreamWriter
from collections.abc import Coroutine
from typing import Any
from urllib.parse import urlsplit

import pytest

from local.front_door import routes
from local.front_door.network_listeners import NetworkListeners
from local.front_door.routes import NetworkListener

CLOUD: Any = None
LISTENER = NetworkListener("balancer", 25, "group", ("tcp.example.com",))


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 20))


@pytest.fixture
def listeners(monkeypatch: pytest.MonkeyPatch) -> set[NetworkListener]:
    found = {LISTENER}
    monkeypatch.setattr(routes, "network_listeners", lambda _cloud: frozenset(found))
    return found


def to(port: int) -> NetworkListeners:
    """All listeners lead to one target on this machine."""

    async def choose(_group: str) -> tuple[str, int]:
        return "127.0.0.1", port

    connect = lambda _group: asyncio.open_connection("127.0.0.1", port)  # noqa: E731
    return NetworkListeners(CLOUD, connect=connect, choose=choose)


def ports_of(doors: NetworkListeners) -> list[int]:
    return [urlsplit(address).port or 0 for address in doors.opened]


async def target() -> asyncio.Server:
    """Says all that it got as soon as the client has ended its half."""

    async def answer(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(b"got " + await reader.read(-1))
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", 0)


def test_bytes_go_both_ways_and_half_an_end_is_passed_on(listeners: set[NetworkListener]) -> None:
    async def test() -> None:
        serving = await target()
        doors = to(serving.sockets[0].getsockname()[1])
        await doors.look()
        [port] = ports_of(doors)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"hello")
        writer.write_eof()

        assert await reader.read(-1) == b"got hello"
        assert doors.opened == {f"tcp://127.0.0.1:{port}": "balancer"}
        assert doors.address("tcp.example.com", 25) == f"127.0.0.1:{port}"
        assert doors.address("tcp.example.com", 26) is None
        writer.close()
        serving.close()

    run(test())


def test_a_listener_has_its_own_port_where_that_is_free(listeners: set[NetworkListener]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        own = taken.getsockname()[1]

        async def test(*, expected: bool) -> None:
            listeners.clear()
            listeners.add(NetworkListener("balancer", own, "group", ()))
            doors = to(own)
            await doors.look()
            assert (ports_of(doors) == [own]) is expected

        run(test(expected=False))
    run(test(expected=True))


def test_a_port_is_closed_when_its_listener_is_gone(listeners: set[NetworkListener]) -> None:
    async def test() -> None:
        doors = to(1)
        await doors.look()
        [port] = ports_of(doors)
        listeners.clear()
        await doors.look()

        assert doors.opened == {}
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)

    run(test())


def test_a_client_without_a_target_is_told_by_the_end(listeners: set[NetworkListener]) -> None:
    async def test() -> None:
        doors = to(1)
        await doors.look()
        [port] = ports_of(doors)
        reader, _ = await asyncio.open_connection("127.0.0.1", port)

        with pytest.raises(ConnectionResetError):
            await reader.read(-1)

    run(test())


def test_datagrams_go_to_a_target_and_its_answers_come_back(listeners: set[NetworkListener]) -> None:
    class Echo(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: Any) -> None:
            self.transport.sendto(b"got " + data, addr)

    async def test() -> None:
        listeners.clear()
        listeners.add(NetworkListener("balancer", 53, "group", (), udp=True))
        loop = asyncio.get_running_loop()
        echo, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
        doors = to(echo.get_extra_info("sockname")[1])
        await doors.look()
        [port] = ports_of(doors)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.setblocking(False)
            for word in (b"one", b"two"):
                await loop.sock_sendto(client, word, ("127.0.0.1", port))
                assert await loop.sock_recv(client, 100) == b"got " + word
        echo.close()

    run(test())
