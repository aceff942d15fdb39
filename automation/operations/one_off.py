"""A command that runs once, beside a service, in a task of its own."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from automation.errors import AutomationError
from automation.operations.logs import Line, Log
from infra.rollout.clock import REAL, Clock
from infra.rollout.evidence import why_stopped
from infra.rollout.look import task_id
from infra.rollout.one_off import OneOff, OneOffError, OneOffs, exit_code_of

if TYPE_CHECKING:
    from automation.operations.place import Place
    from infra.rollout.look import Answer

_LATE_TRIES: Final = 4
_LATE_PAUSE_SECONDS: Final = 1.5
"""What a container wrote last may reach CloudWatch only after ECS has told that it ended."""

_INTERRUPTED: Final = "interrupted by the person who started it"


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended."""

    task_definition: str
    exit_code: int | None
    """None where the container never ran."""
    reason: str
    """What ECS says of the task's end."""


def run_once(
    place: Place,
    service: str,
    command: Sequence[str],
    *,
    show: Callable[[Line], None],
    say: Callable[[str], None],
    clock: Clock = REAL,
) -> Ended:
    """Run a command in a task like those of a service, and wait for its end; Ctrl-C stops the task.

    Args:
        place: the stack.
        service: what runs: its image, roles, secrets, network and capacity.
        command: what runs instead of the service's own command.
        show: told each line that the container logs.
        say: told what happens.
        clock: by which one waits.

    Raises:
        AutomationError: the service is not there, or its task could not be started.
    """
    run = _Run(place=place, service=service, command=command, show=show, say=say, clock=clock)
    return asyncio.run(run.to_its_end())


@dataclass(kw_only=True)
class _Run:
    place: Place
    service: str
    command: Sequence[str]
    show: Callable[[Line], None]
    say: Callable[[str], None]
    clock: Clock
    log: Log | None = None
    logged: bool = False
    status: str = ""

    async def to_its_end(self) -> Ended:
        task = self._task(self._describe())
        tasks = OneOffs(self.place.clients.get("ecs"), self.clock)
        definition = task.task_definition.rpartition("/")[2]
        self.say(f"{self.service}: starts a task of {definition}")
        # On a thread that Ctrl-C does not end: a task that was asked for has to be known, to be stopped.
        starting = asyncio.create_task(asyncio.to_thread(tasks.start, task))
        try:
            arn = await asyncio.shield(starting)
            self.log = self._log_of(arn)
            ended = await tasks.end_of(task.cluster, arn, look=self._look)
            await self._show_late_lines()
        except asyncio.CancelledError:
            arn = await starting
            self.say(f"stops the task {task_id(arn)}")
            await asyncio.to_thread(tasks.stop, task.cluster, arn, _INTERRUPTED)
            raise
        except OneOffError as error:
            raise AutomationError(f"{self.service}: the task could not be run: {error}") from error
        if ended is None:
            raise AutomationError(f"{self.service}: the task {task_id(arn)} does not end")
        return Ended(
            task_definition=definition,
            exit_code=exit_code_of(ended, self.service),
            reason=why_stopped(ended),
        )

    def _describe(self) -> Answer:
        found = self.place.clients.get("ecs").describe_services(
            cluster=self.place.cluster, services=[self.place.services[self.service]]
        )
        service = next((one for one in found["services"] if one["status"] == "ACTIVE"), None)
        if service is None:
            raise AutomationError(
                f"ECS does not have the service {self.service} any more: "
                f"`python -m automation up {self.place.stack}` makes it again"
            )
        return service

    def _task(self, service: Answer) -> OneOff:
        network = service["networkConfiguration"]["awsvpcConfiguration"]
        return OneOff(
            cluster=self.place.cluster,
            task_definition=_running_task_definition(service),
            container=self.service,
            command=self.command,
            subnets=network["subnets"],
            security_groups=network.get("securityGroups", []),
            assign_public_ip=network.get("assignPublicIp") == "ENABLED",
            started_by=f"run/{self.service}/{secrets.token_hex(4)}",
            capacity_provider_strategy=service.get("capacityProviderStrategy", ()),
        )

    def _log_of(self, arn: str) -> Log:
        stream = f"{self.service}/{self.service}/{task_id(arn)}"
        # By AWS's clock, which may be another than ours; the stream is this task's alone.
        since = self.clock.date() - timedelta(days=1)
        return Log(self.place, since, stream=stream, clock=self.clock)

    def _look(self, task: Answer) -> None:
        if task["lastStatus"] != self.status:
            self.status = task["lastStatus"]
            self.say(f"task {task_id(task['taskArn'])}: {self.status.lower()}")
        self._show_lines()

    async def _show_late_lines(self) -> None:
        for _ in range(_LATE_TRIES):
            await self.clock.sleep(_LATE_PAUSE_SECONDS)
            if not await asyncio.to_thread(self._show_lines) and self.logged:
                return

    def _show_lines(self) -> bool:
        """Show what was logged since the last time, and return whether anything was."""
        lines = list(self.log.fresh()) if self.log else []
        for line in lines:
            self.show(line)
        self.logged = self.logged or bool(lines)
        return bool(lines)


def _running_task_definition(service: Answer) -> str:
    """Return what most of the tasks run: in a deployment that is the version that has proved itself."""
    deployments = service.get("deployments") or [{"taskDefinition": service["taskDefinition"]}]
    return max(deployments, key=lambda one: (one.get("runningCount", 0), one.get("status") == "PRIMARY"))[
        "taskDefinition"
    ]
