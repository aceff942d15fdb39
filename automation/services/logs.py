"""`logs`: the log lines of a stack's containers, by time."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import click

from automation.console import say, to_type
from automation.errors import AutomationError
from automation.services.deployed_stack import DeployedService, DeployedStack
from automation.stacks.stacks import Stacks
from infra.rollout.clock import REAL, Clock

_INTERRUPTED: Final = 130
_PAUSE_SECONDS: Final = 2.0
"""FilterLogEvents allows five requests a second for an account and region."""
_LATE: Final = timedelta(seconds=60)
"""How much later than others a line may reach CloudWatch and still be printed."""
_DURATION: Final = re.compile(r"([0-9]{1,9})([smhd])")
_LONGEST: Final = timedelta(days=3653)
"""The longest retention of a log group, except for ever: PutRetentionPolicy in CloudWatch Logs."""
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration(_: click.Context, __: click.Parameter, text: str) -> timedelta:
    """Parse a duration such as 10m.

    Raises:
        click.BadParameter: the text is not a duration, or longer than ten years.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise click.BadParameter(f"{text!r} is not a number followed by s, m, h or d, such as 10m")
    since = timedelta(**{_UNITS[match[2]]: int(match[1])})
    if since > _LONGEST:
        raise click.BadParameter(f"{text!r} is longer than {_LONGEST.days}d, for which CloudWatch keeps logs")
    return since


@click.command
@click.argument("stack")
@click.option("--service", metavar="NAME", help="Only this service.")
@click.option("--container", metavar="NAME", help="Only this container, such as a sidecar.")
@click.option(
    "--since",
    callback=duration,
    default="10m",
    show_default=True,
    metavar="TIME",
    help="Start this long ago: 30s, 10m, 2h or 1d.",
)
@click.option("--follow", "-f", is_flag=True, help="Print new lines until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print each line as a JSON document.")
@click.pass_obj
def logs(
    stacks: Stacks,
    /,
    *,
    stack: str,
    service: str | None,
    container: str | None,
    since: timedelta,
    follow: bool,
    as_json: bool,
) -> int:
    """Print the logs of a stack's services, by time."""
    # It may run for days.
    gc.enable()
    deployed = DeployedStack.of(stacks, stack)
    services = [deployed.service(service)] if service else list(deployed.services.values())
    if container is not None:
        _warn_if_unknown(container, deployed, services)
    log = Log(deployed, REAL.date() - since, service=service, container=container)
    width = max(map(len, deployed.services))
    try:
        for line in log.follow() if follow else log.new_lines():
            click.echo(line.as_json() if as_json else line.as_text(width))
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0


def _warn_if_unknown(container: str, stack: DeployedStack, services: Iterable[DeployedService]) -> None:
    """Warn that no task has a container of this name now; a stopped task may have had one."""
    ecs = stack.clients.client("ecs")
    names: set[str] = set()
    for service in services:
        described = ecs.describe_task_definition(taskDefinition=service.task_definition)["taskDefinition"]
        names |= {definition["name"] for definition in described["containerDefinitions"]}
    if container not in names:
        say(f"no task has a container {container!r} now: there are {', '.join(sorted(names))}")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a container."""

    id: str
    at: datetime
    service: str
    container: str
    """Its name; an app's container has the name of its service."""
    task: str
    message: str

    @classmethod
    def of(cls, event: Any) -> Line:
        """Convert an event of CloudWatch; streams are named `<service>/<container>/<task>`."""
        service, _, rest = event["logStreamName"].partition("/")
        container, _, task = rest.rpartition("/")
        return cls(
            id=event["eventId"],
            at=datetime.fromtimestamp(event["timestamp"] / 1000, UTC),
            service=service,
            container=container,
            task=task,
            message=event["message"].rstrip("\n"),
        )

    def as_text(self, width: int) -> str:
        """Return the line for people: source and message."""
        source = self.service if self.container == self.service else f"{self.service}/{self.container}"
        return f"{source:<{width}}  {self.message}"

    def as_json(self) -> str:
        """Return the line for programs; a message that is JSON becomes part of the document."""
        message: Any = self.message
        with suppress(ValueError):
            message = json.loads(self.message)
        document = {
            "time": self.at.isoformat(timespec="milliseconds"),
            "service": self.service,
            "container": self.container,
            "task": self.task,
            "message": message,
        }
        return json.dumps(document, ensure_ascii=False)


class Log:
    """The log of a stack, a service or a task; each line is yielded once."""

    def __init__(
        self,
        stack: DeployedStack,
        since: datetime,
        *,
        service: str | None = None,
        container: str | None = None,
        stream: str | None = None,
        clock: Clock = REAL,
    ) -> None:
        """Prepare to read.

        Args:
            stack: the stack.
            since: the earliest time of a line.
            service: the only service; None for all.
            container: the only container; None for all.
            stream: the only log stream; one that does not exist yet is empty.
            clock: the clock.

        Raises:
            AutomationError: the stack has no log group yet.
        """
        if not stack.log_group:
            raise AutomationError(
                f"{stack.name} has no log group: its last update failed before it created one; "
                f"{to_type('up', stack.name)} continues it"
            )
        self._logs = stack.clients.client("logs")
        self._stack_name, self._group = stack.name, stack.log_group
        self._prefix = f"{service}/" if service is not None else ""
        self._container = container
        self._stream = stream
        self._clock = clock
        # CloudWatch counts milliseconds.
        self._since = since.replace(microsecond=since.microsecond // 1000 * 1000)
        self._seen: dict[str, datetime] = {}

    def follow(self) -> Iterator[Line]:
        """Yield lines without end."""
        while True:
            yield from self.new_lines()
            self._clock.block(_PAUSE_SECONDS)

    def new_lines(self) -> Iterator[Line]:
        """Yield the lines that were not yielded before, by time.

        Raises:
            AutomationError: the log group does not exist.
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
        request: dict[str, Any] = {
            "logGroupName": self._group,
            "startTime": round(self._since.timestamp() * 1000),
        }
        if self._stream is not None:
            request["logStreamNames"] = [self._stream]
        elif self._prefix:
            request["logStreamNamePrefix"] = self._prefix
        try:
            for page in self._logs.get_paginator("filter_log_events").paginate(**request):
                # The emulator ignores the prefix.
                lines = (
                    Line.of(event)
                    for event in page["events"]
                    if event["logStreamName"].startswith(self._prefix)
                )
                yield from (line for line in lines if self._container in (None, line.container))
        except self._logs.exceptions.ResourceNotFoundException:
            if self._stream is None:
                raise AutomationError(
                    f"the log group {self._group} does not exist any more: "
                    f"{to_type('up --refresh', self._stack_name)} creates it again"
                ) from None
