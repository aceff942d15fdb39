"""What changes on an open page, sent as it happens: server-sent events, one at a time."""

from __future__ import annotations

import asyncio
import json
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from local.front_door import connections
from local.front_door.heads import Head
from local.page import guard, rendering
from local.page.log_lines import Lines

_PAUSE_SECONDS: Final = 1.0
_PING_SECONDS: Final = 10
_STALLED_SECONDS: Final = 30


@dataclass(frozen=True, kw_only=True)
class Moment:
    """An open page at one moment."""

    parts: Mapping[str, str]
    """HTML by the id of its element."""
    states: Mapping[str, str]
    """What a screen reader says of each service when that changes."""
    lines: Lines


class Follower:
    """Tells one browser what it does not have yet."""

    def __init__(self, look: Callable[[int], Awaitable[Moment]], *, after: int) -> None:
        """Take what returns the page with the lines after one's number, and the last one that was shown."""
        self._look = look
        self._line = after
        self._before: Moment | None = None

    async def events(self) -> list[str]:
        """Return what is new."""
        now = await self._look(self._line)
        before, self._before, self._line = self._before, now, now.lines.last
        return [*_changes(before, now)]


async def follow(reader: StreamReader, writer: StreamWriter, follower: Follower) -> None:
    """Send what is new until the browser leaves.

    Raises:
        OSError: it has left, or takes nothing for half a minute.
    """
    gone = asyncio.create_task(connections.drain(reader))
    headers = {"Content-Type": "text/event-stream; charset=utf-8", "Connection": "close", **guard.HEADERS}
    writer.write(bytes(Head(("HTTP/1.1", "200", "OK"), tuple(headers.items()))))
    try:
        wrote_at = float("-inf")
        while not gone.done():
            events = await follower.events()
            if not events and time.monotonic() - wrote_at > _PING_SECONDS:
                events = [": still here\n\n"]
            for event in events:
                writer.write(event.encode())
                # Nothing more is read for a browser that does not take what it has got.
                await asyncio.wait_for(writer.drain(), _STALLED_SECONDS)
                wrote_at = time.monotonic()
            await asyncio.wait({gone}, timeout=_PAUSE_SECONDS)
    except TimeoutError as error:
        raise ConnectionAbortedError from error
    finally:
        gone.cancel()


def _changes(before: Moment | None, now: Moment) -> Iterator[str]:
    for name, html in now.parts.items():
        if before is None or before.parts.get(name) != html:
            yield _event("part", {"id": name, "html": html})
    if before is not None:
        changed = [text for name, text in now.states.items() if before.states.get(name) != text]
        if changed:
            yield _event("say", {"text": "; ".join(changed)})
    if now.lines.lines:
        html = rendering.render("lines.html", lines=now.lines.lines)
        # The browser says the number when it asks again.
        yield _event("lines", {"html": html, "anew": now.lines.anew}, identifier=now.lines.last)


def _event(kind: str, data: Mapping[str, object], *, identifier: int | None = None) -> str:
    first = "" if identifier is None else f"id: {identifier}\n"
    return f"{first}event: {kind}\ndata: {json.dumps(data)}\n\n"
