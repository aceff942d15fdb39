"""What containers reach of the emulator: their own metadata, nothing else."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from local import metadata

TOKEN = "abcdefgh_12-34"


def ask(method: str, path: str) -> tuple[int, str]:
    """Ask the relay in front of an emulator that answers with the path that it was asked for."""

    async def echo(request: web.Request) -> web.Response:
        return web.json_response({"path": request.raw_path})

    async def run() -> tuple[int, str]:
        emulator = web.Application()
        emulator.router.add_route("*", "/{path:.*}", echo)
        async with TestServer(emulator) as server, aiohttp.ClientSession() as client:
            endpoint = f"http://{server.host}:{server.port}"
            async with (
                TestServer(metadata.make_relay(endpoint, client)) as relay,
                client.request(method, relay.make_url(path)) as response,
            ):
                return response.status, await response.text()

    return asyncio.run(run())


@pytest.mark.parametrize(
    "path", [f"/v4/{TOKEN}", f"/v4/{TOKEN}/task", f"/v4/{TOKEN}/stats", f"/v4/{TOKEN}/task/stats"]
)
def test_a_task_may_ask_about_itself(path: str) -> None:
    assert ask("GET", path) == (200, f'{{"path": "{path}"}}')


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/"),
        ("GET", "/"),
        ("POST", f"/v4/{TOKEN}"),
        ("GET", f"/v4/{TOKEN}/../../_ministack/health"),
        ("GET", f"/v4/{TOKEN}%2F..%2F..%2F_ministack"),
        ("GET", "/_ministack/health"),
        ("POST", "/_ministack/reset"),
        ("GET", "/v2/credentials/abcdefgh"),
    ],
)
def test_nothing_else_of_the_emulator_is_reached(method: str, path: str) -> None:
    """Its API could start a container with any folder of this machine inside."""
    status, text = ask(method, path)

    assert status == 403
    assert "is not task metadata" in text
