"""Replaces a service's tasks by new ones, as fast as possible."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from automation.console import say, to_type
from automation.errors import AutomationError
from automation.services.deployed_stack import DeployedService, DeployedStack
from automation.services.deployments import count_of_tasks
from automation.services.redeploy import ForcedDeployment
from infra.rollout.clock import REAL, Clock
from local.live import containers
from local.live.notes import Notes
from local.locks import BusyError, stack_watched

if TYPE_CHECKING:
    from automation.stacks.local import LocalStacks
    from infra.rollout.evidence import Answer

_LONGEST_SECONDS: Final = 90
_QUIET_SECONDS: Final = 5
"""Nothing is printed about what takes less."""
_POLL_SECONDS: Final = 0.1
_STOP_SECONDS: Final = 10


def replace_tasks(
    deployed: DeployedStack,
    services: Iterable[DeployedService],
    say: Callable[[str], None],
    clock: Clock = REAL,
) -> None:
    """Replace the tasks of services; if that takes long, print what it waits for.

    Raises:
        AutomationError: ECS gave the new tasks up, or they take longer than 90 s together.
    """
    deployments = [ForcedDeployment(deployed, service, clock=clock) for service in services]
    for deployment in deployments:
        deployment.start()
    started, reported = clock.now(), ""
    for deployment in deployments:
        while waits_for := _waits_for(deployed, deployment):
            seconds = clock.now() - started
            if seconds >= _LONGEST_SECONDS:
                raise _failure(deployed, deployment, f"after {_LONGEST_SECONDS} s it waits for {waits_for}")
            line = f"{deployment.service.name} waits for {waits_for}"
            if seconds >= _QUIET_SECONDS and line != reported:
                reported = line
                say(line)
            clock.block(_POLL_SECONDS)


def replace_tasks_of_killed_dev(stacks: LocalStacks, stack: str) -> None:
    """Replace tasks that still run from the folder of a `dev` that was killed; a running `dev` keeps its own.

    Raises:
        AutomationError: the new tasks do not run.
        DockerError: no daemon answers.
    """
    notes = Notes.of(stacks.local.folder)
    folder = notes.folder / stack
    if not folder.is_dir():
        return
    try:
        with stack_watched(stacks.local.folder, stack, f"up {stack}"):
            live = [path for path in folder.iterdir() if containers.running(str(path))]
            if live:
                say(f"{stack} has tasks of a `dev` that was killed: they are replaced")
                notes.remove(stack)
                deployed = DeployedStack.of(stacks, stack)
                replace_tasks(deployed, deployed.services.values(), say)
                wait_until_stopped(live)
            shutil.rmtree(folder, ignore_errors=True)
    except BusyError:
        # A `dev` is running.
        return


def wait_until_stopped(folders: Iterable[Path]) -> None:
    """Wait for the end of the containers that run from folders, which ECS no longer lists; at most 10 s."""
    deadline = time.monotonic() + _STOP_SECONDS
    for folder in folders:
        while containers.running(str(folder)) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)


def _waits_for(deployed: DeployedStack, forced: ForcedDeployment) -> str:
    """Return what a service waits for; empty if its newest tasks run, and no others.

    An earlier deployment that failed stays listed, without tasks, as long as the service exists.

    Raises:
        AutomationError: ECS gave the new tasks up.
    """
    deployments: Sequence[Answer] = deployed.describe_existing(forced.service)["deployments"]
    primary = next(deployment for deployment in deployments if deployment["status"] == "PRIMARY")
    for deployment in deployments:
        if deployment["id"] in {forced.id, primary["id"]} and deployment.get("rolloutState") == "FAILED":
            raise _failure(deployed, forced, deployment.get("rolloutStateReason") or "ECS gave them up")
    if primary.get("rolloutState") != "COMPLETED":
        return f"its new tasks: {count_of_tasks(primary['runningCount'], primary['desiredCount'])} running"
    old = sum(
        deployment["runningCount"] + deployment["pendingCount"]
        for deployment in deployments
        if deployment is not primary
    )
    return f"the end of {old} old {'task' if old == 1 else 'tasks'}" if old else ""


def _failure(deployed: DeployedStack, forced: ForcedDeployment, reason: str) -> AutomationError:
    status = to_type("status", deployed.name)
    return AutomationError(f"{forced.service.name} has no new tasks: {reason}; {status} shows why")
