"""`run`: a command that runs once, in a task of its own."""

from __future__ import annotations

import secrets
import signal
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from automation.clock import REAL, Clock
from automation.console import say
from automation.errors import AutomationError
from automation.services.deployed_stack import DeployedStack, service_option
from automation.services.deployments import stopped_reason, task_id
from automation.services.logs import Log

if TYPE_CHECKING:
    from automation.aws import Answer
    from automation.services.deployed_stack import DeployedService
    from automation.services.logs import Line
    from automation.stacks.stacks import Stacks

_PAUSE_SECONDS: Final = 1.0
_UNKNOWN_SECONDS: Final = 60.0
"""How long ECS may take to know a task that it has started."""
_LATE_READS: Final = 4
_LATE_PAUSE_SECONDS: Final = 1.5
"""A container's last lines may reach CloudWatch only after ECS reports its end."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended."""

    task_definition: str
    """Family and revision."""
    exit_code: int | None
    """None where the container never ran."""
    reason: str
    """Why the task stopped, as ECS reports it."""


@click.command(
    short_help="Run a command once, in a task of its own.", context_settings={"ignore_unknown_options": True}
)
@click.argument("stack")
@service_option
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_obj
def run(stacks: Stacks, /, *, stack: str, service: str | None, command: Sequence[str]) -> int:
    """Run COMMAND once in a task like those of a service: the same image, role, secrets and network.

    The container's log is printed while it runs. Ctrl-C stops the task.
    """
    found = DeployedStack.of(stacks, stack)
    ended = run_once(
        found, found.service(service), command, show=lambda line: click.echo(line.message), say=say
    )
    if ended.exit_code == 0:
        return 0
    code = "without an exit code" if ended.exit_code is None else f"with exit code {ended.exit_code}"
    say(f"error: `{' '.join(command)}` ended {code}: {ended.reason}")
    return 1


def run_once(
    stack: DeployedStack,
    service: DeployedService,
    command: Sequence[str],
    *,
    show: Callable[[Line], None],
    say: Callable[[str], None],
    clock: Clock = REAL,
) -> Ended:
    """Run a command in a task like those of a service, and wait for its end; Ctrl-C stops the task.

    Args:
        stack: the service's.
        service: gives image, roles, secrets, network and capacity.
        command: replaces the service's own.
        show: called with each line of the container's log.
        say: called with each state of the task.
        clock: the time.

    Raises:
        AutomationError: the service does not exist, or its task could not be started.
    """
    described = stack.describe(service)
    if described is None:
        raise AutomationError(
            f"ECS does not have the service {service.name} any more: "
            f"`python -m automation up --refresh {stack.name}` creates it again"
        )
    ecs = stack.clients.client("ecs")
    task_definition = _proven_task_definition(described)
    say(f"{service.name}: starts a task of {task_definition.rpartition('/')[2]}")
    arn = ""
    try:
        with _ctrl_c_later():
            arn = _start(ecs, service, described, task_definition, command)
        # By AWS's clock, which may differ from ours; the stream is this task's alone.
        stream = f"{service.name}/{service.name}/{task_id(arn)}"
        log = Log(stack, clock.date() - timedelta(days=1), stream=stream, clock=clock)
        task = _Follower(ecs, log, show, say, clock).to_the_end_of(arn, service.cluster)
    except KeyboardInterrupt:
        if arn:
            say(f"stops the task {task_id(arn)}")
            ecs.stop_task(cluster=service.cluster, task=arn, reason="interrupted by the user")
        raise
    return Ended(
        task_definition=task_definition.rpartition("/")[2],
        exit_code=next(
            (one.get("exitCode") for one in task["containers"] if one["name"] == service.name), None
        ),
        reason=stopped_reason(task),
    )


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


def _start(
    ecs: Any, service: DeployedService, described: Answer, task_definition: str, command: Sequence[str]
) -> str:
    strategy = described.get("capacityProviderStrategy")
    answer = ecs.run_task(
        cluster=service.cluster,
        taskDefinition=task_definition,
        **({"capacityProviderStrategy": strategy} if strategy else {"launchType": "FARGATE"}),
        networkConfiguration=described["networkConfiguration"],
        overrides={"containerOverrides": [{"name": service.name, "command": list(command)}]},
        startedBy=f"run/{service.name}/{secrets.token_hex(4)}",
        enableECSManagedTags=True,
        propagateTags="TASK_DEFINITION",
    )
    if not answer["tasks"]:
        reasons = "; ".join(failure.get("reason", "") for failure in answer["failures"])
        raise AutomationError(f"{service.name}: the task could not be started: {reasons}")
    return answer["tasks"][0]["taskArn"]


def _proven_task_definition(described: Answer) -> str:
    """Return what most tasks run: during a deployment the version before, until the new one runs too."""
    deployments = described.get("deployments") or [{"taskDefinition": described["taskDefinition"]}]
    return max(deployments, key=lambda one: (one.get("runningCount", 0), one.get("status") == "PRIMARY"))[
        "taskDefinition"
    ]


@dataclass
class _Follower:
    ecs: Any
    log: Log
    show: Callable[[Line], None]
    say: Callable[[str], None]
    clock: Clock
    logged: bool = False

    def to_the_end_of(self, arn: str, cluster: str) -> Answer:
        began, status = self.clock.now(), ""
        while True:
            task = next(iter(self.ecs.describe_tasks(cluster=cluster, tasks=[arn])["tasks"]), None)
            if task is None and self.clock.now() - began >= _UNKNOWN_SECONDS:
                raise AutomationError(f"ECS does not know the task {task_id(arn)}")
            if task is not None:
                if task["lastStatus"] != status:
                    status = task["lastStatus"]
                    self.say(f"task {task_id(arn)}: {status.lower()}")
                self._show_lines()
                if status == "STOPPED":
                    self._show_late_lines()
                    return task
            self.clock.sleep(_PAUSE_SECONDS)

    def _show_late_lines(self) -> None:
        for _ in range(_LATE_READS):
            self.clock.sleep(_LATE_PAUSE_SECONDS)
            if not self._show_lines() and self.logged:
                return

    def _show_lines(self) -> bool:
        """Show the new lines, and return whether there were any."""
        lines = list(self.log.new_lines())
        for line in lines:
            self.show(line)
        self.logged = self.logged or bool(lines)
        return bool(lines)
