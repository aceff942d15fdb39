"""`exec`: a command or a shell in a running task, by ECS Exec or in its container on this machine."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from automation.errors import AutomationError
from automation.services.deployed_stack import DeployedService, DeployedStack, service_option
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
_USERS_CHOICE: Final = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL")


@click.command("exec", context_settings={"ignore_unknown_options": True})
@click.argument("stack")
@service_option
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def execute(stacks: Stacks, /, *, stack: str, service: str | None, command: Sequence[str]) -> int:
    """Run COMMAND, or a shell, in a running task.

    On AWS this is ECS Exec, which `execute-command: true` turns on; with --local it is `docker exec`.
    """
    found = DeployedStack.of(stacks, stack)
    chosen = found.service(service)
    if stacks.is_local:
        from local.task_containers import container_of

        arguments = docker_exec(found, chosen, command or _SHELL, container_of)
        return 1 if run_here(arguments, os.environ) else 0
    arguments = ecs_exec(found, chosen, command or _SHELL)
    return 1 if run_here(arguments, cli_environment(session_for(found.settings.provider))) else 0


def run_here(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a program on this terminal, and return its exit code; Ctrl-C is for the program."""
    # A handler that does nothing: a program started while the signal is ignored would ignore it too.
    before = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        return subprocess.run(arguments, env=environment, check=False).returncode
    finally:
        signal.signal(signal.SIGINT, before)


def ecs_exec(stack: DeployedStack, service: DeployedService, command: Sequence[str]) -> list[str]:
    """Return the command line that runs a command in a service's latest task on AWS.

    Raises:
        AutomationError: no task runs, ECS Exec is off, or a program is not installed.
    """
    missing = [name for name in _REQUIRED if not shutil.which(name)]
    if missing:
        raise AutomationError(
            "; ".join(f"{name} is not on PATH: install {_REQUIRED[name]}" for name in missing)
        )
    task = _latest_task(stack, service)
    if not task.get("enableExecuteCommand"):
        raise AutomationError(
            f"ECS Exec is off in task {task_id(task['taskArn'])} of {service.name}: set "
            f"`execute-command: true` in Pulumi.{stack.name}.yaml and run `up`; it is on in tasks that start "
            "after that"
        )
    return [
        *("aws", "ecs", "execute-command", "--cluster", service.cluster, "--task", task["taskArn"]),
        *("--container", service.name, "--interactive", "--command", shlex.join(command)),
    ]


def docker_exec(
    stack: DeployedStack,
    service: DeployedService,
    command: Sequence[str],
    find: Callable[[str, str], str | None],
) -> list[str]:
    """Return the command line that runs a command in a service's latest task on this machine.

    `find` returns the id of a container by its task's ARN and its name.

    Raises:
        AutomationError: no task runs, or it has no container.
    """
    arn = _latest_task(stack, service)["taskArn"]
    container = find(arn, service.name)
    if container is None:
        raise AutomationError(
            f"task {task_id(arn)} of {service.name} has no container on this machine (any more): try again"
        )
    if not shutil.which("docker"):
        raise AutomationError("docker is not on PATH: install Docker's command line client")
    terminal = ["--interactive", "--tty"] if sys.stdin.isatty() else ["--interactive"]
    return ["docker", "exec", *terminal, container, *command]


def cli_environment(session: boto3.Session) -> dict[str, str]:
    """Return the variables that give the AWS CLI the stack's credentials, whatever the shell has.

    Raises:
        AutomationError: there are no credentials.
    """
    credentials: Any = session.get_credentials()
    if credentials is None:
        raise AutomationError("there are no AWS credentials: `aws sts get-caller-identity` must succeed")
    frozen = credentials.get_frozen_credentials()
    kept = {name: value for name, value in os.environ.items() if name not in _USERS_CHOICE}
    return {
        **kept,
        "AWS_REGION": session.region_name,
        "AWS_DEFAULT_REGION": session.region_name,
        "AWS_ACCESS_KEY_ID": frozen.access_key,
        "AWS_SECRET_ACCESS_KEY": frozen.secret_key,
        **({"AWS_SESSION_TOKEN": frozen.token} if frozen.token else {}),
    }


def _latest_task(stack: DeployedStack, service: DeployedService) -> Answer:
    running = list(tasks_of(stack.clients.client("ecs"), service, "RUNNING"))
    if not running:
        raise AutomationError(f"no task of {service.name} runs: `status {stack.name}` shows why")
    return max(running, key=lambda task: task.get("startedAt", task["createdAt"]))
