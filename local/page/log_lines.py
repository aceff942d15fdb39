"""Log lines of a stack, a service or a task, read once for all open pages."""

from __future__ import annotations

import json
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from local.resources.cloud import Cloud

KEPT: Final = 300
"""Number of lines that a new or slow reader gets."""
_MOST_EVENTS: Final = 10_000
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html"""
_STREAMS: Final = 50
"""The streams with the latest events: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.html"""
_SETTLED_MILLISECONDS: Final = 2000
"""Time after which a read is certain to have returned an ingested event."""
_STALE_MILLISECONDS: Final = 30_000
_LONGEST: Final = 4000
_LONG_VALUE: Final = 16
"""Number of characters from which a value, such as the id of a request, is shown after the others."""
_INVISIBLE: Final = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_MESSAGE_KEYS: Final = ("msg", "message")
_LEVEL_KEYS: Final = ("level", "severity")
_TIME_KEYS: Final = frozenset({"time", "timestamp", "ts", "@timestamp"})
_PINO_LEVELS: Final = {10: "trace", 20: "debug", 30: "info", 40: "warn", 50: "error", 60: "fatal"}
_KINDS: Final = {"error": "bad", "fatal": "bad", "critical": "bad", "warn": "warn", "warning": "warn"}
_ERROR: Final = re.compile(
    r"^\s*(?:Uncaught\s|Unhandled\s)?(?:\w*(?:Error|Exception|FATAL)\b(?: \[\w+\])?:|npm err!)",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A log line of a container."""

    number: int
    """Its number, counted from the first line that was read."""
    at: datetime
    stack: str
    service: str
    container: str
    task: str
    text: str
    fields: Sequence[tuple[str, str]] = ()
    """The fields of a line in JSON, without its message."""
    kind: str = ""
    """`bad` or `warn`, by its level; else empty."""

    @property
    def source(self) -> str:
        """Service and, for a sidecar, container."""
        return self.service if self.container == self.service else f"{self.service}/{self.container}"


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Lines after a given one."""

    lines: Sequence[Line]
    last: int = 0
    """Number of the last line."""
    reset: bool = False
    """Whether lines between are missing: there were too many, or another server counted."""


class LogTail:
    """The latest lines of some log groups, or of one service or task in them."""

    def __init__(
        self, cloud: Cloud, groups: Callable[[], Mapping[str, str]], *, service: str = "", task: str = ""
    ) -> None:
        """`groups` returns the stack of each log group; an empty `service` or `task` stands for all."""
        self._cloud = cloud
        self._groups = groups
        self._service = service
        self._task = task
        self._lines: deque[Line] = deque(maxlen=KEPT)
        self._count = 0
        self._positions: dict[tuple[str, str], tuple[str, float]] = {}
        """Token and time of the latest read, in milliseconds, by group and stream."""
        self._read_at = 0.0

    def after(self, number: int) -> Lines:
        """Return the lines after the one with this number; 0 for all that are kept."""
        first = self._count - len(self._lines) + 1
        reset = number > self._count or number < first - 1
        lines = [line for line in self._lines if reset or line.number > number]
        return Lines(lines=lines, last=self._count, reset=reset)

    def read(self) -> LogTail:
        """Read new lines, and return this object."""
        now = time.time() * 1000
        if self._positions and now - self._read_at > _STALE_MILLISECONDS:
            # No page was open for a while: only the latest lines are read, and the gap makes `reset` true.
            self._positions.clear()
            self._lines.clear()
            self._count += 1
        self._read_at = now
        events = [
            (event, stack)
            for group, stack in self._groups().items()
            for event in self._new_events(group, now)
        ]
        events.sort(key=lambda pair: int(pair[0]["timestamp"]))
        self._count += len(events)
        first = self._count - len(events[-KEPT:]) + 1
        for number, (event, stack) in enumerate(events[-KEPT:], first):
            self._lines.append(line_of(event, number, stack=stack))
        return self

    def _new_events(self, group: str, now: float) -> Iterator[Mapping[str, Any]]:
        logs = self._cloud.client("logs")
        try:
            streams = logs.describe_log_streams(
                logGroupName=group, orderBy="LastEventTime", descending=True, limit=_STREAMS
            )["logStreams"]
            for stream in filter(self._matches, streams):
                name = stream["logStreamName"]
                token, read_at = self._positions.get((group, name), ("", 0.0))
                if token and read_at > int(stream.get("lastIngestionTime", 0)) + _SETTLED_MILLISECONDS:
                    continue
                where = {"nextToken": token, "limit": _MOST_EVENTS} if token else {"limit": KEPT}
                page = logs.get_log_events(
                    logGroupName=group, logStreamName=name, startFromHead=bool(token), **where
                )
                self._positions[group, name] = page["nextForwardToken"], now
                yield from ({**event, "logStreamName": name} for event in page["events"])
        except logs.exceptions.ResourceNotFoundException:
            # The stack has been deleted.
            return

    def _matches(self, stream: Mapping[str, Any]) -> bool:
        service, _, rest = str(stream["logStreamName"]).partition("/")
        return self._service in {"", service} and self._task in {"", rest.rpartition("/")[2]}


def line_of(event: Mapping[str, Any], number: int, *, stack: str) -> Line:
    """Return a line from CloudWatch's event; streams are named `<service>/<container>/<task>`."""
    service, _, rest = str(event["logStreamName"]).partition("/")
    container, _, task = rest.rpartition("/")
    message = _INVISIBLE.sub("", str(event["message"]).rstrip("\n"))
    text, level, fields = _parsed(message, {service, stack})
    return Line(
        number=number,
        stack=stack,
        at=datetime.fromtimestamp(event["timestamp"] / 1000, UTC),
        service=service,
        container=container,
        task=task,
        text=text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…",
        fields=fields,
        kind=_KINDS.get(level, "") or ("bad" if _ERROR.match(text) else ""),
    )


def _parsed(message: str, known: set[str]) -> tuple[str, str, Sequence[tuple[str, str]]]:
    """Return text, level and fields of a line; a line that is not JSON with a message is all text."""
    try:
        is_short = len(message) <= _LONGEST
        record: dict[str, Any] = json.loads(message) if is_short and message.startswith("{") else {}
    except (ValueError, RecursionError):
        record = {}
    key = next((key for key in _MESSAGE_KEYS if isinstance(record.get(key), str)), None)
    if key is None:
        return message, "", ()
    level: Any = next((record[name] for name in _LEVEL_KEYS if name in record), "")
    level = _PINO_LEVELS.get(level, "") if isinstance(level, int) else str(level).lower()
    fields: dict[str, str] = {}
    for name, value in record.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        # The service is shown beside the line, and each value only once.
        if name not in {key, *_LEVEL_KEYS, *_TIME_KEYS} and text not in {*known, *fields.values()}:
            fields[name] = text
    shown = [(name, _INVISIBLE.sub("", value)) for name, value in fields.items()]
    return (
        _INVISIBLE.sub("", record[key]),
        level,
        sorted(shown, key=lambda field: len(field[1]) >= _LONG_VALUE),
    )
