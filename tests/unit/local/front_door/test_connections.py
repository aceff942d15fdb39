"""The end of connections."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from local.front_door import connections


def test_an_upload_continues_when_the_target_stops_reading() -> None:
    """The end of the upload would also end the response, which the client has not seen yet."""

    async def broken() -> None:
        raise ConnectionResetError

    async def run() -> None:
        client = asyncio.StreamReader()
        target: Any = SimpleNamespace(write=lambda _data: None, drain=broken)
        client.feed_data(b"data that the target does not read")
        uploading = asyncio.create_task(connections.upload(client, target))
        for _ in range(5):
            await asyncio.sleep(0)
        assert not uploading.done()
        client.feed_eof()
        await asyncio.wait_for(uploading, 20)

    asyncio.run(run())
