"""`exec`: a command or a shell in a running task, by ECS Exec or in its container on this machine."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click

from automation.console import to_type
from automation.errors import AutomationError
from automation.services.deployed_stack import (
    DeployedService,
    DeployedStack,
    container_option,
    service_option,
)
from automation.services.jobs import tasks_of_family
from automation.stacks.stacks import Stacks
from infra.rollout.aws_clients import session_for
from infra.rollout.evidence import Answer, task_id, tasks_of

if TYPE_CHECKING:
    import boto3

_SHELL: Final = ("/bin/sh",)
_REQUIRED: Final = {
    "aws": "the AWS CLI, version 2: "
    "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
    "session-manager-plugin": "the Session Manager plugin for the AWS CLI: https://docs.aws.amazon.com/"
    "systems-manager/latest/userguide/session-manager-working-with-install-plugin.html",
}
_ADDED_BY_AWS: Final = ("ecs-service-connect-", "aws-guardduty-agent-")
"""Containers that AWS adds to a task have no shell."""
_NOT_INHERITED: Final = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL")


@click.command("exec", context_settings={"ignore_unknown_options": True})
@click.argument("stack")
@service_option
@container_option
@click.option("--task", metavar="ID", help="Id of the task, such as one that a schedule started.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def execute(
    stacks: Stacks,
    /,
    *,
    stack: str,
    service: str | None,
    container: str | None,
    task: str | None,
    command: Sequence[str],
) -> int:
    """Run COMMAND, or a shell, in a running task.

    Without --task it is the service's latest task; if it has none, the latest that a schedule or `run`
    started. On AWS it is ECS Exec, which `execute-command: true` enables; with --local it is `docker exec`.
    """
    deployed = DeployedStack.of(stacks, stack)
    target = Target.of(deployed, deployed.service(service), container=container, task=task)
    if stacks.is_local:
        return 1 if run_on_terminal(docker_exec(target, command or _SHELL), os.environ) else 0
    arguments = ecs_exec(target, command or _SHELL)
    environment = cli_environment(session_for(deployed.settings.provider))
    return 1 if run_on_terminal(arguments, environment) else 0


def run_on_terminal(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a program on this terminal, and return its exit code; Ctrl-C is for the program."""
    # A handler that does nothing: a program started while the signal is ignored would ignore it, too.
    before = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        return subprocess.run(arguments, env=environment, check=False).returncode
    finally:
        signal.signal(signal.SIGINT, before)


@dataclass(frozen=True, kw_only=True)
class Target:
    """A container of a running task."""

    stack: DeployedStack
    service: DeployedService
    task: Answer
    container: str

    @classmethod
    def of(
        cls,
        stack: DeployedStack,
        service: DeployedService,
        *,
        container: str | None = None,
        task: str | None = None,
    ) -> Target:
        """Find a container.

        Args:
            stack: the stack.
            service: the service.
            container: its name; without one the app's.
            task: id of its task; without one the latest.

        Raises:
            AutomationError: no such task runs, or it has no such container.
        """
        found = _running_task(stack, service, task)
        all_names: list[str] = [entry["name"] for entry in found["containers"]]
        names = [name for name in all_names if not name.startswith(_ADDED_BY_AWS)]
        name = container or service.name
        if name not in names:
            raise AutomationError(
                f"task {task_id(found['taskArn'])} has no container {name!r}: there are {', '.join(names)}"
            )
        return cls(stack=stack, service=service, task=found, container=name)


def ecs_exec(target: Target, command: Sequence[str]) -> list[str]:
    """Return the command line that runs a command in a container on AWS.

    Raises:
        AutomationError: ECS Exec is off, or a program is not installed.
    """
    missing = [name for name in _REQUIRED if not shutil.which(name)]
    if missing:
        raise AutomationError(
            "; ".join(f"{name} is not on PATH: install {_REQUIRED[name]}" for name in missing)
        )
    task = target.task
    if not task.get("enableExecuteCommand"):
        raise AutomationError(
            f"ECS Exec is off in task {task_id(task['taskArn'])} of {target.service.name}: set "
            f"`execute-command: true` in Pulumi.{target.stack.name}.yaml and run "
            f"{to_type('up', target.stack.name)}; it is on in tasks that start after that"
        )
    return [
        *("aws", "ecs", "execute-command", "--cluster", target.service.cluster, "--task", task["taskArn"]),
        *("--container", target.container, "--interactive", "--command", shlex.join(command)),
    ]


def docker_exec(target: Target, command: Sequence[str]) -> list[str]:
    """Return the command line that runs a command in a container on this machine.

    Raises:
        AutomationError: the container does not exist any more, or there is no Docker client.
    """
    from local.task_containers import container_of

    arn = target.task["taskArn"]
    container = container_of(arn, target.container)
    if container is None:
        raise AutomationError(
            f"task {task_id(arn)} of {target.service.name} has no container on this machine: "
            f"{to_type('status', target.stack.name)} shows which tasks run"
        )
    if not shutil.which("docker"):
        raise AutomationError("docker is not on PATH: install Docker's command line client")
    terminal = ["--interactive", "--tty"] if sys.stdin.isatty() else ["--interactive"]
    return ["docker", "exec", *terminal, container, *command]


def cli_environment(session: boto3.Session) -> dict[str, str]:
    """Return variables for the AWS CLI with the stack's credentials, instead of the shell's.

    Raises:
        AutomationError: there are no credentials.
    """
    credentials: Any = session.get_credentials()
    if credentials is None:
        raise AutomationError("there are no AWS credentials: `aws sts get-caller-identity` must succeed")
    frozen = credentials.get_frozen_credentials()
    inherited = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
    return {
        **inherited,
        "AWS_REGION": session.region_name,
        "AWS_DEFAULT_REGION": session.region_name,
        "AWS_ACCESS_KEY_ID": frozen.access_key,
        "AWS_SECRET_ACCESS_KEY": frozen.secret_key,
        **({"AWS_SESSION_TOKEN": frozen.token} if frozen.token else {}),
    }


def _running_task(stack: DeployedStack, service: DeployedService, task: str | None) -> Answer:
    ecs = stack.clients.client("ecs")
    if task is not None:
        described = ecs.describe_tasks(cluster=service.cluster, tasks=[task])["tasks"]
        running = [found for found in described if found["lastStatus"] == "RUNNING"]
        if not running:
            raise AutomationError(
                f"no task {task} runs in {stack.name}: {to_type('status', stack.name)} shows what runs"
            )
        return running[0]
    running = list(tasks_of(ecs, service, "RUNNING")) or list(tasks_of_family(ecs, service, "RUNNING"))
    if not running:
        raise AutomationError(f"no task of {service.name} runs: {to_type('status', stack.name)} shows why")
    return max(running, key=lambda found: found.get("startedAt", found["createdAt"]))
