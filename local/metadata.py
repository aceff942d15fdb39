"""Task metadata for containers: they ask on Docker's bridge, the emulator listens on 127.0.0.1 only."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    import aiohttp


def bridge_address() -> str | None:
    """Return this machine's address on Docker's default bridge, None without a daemon or a bridge."""
    import docker
    import docker.errors

    try:
        client = docker.from_env(timeout=10)
    except docker.errors.DockerException:
        return None
    try:
        attributes: Any = client.networks.get("bridge").attrs
    except (docker.errors.DockerException, OSError):
        return None
    finally:
        client.close()
    for layout in attributes["IPAM"]["Config"] or ():
        network = ipaddress.ip_network(layout["Subnet"])
        if network.version == 4:  # noqa: PLR2004
            # Old daemons leave the gateway out; it is the first address then.
            return str(layout.get("Gateway") or network[1])
    return None


def make_relay(emulator: str, client: aiohttp.ClientSession) -> web.Application:
    """Return a server that passes on a task's questions about itself, and nothing else of the emulator.

    The emulator's API would let a container start others, with any folder of this machine inside.
    """

    async def answer(request: web.Request) -> web.Response:
        async with client.get(f"{emulator}/v4/{request.match_info['path']}") as upstream:
            return web.Response(
                status=upstream.status, body=await upstream.read(), content_type="application/json"
            )

    async def refuse(request: web.Request) -> web.Response:
        return web.json_response(
            {"message": f"{request.path} is not task metadata: locally containers reach nothing else"},
            status=403,
        )

    relay = web.Application()
    relay.router.add_get("/v4/{path:[A-Za-z0-9_-]{8,}(/task|/stats|/task/stats)?}", answer, allow_head=False)
    relay.router.add_route("*", "/{anything:.*}", refuse)
    return relay
