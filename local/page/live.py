"""Live updates of an open page, as server-sent events."""

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
class Snapshot:
    """The content of an open page."""

    parts: Mapping[str, str]
    """HTML by the id of its element."""
    states: Mapping[str, str]
    """State of each service, which a screen reader reads out when it changes."""
    lines: Lines
    """Log lines since the previous snapshot."""


async def follow(
    reader: StreamReader,
    writer: StreamWriter,
    read: Callable[[int], Awaitable[Snapshot]],
    *,
    after: int,
) -> None:
    """Send changes until the browser disconnects, or reading fails.

    `read` returns the page with the log lines after a number; `after` is the last that the browser has.

    Raises:
        OSError: the browser disconnected, or accepts no data for half a minute.
    """
    disconnected = asyncio.create_task(connections.discard(reader))
    headers = {"Content-Type": "text/event-stream; charset=utf-8", "Connection": "close", **guard.HEADERS}
    writer.write(bytes(Head(("HTTP/1.1", "200", "OK"), tuple(headers.items()))))
    previous: Snapshot | None = None
    sent_at = float("-inf")
    try:
        while not disconnected.done():
            current = await read(after)
            events = [*changes(previous, current)]
            previous, after = current, current.lines.last
            if not events and time.monotonic() - sent_at > _PING_SECONDS:
                events = [": ping\n\n"]
            for event in events:
                writer.write(event.encode())
                # No further reads for a browser that does not accept the previous data.
                await asyncio.wait_for(writer.drain(), _STALLED_SECONDS)
                sent_at = time.monotonic()
            await asyncio.wait({disconnected}, timeout=_PAUSE_SECONDS)
    except TimeoutError as error:
        raise ConnectionAbortedError from error
    finally:
        disconnected.cancel()


def changes(previous: Snapshot | None, current: Snapshot) -> Iterator[str]:
    """Yield the events that turn the previous content of a page into the current one."""
    for name, html in current.parts.items():
        if previous is None or previous.parts.get(name) != html:
            yield _event("part", {"id": name, "html": html})
    if previous is not None:
        changed = [text for name, text in current.states.items() if previous.states.get(name) != text]
        if changed:
            yield _event("say", {"text": "; ".join(changed)})
    if current.lines.lines:
        html = rendering.render("lines.html", lines=current.lines.lines)
        # The browser sends this number when it reconnects.
        yield _event("lines", {"html": html, "reset": current.lines.reset}, identifier=current.lines.last)


def _event(kind: str, data: Mapping[str, object], *, identifier: int | None = None) -> str:
    first = "" if identifier is None else f"id: {identifier}\n"
    return f"{first}event: {kind}\ndata: {json.dumps(data)}\n\n"
