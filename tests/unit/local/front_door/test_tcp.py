"""TCP through the listener of a network load balancer."""

from __future__ import annotations

import asyncio
import socket
from asyncio import StreamReader, StreamWriter
from collections.abc import Coroutine
from typing import Any

import pytest

from local.front_door import routes
from local.front_door.routes import TcpListener
from local.front_door.tcp import TcpDoors

CLOUD: Any = None
LISTENER = TcpListener("balancer", 25, "group", ("tcp.example.com",))


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 20))


@pytest.fixture
def listeners(monkeypatch: pytest.MonkeyPatch) -> set[TcpListener]:
    found = {LISTENER}
    monkeypatch.setattr(routes, "tcp_listeners", lambda _cloud: frozenset(found))
    return found


async def target() -> asyncio.Server:
    """Says all that it got as soon as the client has ended its half."""

    async def answer(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(b"got " + await reader.read(-1))
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", 0)


def test_bytes_go_both_ways_and_half_an_end_is_passed_on(listeners: set[TcpListener]) -> None:
    async def test() -> None:
        serving = await target()
        doors = TcpDoors(CLOUD, lambda _group: asyncio.open_connection(*serving.sockets[0].getsockname()))
        await doors.look()
        [port] = doors.ports
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"hello")
        writer.write_eof()

        assert await reader.read(-1) == b"got hello"
        assert doors.ports == {port: "balancer"}
        assert doors.address("tcp.example.com", 25) == f"127.0.0.1:{port}"
        assert doors.address("tcp.example.com", 26) is None
        writer.close()
        serving.close()

    run(test())


def test_a_listener_has_its_own_port_where_that_is_free(listeners: set[TcpListener]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        own = taken.getsockname()[1]

        async def test(*, expected: bool) -> None:
            listeners.clear()
            listeners.add(TcpListener("balancer", own, "group", ()))
            doors = TcpDoors(CLOUD, lambda _group: asyncio.open_connection("127.0.0.1", own))
            await doors.look()
            assert ([*doors.ports] == [own]) is expected

        run(test(expected=False))
    run(test(expected=True))


def test_a_port_is_closed_when_its_listener_is_gone(listeners: set[TcpListener]) -> None:
    async def test() -> None:
        doors = TcpDoors(CLOUD, lambda _group: asyncio.open_connection("127.0.0.1", 1))
        await doors.look()
        [port] = doors.ports
        listeners.clear()
        await doors.look()

        assert doors.ports == {}
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)

    run(test())


def test_a_client_without_a_target_is_told_by_the_end(listeners: set[TcpListener]) -> None:
    async def test() -> None:
        doors = TcpDoors(CLOUD, lambda _group: asyncio.open_connection("127.0.0.1", 1))
        await doors.look()
        [port] = doors.ports
        reader, _ = await asyncio.open_connection("127.0.0.1", port)

        with pytest.raises(ConnectionResetError):
            await reader.read(-1)

    run(test())
