"""`run`: a command in a one-off task."""

from __future__ import annotations

import secrets
import signal
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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

    Put `--` before it: `run STACK -- node migrate.js`. The task has the service's image, role, secrets,
    network and capacity. The log of its container is printed while it runs. Ctrl-C stops the task. The exit
    code is 0 if the container's is, else 1.
    """
    if bool(command) == bool(schedule):
        raise click.UsageError(
            "give either a COMMAND or --schedule NAME, such as `run STACK -- node migrate.js`"
        )
    deployed = DeployedStack.of(stacks, stack)
    chosen = deployed.service(service)
    name = container or chosen.name
    task = OneOffTask(
        deployed,
        chosen,
        _schedule(deployed, chosen, schedule).overrides(name) if schedule else overrides(name, command),
        container=name,
        show=lambda line: click.echo(line.message),
    )
    code, reason = task.run()
    if code == 0:
        return 0
    ending = "without an exit code" if code is None else f"with exit code {code}"
    say(f"error: `{' '.join(command) or schedule}` ended {ending}: {reason}")
    return 1


def _schedule(stack: DeployedStack, service: DeployedService, name: str) -> Schedule:
    settings = stack.settings_of_service(service.name)
    schedules = settings.schedules if settings else {}
    if name not in schedules:
        existing = f"there are {', '.join(schedules)}" if schedules else "it has none"
        others = [other.name for other in stack.settings.services if name in other.schedules]
        hint = f"; {others[0]} has it: add `--service {others[0]}`" if others else ""
        raise AutomationError(
            f"{service.name} has no schedule {name!r} in Pulumi.{stack.name}.yaml: {existing}{hint}"
        )
    return schedules[name]


@dataclass
class OneOffTask:
    """A task like those of a service, with another command."""

    stack: DeployedStack
    service: DeployedService
    overrides: Mapping[str, Any]
    """The parameter `overrides` of RunTask."""
    container: str
    """The container whose log is shown and whose exit code is returned."""
    show: Callable[[Line], None]
    """Called with each line of the container's log."""
    say: Callable[[str], None] = say
    clock: Clock = REAL

    def run(self) -> tuple[int | None, str]:
        """Run the task to its end; Ctrl-C stops it.

        Returns:
            The container's exit code, None if it never ran, and why the task stopped.

        Raises:
            AutomationError: ECS does not have the service, it has no such container, or the task could not be
                started.
        """
        ecs = self.stack.clients.client("ecs")
        described = self.stack.describe_existing(self.service)
        arn = ""
        try:
            with _ctrl_c_delayed():
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
        task_definition = _version_of_most_tasks(described)
        definition = ecs.describe_task_definition(taskDefinition=task_definition)["taskDefinition"]
        containers = [container["name"] for container in definition["containerDefinitions"]]
        if self.container not in containers:
            raise AutomationError(
                f"{name} has no container {self.container!r}: there are {', '.join(containers)}"
            )
        self.say(f"{name}: starting a task of {task_definition.rpartition('/')[2]}")
        answer = ecs.run_task(
            cluster=self.service.cluster,
            taskDefinition=task_definition,
            **_placement(described),
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
        """Show the log until the task has stopped; return the task."""
        # A day: AWS's clock may differ from this machine's, and the stream is this task's alone.
        log = Log(
            self.stack,
            self.clock.date() - timedelta(days=1),
            stream=f"{self.service.name}/{self.container}/{task_id(arn)}",
            clock=self.clock,
        )
        started, status, logged = self.clock.now(), "", 0
        while True:
            task = next(iter(ecs.describe_tasks(cluster=self.service.cluster, tasks=[arn])["tasks"]), None)
            if task is not None:
                if task["lastStatus"] != status:
                    status = task["lastStatus"]
                    self.say(f"task {task_id(arn)}: {status.lower()}")
                logged += self._show_new_lines(log)
                if status == "STOPPED":
                    break
            elif self.clock.now() - started >= _UNKNOWN_SECONDS:
                raise AutomationError(
                    f"ECS does not know the task {task_id(arn)}: run the command again, or see "
                    f"{to_type('status', self.stack.name)}"
                )
            self.clock.block(_PAUSE_SECONDS)
        for _ in range(_LATE_READS):
            self.clock.block(_LATE_PAUSE_SECONDS)
            late = self._show_new_lines(log)
            logged += late
            if logged and not late:
                break
        return task

    def _show_new_lines(self, log: Log) -> int:
        lines = list(log.new_lines())
        for line in lines:
            self.show(line)
        return len(lines)


@contextmanager
def _ctrl_c_delayed() -> Generator[None]:
    """Delay Ctrl-C until the block ends: a task can be stopped only once its ARN is known."""
    pressed = threading.Event()
    before = signal.signal(signal.SIGINT, lambda _number, _frame: pressed.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed.is_set():
        raise KeyboardInterrupt


def _placement(service: Answer) -> dict[str, Any]:
    """Return the parameters of RunTask that place a task as ECS places the service's."""
    # Tasks in the network mode host or none have no network configuration.
    keys = (
        *("capacityProviderStrategy", "networkConfiguration", "placementConstraints"),
        *("placementStrategy", "enableExecuteCommand"),
    )
    placement = {key: service[key] for key in keys if service.get(key)}
    if "capacityProviderStrategy" not in placement:
        placement["launchType"] = service.get("launchType", "FARGATE")
    primary = max(service["deployments"], key=lambda deployment: deployment["status"] == "PRIMARY")
    if volumes := [
        # The volume is deleted with the task, which ECS does for tasks of services only.
        {
            **volume,
            "managedEBSVolume": {
                **volume["managedEBSVolume"],
                "terminationPolicy": {"deleteOnTermination": True},
            },
        }
        for volume in primary.get("volumeConfigurations", ())
        if "managedEBSVolume" in volume
    ]:
        placement["volumeConfigurations"] = volumes
    return placement


def _version_of_most_tasks(service: Answer) -> str:
    """Return the task definition of most tasks: during a deployment the old one, until the new one is up."""
    deployment = max(
        service["deployments"],
        key=lambda deployment: (deployment.get("runningCount", 0), deployment["status"] == "PRIMARY"),
    )
    return deployment["taskDefinition"]
