"""`run`: a command that runs once, in a task of its own."""

from __future__ import annotations

import secrets
import signal
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import click

from automation.console import say
from automation.errors import AutomationError
from automation.services.deployed_stack import DeployedService, DeployedStack, service_option
from automation.services.logs import Line, Log
from automation.stacks.stacks import Stacks
from infra.rollout.clock import REAL, Clock
from infra.rollout.evidence import Answer, task_id, why_stopped
from infra.rollout.run_task import exit_code_of

_PAUSE_SECONDS: Final = 1.0
_UNKNOWN_SECONDS: Final = 60.0
"""How long ECS may take to know a task that it has started."""
_LATE_READS: Final = 4
_LATE_PAUSE_SECONDS: Final = 1.5
"""A container's last lines may reach CloudWatch only after ECS reports its end."""


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("stack")
@service_option
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_obj
def run(stacks: Stacks, /, *, stack: str, service: str | None, command: Sequence[str]) -> int:
    """Run COMMAND once, in a task like those of a service.

    It has the same image, role, secrets and network. The container's log is printed while it runs. Ctrl-C
    stops the task.
    """
    found = DeployedStack.of(stacks, stack)
    task = OneOffTask(found, found.service(service), command, show=lambda line: click.echo(line.message))
    code, reason = task.run()
    if code == 0:
        return 0
    ending = "without an exit code" if code is None else f"with exit code {code}"
    say(f"error: `{' '.join(command)}` ended {ending}: {reason}")
    return 1


@dataclass
class OneOffTask:
    """A task like those of a service, but for its command."""

    stack: DeployedStack
    service: DeployedService
    command: Sequence[str]
    show: Callable[[Line], None]
    """Called with each line of the container's log."""
    say: Callable[[str], None] = say
    clock: Clock = REAL
    _logged: bool = field(default=False, init=False)

    def run(self) -> tuple[int | None, str]:
        """Run the task to its end; Ctrl-C stops it.

        Returns:
            The container's exit code, None if it never ran, and why the task stopped.

        Raises:
            AutomationError: the service does not exist, or the task could not be started.
        """
        ecs = self.stack.clients.client("ecs")
        described = self.stack.describe_existing(self.service)
        arn = ""
        try:
            with _ctrl_c_later():
                arn = self._start(ecs, described)
            task = self._wait(ecs, arn)
        except KeyboardInterrupt:
            if arn:
                self.say(f"stops the task {task_id(arn)}")
                ecs.stop_task(cluster=self.service.cluster, task=arn, reason="interrupted by the user")
            raise
        return exit_code_of(task, self.service.name), why_stopped(task)

    def _start(self, ecs: Any, described: Answer) -> str:
        name, strategy = self.service.name, described.get("capacityProviderStrategy")
        task_definition = _proven_task_definition(described)
        self.say(f"{name}: starts a task of {task_definition.rpartition('/')[2]}")
        answer = ecs.run_task(
            cluster=self.service.cluster,
            taskDefinition=task_definition,
            **({"capacityProviderStrategy": strategy} if strategy else {"launchType": "FARGATE"}),
            networkConfiguration=described["networkConfiguration"],
            overrides={"containerOverrides": [{"name": name, "command": list(self.command)}]},
            startedBy=f"run/{name}/{secrets.token_hex(4)}",
            enableECSManagedTags=True,
            propagateTags="TASK_DEFINITION",
        )
        if not answer["tasks"]:
            reasons = "; ".join(failure.get("reason", "") for failure in answer["failures"])
            raise AutomationError(f"{name}: the task could not be started: {reasons}")
        return answer["tasks"][0]["taskArn"]

    def _wait(self, ecs: Any, arn: str) -> Answer:
        # By AWS's clock, which may differ from ours; the stream is this task's alone.
        since = self.clock.date() - timedelta(days=1)
        log = Log(self.stack, since, stream=self.service.log_stream(arn), clock=self.clock)
        began, status = self.clock.now(), ""
        while True:
            task = next(iter(ecs.describe_tasks(cluster=self.service.cluster, tasks=[arn])["tasks"]), None)
            if task is None and self.clock.now() - began >= _UNKNOWN_SECONDS:
                raise AutomationError(f"ECS does not know the task {task_id(arn)}")
            if task is not None:
                if task["lastStatus"] != status:
                    status = task["lastStatus"]
                    self.say(f"task {task_id(arn)}: {status.lower()}")
                self._show_lines(log)
                if status == "STOPPED":
                    break
            self.clock.block(_PAUSE_SECONDS)
        for _ in range(_LATE_READS):
            self.clock.block(_LATE_PAUSE_SECONDS)
            if not self._show_lines(log) and self._logged:
                break
        return task

    def _show_lines(self, log: Log) -> bool:
        """Show the new lines, and return whether there were any."""
        lines = list(log.new_lines())
        for line in lines:
            self.show(line)
        self._logged = self._logged or bool(lines)
        return bool(lines)


@contextmanager
def _ctrl_c_later() -> Generator[None]:
    """Hold Ctrl-C back until the end: a task has to be known to be stopped."""
    pressed = threading.Event()
    before = signal.signal(signal.SIGINT, lambda _number, _frame: pressed.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed.is_set():
        raise KeyboardInterrupt


def _proven_task_definition(described: Answer) -> str:
    """Return what most tasks run: during a deployment the version before, until the new one runs too."""
    most = max(
        described["deployments"], key=lambda one: (one.get("runningCount", 0), one["status"] == "PRIMARY")
    )
    return most["taskDefinition"]
