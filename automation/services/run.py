"""`run`: runs a command once, in a task of its own."""

from __future__ import annotations

import secrets
import signal
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from automation.console import say, to_type
from automation.errors import AutomationError
from automation.services.deployed_stack import (
    DeployedService,
    DeployedStack,
    container_option,
    service_option,
)
from automation.services.logs import Line, Log
from automation.stacks.stacks import Stacks
from infra.rollout.clock import REAL, Clock
from infra.rollout.evidence import Answer, task_id, why_stopped
from infra.rollout.run_task import exit_code_of
from infra.settings import overrides

if TYPE_CHECKING:
    from infra.settings import Schedule

_PAUSE_SECONDS: Final = 1.0
_UNKNOWN_SECONDS: Final = 60.0
"""How long ECS may take until it reports a task that it has started."""
_LATE_READS: Final = 4
_LATE_PAUSE_SECONDS: Final = 1.5
"""A container's last lines may reach CloudWatch only after ECS reports its end."""


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("stack")
@service_option
@container_option
@click.option(
    "--schedule", metavar="NAME", help="Run the command of this entry of the service's `schedules`."
)
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def run(
    stacks: Stacks,
    /,
    *,
    stack: str,
    service: str | None,
    container: str | None,
    schedule: str | None,
    command: Sequence[str],
) -> int:
    """Run COMMAND once, in a task like those of a service.

    The task has the same image, role, secrets, network and capacity. Its container's log is printed while it
    runs. Ctrl-C stops the task.
    """
    if bool(command) == bool(schedule):
        raise click.UsageError(
            "give either a COMMAND or --schedule NAME, such as `run STACK -- node migrate.js`"
        )
    found = DeployedStack.of(stacks, stack)
    chosen = found.service(service)
    name = container or chosen.name
    different = (
        overrides(name, command) if schedule is None else _scheduled(found, chosen, schedule).overrides(name)
    )
    task = OneOffTask(found, chosen, different, container=name, show=lambda line: click.echo(line.message))
    code, reason = task.run()
    if code == 0:
        return 0
    ending = "without an exit code" if code is None else f"with exit code {code}"
    say(f"error: `{' '.join(command) or schedule}` ended {ending}: {reason}")
    return 1


def _scheduled(stack: DeployedStack, service: DeployedService, name: str) -> Schedule:
    settings = next((one for one in stack.settings.services if one.name == service.name), None)
    schedules = settings.schedules if settings else {}
    if name not in schedules:
        there = f"there are {', '.join(schedules)}" if schedules else "it has none"
        having = [one.name for one in stack.settings.services if name in one.schedules]
        hint = f"; {having[0]} has it: add `--service {having[0]}`" if having else ""
        raise AutomationError(
            f"{service.name} has no schedule {name!r} in Pulumi.{stack.name}.yaml: {there}{hint}"
        )
    return schedules[name]


@dataclass
class OneOffTask:
    """A task like those of a service, with another command."""

    stack: DeployedStack
    service: DeployedService
    overrides: Mapping[str, Any]
    """The differences, as RunTask takes them."""
    container: str
    """Container whose log and exit code count."""
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
                self.say(f"stopping task {task_id(arn)}")
                ecs.stop_task(cluster=self.service.cluster, task=arn, reason="interrupted by the user")
            raise
        return exit_code_of(task, self.container), why_stopped(task)

    def _start(self, ecs: Any, described: Answer) -> str:
        name = self.service.name
        task_definition = _proven_task_definition(described)
        self.say(f"{name}: starting a task of {task_definition.rpartition('/')[2]}")
        answer = ecs.run_task(
            cluster=self.service.cluster,
            taskDefinition=task_definition,
            **placement_of(described),
            **({"overrides": self.overrides} if self.overrides else {}),
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
        stream = self.service.log_stream(arn, self.container)
        log = Log(self.stack, since, stream=stream, clock=self.clock)
        began, status = self.clock.now(), ""
        while True:
            task = next(iter(ecs.describe_tasks(cluster=self.service.cluster, tasks=[arn])["tasks"]), None)
            if task is None and self.clock.now() - began >= _UNKNOWN_SECONDS:
                raise AutomationError(
                    f"ECS does not know the task {task_id(arn)}: run the command again, or see "
                    f"{to_type('status', self.stack.name)}"
                )
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
    """Delay Ctrl-C until the block ends: a task can be stopped only once its ARN is known."""
    pressed = threading.Event()
    before = signal.signal(signal.SIGINT, lambda _number, _frame: pressed.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed.is_set():
        raise KeyboardInterrupt


def placement_of(described: Answer) -> dict[str, Any]:
    """Return the arguments of RunTask that place a task where a service's tasks run.

    Args:
        described: the service, as ECS answers.
    """
    where: dict[str, Any] = {}
    if strategy := described.get("capacityProviderStrategy"):
        where["capacityProviderStrategy"] = strategy
    else:
        where["launchType"] = described.get("launchType", "FARGATE")
    # Tasks in the network mode host or none have no network configuration.
    for key in ("networkConfiguration", "placementConstraints", "placementStrategy"):
        if described.get(key):
            where[key] = described[key]
    if described.get("enableExecuteCommand"):
        where["enableExecuteCommand"] = True
    newest = max(described["deployments"], key=lambda one: one["status"] == "PRIMARY")
    volumes: list[Answer] = [
        # The volume is deleted with the task, as ECS does by itself for tasks of services.
        {
            **one,
            "managedEBSVolume": {
                **one["managedEBSVolume"],
                "terminationPolicy": {"deleteOnTermination": True},
            },
        }
        for one in newest.get("volumeConfigurations", ())
        if "managedEBSVolume" in one
    ]
    return {**where, "volumeConfigurations": volumes} if volumes else where


def _proven_task_definition(described: Answer) -> str:
    """Return the task definition of most tasks: during a deployment the old one, until the new one is up."""
    most = max(
        described["deployments"], key=lambda one: (one.get("runningCount", 0), one["status"] == "PRIMARY")
    )
    return most["taskDefinition"]
