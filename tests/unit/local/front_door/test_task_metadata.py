"""The relay through which containers read their task metadata."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter

import pytest

from local.front_door import connections, task_metadata

TOKEN = "abcdefgh_12-34"


def request(method: str, path: str) -> tuple[int, str]:
    """Send a request to the relay; the emulator behind it responds with the request line."""

    async def echo(reader: StreamReader, writer: StreamWriter) -> None:
        line = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")[0]
        await connections.send_and_close(reader, writer, b"HTTP/1.1 200 OK\r\n\r\n" + line)

    async def run() -> tuple[int, str]:
        emulator = await connections.serve(echo, host="127.0.0.1", port=0)
        endpoint = f"http://127.0.0.1:{emulator.sockets[0].getsockname()[1]}"
        relay = await connections.serve(task_metadata.make_relay(endpoint), host="127.0.0.1", port=0)
        reader, writer = await asyncio.open_connection(*relay.sockets[0].getsockname())
        writer.write(f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        head, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
        writer.close()
        emulator.close()
        relay.close()
        return int(head.split()[1]), body.decode()

    return asyncio.run(asyncio.wait_for(run(), 20))


@pytest.mark.parametrize(
    "path", [f"/v4/{TOKEN}", f"/v4/{TOKEN}/task", f"/v4/{TOKEN}/stats", f"/v4/{TOKEN}/task/stats"]
)
def test_requests_for_task_metadata_are_relayed(path: str) -> None:
    assert request("GET", path) == (200, f"GET {path} HTTP/1.1")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/"),
        ("GET", "/"),
        ("POST", f"/v4/{TOKEN}"),
        ("GET", f"/v4/{TOKEN}/../../_ministack/health"),
        ("GET", f"/v4/{TOKEN}%2F..%2F..%2F_ministack"),
        ("GET", f"/v4/{TOKEN}?x"),
        ("GET", "/_ministack/health"),
        ("POST", "/_ministack/reset"),
        ("GET", "/v2/credentials/abcdefgh"),
    ],
)
def test_all_other_requests_are_refused(method: str, path: str) -> None:
    """Through the emulator's API a container could start one with any folder of this machine mounted."""
    status, text = request(method, path)

    assert status == 403
    assert "is not task metadata" in text
