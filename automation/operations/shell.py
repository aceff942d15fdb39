"""A command, or a shell, in a task that runs: by ECS Exec, or in its container on this machine."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from automation.errors import AutomationError
from infra.rollout.look import task_id

if TYPE_CHECKING:
    import boto3

    from automation.operations.place import Place
    from infra.rollout.look import Answer

SHELL: Final = ("/bin/sh",)

_NEEDED: Final = {
    "aws": "the AWS CLI, version 2: "
    "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
    "session-manager-plugin": "the Session Manager plugin for the AWS CLI: https://docs.aws.amazon.com/"
    "systems-manager/latest/userguide/session-manager-working-with-install-plugin.html",
}
_DESCRIBED_AT_ONCE: Final = 100
_USERS_CHOICE: Final = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL")


@dataclass(frozen=True)
class Invocation:
    """A program to run in the foreground."""

    arguments: Sequence[str]
    environment: Mapping[str, str]

    def run(self) -> int:
        """Run it at this terminal, and return its exit code; Ctrl-C is for it to hear, not for us."""
        # A handler that does nothing, for to ignore the signal would be handed on to the program.
        before = signal.signal(signal.SIGINT, lambda _number, _frame: None)
        try:
            return subprocess.run(list(self.arguments), env=dict(self.environment), check=False).returncode
        finally:
            signal.signal(signal.SIGINT, before)


def by_ecs_exec(
    place: Place, service: str, command: Sequence[str], session: boto3.Session, region: str
) -> Invocation:
    """Return what runs a command in a service's task on AWS.

    Args:
        place: the stack.
        service: of which a task is taken.
        command: what runs.
        session: whose credentials the AWS CLI gets: those that the stack's settings lead to.
        region: the stack's.

    Raises:
        AutomationError: no task runs, ECS Exec is off, or something has to be installed first.
    """
    missing = [
        f"{name} is not on PATH: install {how}" for name, how in _NEEDED.items() if not shutil.which(name)
    ]
    if missing:
        raise AutomationError("; ".join(missing))
    task = _latest_task(place, service)
    if not task.get("enableExecuteCommand"):
        raise AutomationError(
            f"ECS Exec is off in task {task_id(task['taskArn'])} of {service}: set `execute-command: true` "
            f"in Pulumi.{place.stack}.yaml and bring the stack up; tasks that start from then on have it"
        )
    arguments = [
        "aws",
        "ecs",
        "execute-command",
        "--cluster",
        place.cluster,
        "--task",
        task["taskArn"],
        "--container",
        service,
        "--interactive",
        "--command",
        shlex.join(command),
    ]
    return Invocation(arguments, _environment(session, region))


def in_container(
    place: Place, service: str, command: Sequence[str], find: Callable[[str, str], str | None]
) -> Invocation:
    """Return what runs a command in a service's task on this machine.

    Args:
        place: the stack.
        service: of which a task is taken.
        command: what runs.
        find: returns the id of a task's container.

    Raises:
        AutomationError: no task runs, or it has no container.
    """
    arn = _latest_task(place, service)["taskArn"]
    container = find(arn, service)
    if container is None:
        raise AutomationError(
            f"task {task_id(arn)} of {service} has no container on this machine (any more): try again"
        )
    if not shutil.which("docker"):
        raise AutomationError("docker is not on PATH: install Docker's command line client")
    terminal = ["--interactive", "--tty"] if sys.stdin.isatty() else ["--interactive"]
    return Invocation(["docker", "exec", *terminal, container, *command], os.environ)


def _latest_task(place: Place, service: str) -> Answer:
    ecs = place.clients.get("ecs")
    pages = ecs.get_paginator("list_tasks").paginate(
        cluster=place.cluster, serviceName=place.services[service], desiredStatus="RUNNING"
    )
    arns = [arn for page in pages for arn in page["taskArns"]][:_DESCRIBED_AT_ONCE]
    running: list[Answer] = []
    if arns:
        tasks = ecs.describe_tasks(cluster=place.cluster, tasks=arns)["tasks"]
        running = [task for task in tasks if task["lastStatus"] == "RUNNING"]
    if not running:
        raise AutomationError(
            f"no task of {service} runs: `python -m automation status {place.stack}` tells more"
        )
    return max(running, key=lambda task: task.get("startedAt", task["createdAt"]))


def _environment(session: boto3.Session, region: str) -> dict[str, str]:
    """Return what the AWS CLI needs to be who the stack's settings say, whatever the shell says."""
    credentials: Any = session.get_credentials()
    if credentials is None:
        raise AutomationError("there are no AWS credentials: `aws sts get-caller-identity` has to answer")
    frozen = credentials.get_frozen_credentials()
    kept = {name: value for name, value in os.environ.items() if name not in _USERS_CHOICE}
    return {
        **kept,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": frozen.access_key,
        "AWS_SECRET_ACCESS_KEY": frozen.secret_key,
        **({"AWS_SESSION_TOKEN": frozen.token} if frozen.token else {}),
    }
