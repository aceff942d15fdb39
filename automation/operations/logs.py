"""What the services of a stack log, in the order in which it happened."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from automation.errors import AutomationError
from infra.rollout.clock import REAL, Clock

if TYPE_CHECKING:
    from automation.operations.place import Place

_PAUSE_SECONDS: Final = 2.0
"""FilterLogEvents may be asked five times a second, by all who ask in an account and region."""

_LATE: Final = timedelta(seconds=60)
"""How much later than others a line may reach CloudWatch and still be seen."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a container."""

    id: str
    at: datetime
    service: str
    task: str
    message: str

    @classmethod
    def of(cls, event: Any) -> Line:
        """Read what CloudWatch answers; streams are named `<service>/<container>/<task>`."""
        service, _, rest = event["logStreamName"].partition("/")
        return cls(
            id=event["eventId"],
            at=datetime.fromtimestamp(event["timestamp"] / 1000, UTC),
            service=service,
            task=rest.rpartition("/")[2],
            message=event["message"].rstrip("\n"),
        )

    def as_text(self, width: int) -> str:
        """Return what a person reads; the message is the container's own."""
        return f"{self.service:<{width}}  {self.message}"

    def as_json(self) -> str:
        """Return one line for a program: a message that is JSON is a part of it, not a text in it."""
        message: Any = self.message
        with suppress(ValueError):
            message = json.loads(self.message)
        document = {
            "time": self.at.isoformat(timespec="milliseconds"),
            "service": self.service,
            "task": self.task,
            "message": message,
        }
        return json.dumps(document, ensure_ascii=False)


class Log:
    """The log of a stack, or of one service, or of one task; it tells each line once."""

    def __init__(
        self,
        place: Place,
        since: datetime,
        *,
        service: str | None = None,
        stream: str | None = None,
        clock: Clock = REAL,
    ) -> None:
        """Prepare to read.

        Args:
            place: the stack.
            since: of what time the first lines are.
            service: whose lines are wanted; None for all.
            stream: the only one that is wanted; one that is not there yet counts as empty.
            clock: by which one waits.
        """
        self._logs = place.clients.get("logs")
        self._group = place.log_group
        self._prefix = f"{service}/" if service is not None else ""
        self._stream = stream
        self._clock = clock
        # CloudWatch counts milliseconds.
        self._since = since.replace(microsecond=since.microsecond // 1000 * 1000)
        self._seen: dict[str, datetime] = {}

    def follow(self) -> Iterator[Line]:
        """Yield lines for ever."""
        while True:
            yield from self.fresh()
            self._clock.block(_PAUSE_SECONDS)

    def fresh(self) -> Iterator[Line]:
        """Yield the lines that were not told before, by time.

        Raises:
            AutomationError: there is no such log.
        """
        latest = self._since
        for line in self._read():
            latest = max(latest, line.at - _LATE)
            if line.id not in self._seen:
                self._seen[line.id] = line.at
                yield line
        self._since = latest
        self._seen = {key: at for key, at in self._seen.items() if at >= latest}

    def _read(self) -> Iterator[Line]:
        arguments: dict[str, Any] = {
            "logGroupName": self._group,
            "startTime": round(self._since.timestamp() * 1000),
        }
        if self._stream is not None:
            arguments["logStreamNames"] = [self._stream]
        elif self._prefix:
            arguments["logStreamNamePrefix"] = self._prefix
        try:
            for page in self._logs.get_paginator("filter_log_events").paginate(**arguments):
                # The emulator answers with the streams of all services.
                yield from (
                    Line.of(event)
                    for event in page["events"]
                    if event["logStreamName"].startswith(self._prefix)
                )
        except self._logs.exceptions.ResourceNotFoundException:
            if self._stream is None:
                raise AutomationError(f"the log group {self._group} is not there (any more)") from None
