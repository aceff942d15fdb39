"""Serve the front door on an inherited listening socket, until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import signal
import socket
from contextlib import suppress
from urllib.parse import urlsplit

from local.front_door import connections, task_metadata
from local.front_door.server import FrontDoorServer
from local.ports import port_of
from local.processes import FIRST_INHERITED
from local.resources.cloud import Cloud, NotLoopbackError, require_loopback


def main() -> None:
    """Serve with the command line's arguments."""
    parser = argparse.ArgumentParser(prog="python -m local.front_door", description=__doc__)
    parser.add_argument("--emulator", required=True, help="the emulator's endpoint")
    parser.add_argument("--region", required=True, help="region of the stacks' load balancers")
    arguments = parser.parse_args()
    try:
        emulator = require_loopback(arguments.emulator).rstrip("/")
        listener = socket.socket(fileno=FIRST_INHERITED)
    except (NotLoopbackError, OSError) as error:
        parser.error(f"{error}; `make up` starts the front door")
    asyncio.run(serve(listener, Cloud(emulator, region=arguments.region)))


async def serve(listener: socket.socket, cloud: Cloud) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    # The relay comes first, because a task's first request is for its metadata.
    bridge = await asyncio.to_thread(task_metadata.bridge_address)
    if bridge is not None:
        # Where Docker runs in a virtual machine the bridge is not here, and containers need no relay.
        with suppress(OSError):
            relay = task_metadata.make_relay(cloud.endpoint)
            await connections.serve(relay, host=bridge, port=urlsplit(cloud.endpoint).port)
    door = FrontDoorServer(cloud, port=port_of(listener))
    await connections.serve(door.handle, sock=listener)
    watching = asyncio.create_task(door.network.watch())
    await stop.wait()
    watching.cancel()


if __name__ == "__main__":
    main()
