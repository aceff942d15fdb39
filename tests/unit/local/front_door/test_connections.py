"""Connections end when their ends do, and not before."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from local.front_door import connections


def test_a_client_goes_on_sending_until_it_has_the_answer_of_a_target_that_reads_no_more() -> None:
    """An upload that counted as ended would end the answer, too."""

    async def broken() -> None:
        raise ConnectionResetError

    async def run() -> None:
        client = asyncio.StreamReader()
        target: Any = SimpleNamespace(write=lambda _data: None, drain=broken)
        client.feed_data(b"more than the target reads")
        uploading = asyncio.create_task(connections.upload(client, target))
        for _ in range(5):
            await asyncio.sleep(0)
        assert not uploading.done()
        client.feed_eof()
        await asyncio.wait_for(uploading, 20)

    asyncio.run(run())
