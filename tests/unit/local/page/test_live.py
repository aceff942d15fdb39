"""Live updates: an open page receives only changes."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from local.front_door import connections
from local.page import live
from local.page.live import Snapshot, changes, follow
from local.page.log_lines import Lines, line_of
from tests.unit.local.asynchronous import asynchronous
from tests.unit.local.page.fakes import log_event

LINE = line_of(log_event("hello <b>"), 1, stack="dev")
STEADY = Snapshot(
    parts={"stacks": "<p>steady"},
    states={"web-1": "web of dev: steady, 1 of 1 task"},
    lines=Lines(lines=[LINE], last=1),
)
NO_LINES = Lines(lines=[], last=1)
STARTING = Snapshot(parts={"stacks": "<p>starting"}, states={"web-1": "web of dev: starting"}, lines=NO_LINES)


@pytest.mark.parametrize(
    ("previous", "current", "kinds"),
    [
        (None, STEADY, ["part", "lines"]),
        (STEADY, replace(STEADY, lines=NO_LINES), []),
        (STEADY, STARTING, ["part", "say"]),
        (STARTING, STARTING, []),
    ],
)
def test_only_changes_are_sent(previous: Snapshot | None, current: Snapshot, kinds: list[str]) -> None:
    events = changes(previous, current)

    assert [event.partition("event: ")[2].partition("\n")[0] for event in events] == kinds


def test_lines_have_the_number_with_which_a_browser_continues() -> None:
    _, lines = changes(None, STEADY)

    assert lines.startswith("id: 1\nevent: lines\n")
    assert "hello &lt;b&gt;" in lines


def test_the_data_of_an_event_is_one_line() -> None:
    part, _ = changes(None, replace(STEADY, parts={"stacks": "a\n\nevent: evil"}))

    assert part.count("\n") == 3


async def _listen(read: Callable[[int], Awaitable[Snapshot]]) -> tuple[asyncio.Server, asyncio.Future[None]]:
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        try:
            await follow(reader, writer, read, after=0)
            ended.set_result(None)
        except OSError as error:
            ended.set_exception(error)
        finally:
            writer.close()

    return await connections.serve(serve, host="127.0.0.1", port=0), ended


@asynchronous
async def test_the_stream_ends_when_the_browser_disconnects() -> None:
    async def read(_after: int) -> Snapshot:
        return STEADY

    server, ended = await _listen(read)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    head = await reader.readuntil(b"\r\n\r\n")
    assert b"text/event-stream" in head
    writer.close()
    await ended
    server.close()


@asynchronous
async def test_nothing_more_is_read_for_a_browser_that_accepts_no_data(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A suspended tab must not fill the memory."""
    monkeypatch.setattr(live, "_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(live, "_STALLED_SECONDS", 0.3)
    reads: list[int] = []

    async def read(after: int) -> Snapshot:
        reads.append(after)
        return replace(STEADY, parts={"stacks": f"{len(reads)}{'x' * 4_000_000}"})

    server, ended = await _listen(read)
    _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    with pytest.raises(ConnectionAbortedError):
        await ended
    assert len(reads) < 10
    writer.close()
    server.close()
