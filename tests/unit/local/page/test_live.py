"""What an open page is sent: what it does not have yet, and nothing else."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from local.front_door import connections
from local.page import live
from local.page.live import Follower, Moment, follow
from local.page.log_lines import Lines, line_of
from tests.unit.local.page.fakes import log_event

LINE = line_of(log_event("hello <b>"), 1, stack="dev")
STEADY = Moment(
    parts={"stacks": "<p>steady"},
    states={"web-1": "web of dev: steady, 1 of 1 task"},
    lines=Lines(lines=[LINE], last=1),
)
NO_LINES = Lines(lines=[], last=1)
STARTING = Moment(parts={"stacks": "<p>starting"}, states={"web-1": "web of dev: starting"}, lines=NO_LINES)


def events(*moments: Moment) -> list[list[str]]:
    """Return the kinds of events that a browser gets at each moment."""
    left = [*moments]

    async def look(_after: int) -> Moment:
        return left.pop(0)

    async def told() -> list[list[str]]:
        follower = Follower(look, after=0)
        return [await follower.events() for _ in moments]

    return asyncio.run(told())


def kinds(told: list[list[str]]) -> list[list[str]]:
    return [[event.partition("event: ")[2].partition("\n")[0] for event in some] for some in told]


def test_a_change_is_shown_and_said_and_then_there_is_silence() -> None:
    quiet = replace(STEADY, lines=NO_LINES)

    assert kinds(events(STEADY, quiet, STARTING, STARTING)) == [["part", "lines"], [], ["part", "say"], []]


def test_lines_have_a_number_by_which_a_browser_goes_on() -> None:
    (_, lines), *_ = events(STEADY)

    assert lines.startswith("id: 1\nevent: lines\n")
    assert "hello &lt;b&gt;" in lines


def test_an_event_is_one_line_of_data() -> None:
    (part, _), *_ = events(replace(STEADY, parts={"stacks": "a\n\nevent: evil"}))

    assert part.count("\n") == 3


async def _listen(
    look: Callable[[int], Awaitable[Moment]],
) -> tuple[asyncio.Server, asyncio.Future[None]]:
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        try:
            await follow(reader, writer, Follower(look, after=0))
            ended.set_result(None)
        except OSError as error:
            ended.set_exception(error)
        finally:
            writer.close()

    return await connections.serve(serve, host="127.0.0.1", port=0), ended


def test_a_browser_that_leaves_ends_it() -> None:
    async def look(_after: int) -> Moment:
        return STEADY

    async def test() -> None:
        server, ended = await _listen(look)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"text/event-stream" in head
        writer.close()
        await ended
        server.close()

    asyncio.run(asyncio.wait_for(test(), 20))


def test_nothing_more_is_read_for_a_browser_that_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tab that sleeps must not fill the memory."""
    monkeypatch.setattr(live, "_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(live, "_STALLED_SECONDS", 0.3)
    looks: list[int] = []

    async def look(after: int) -> Moment:
        looks.append(after)
        return replace(STEADY, parts={"stacks": f"{len(looks)}{'x' * 4_000_000}"})

    async def test() -> None:
        server, ended = await _listen(look)
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        with pytest.raises(ConnectionAbortedError):
            await ended
        assert len(looks) < 10
        writer.close()
        server.close()

    asyncio.run(asyncio.wait_for(test(), 20))
