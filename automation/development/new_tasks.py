"""New tasks in place of those that run, as soon as they can be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from automation.console import to_type
from automation.errors import AutomationError
from automation.services.deployed_stack import DeployedService, DeployedStack
from automation.services.deployments import count_of_tasks
from automation.services.redeploy import ForcedDeployment
from infra.rollout.clock import REAL, Clock

if TYPE_CHECKING:
    from infra.rollout.evidence import Answer

_LONGEST_SECONDS: Final = 90
_QUIET_SECONDS: Final = 5
"""What takes less needs no word."""
_POLL_SECONDS: Final = 0.1


def replace_tasks(
    deployed: DeployedStack,
    services: Iterable[DeployedService],
    say: Callable[[str], None],
    clock: Clock = REAL,
) -> None:
    """Have new tasks in place of those that run, and say what is awaited if that takes long.

    Raises:
        AutomationError: ECS gave the new tasks up, or they take longer than 90 s together.
    """
    started = [ForcedDeployment(deployed, one, clock=clock) for one in services]
    for one in started:
        one.start()
    begun, reported = clock.now(), ""
    for one in started:
        while awaited := _awaited(deployed, one):
            passed = clock.now() - begun
            if passed >= _LONGEST_SECONDS:
                raise _failure(deployed, one, f"after {_LONGEST_SECONDS} s it waits for {awaited}")
            line = f"{one.service.name} waits for {awaited}"
            if passed >= _QUIET_SECONDS and line != reported:
                reported = line
                say(line)
            clock.block(_POLL_SECONDS)


def _awaited(deployed: DeployedStack, redeployment: ForcedDeployment) -> str:
    """Return what a service waits for; empty if its newest tasks run, and no others.

    An earlier deployment that failed stays listed, without tasks, for as long as there is the service.

    Raises:
        AutomationError: ECS gave the new tasks up.
    """
    deployments: Sequence[Answer] = deployed.describe_existing(redeployment.service)["deployments"]
    primary = next(one for one in deployments if one["status"] == "PRIMARY")
    for one in deployments:
        if one["id"] in {redeployment.id, primary["id"]} and one.get("rolloutState") == "FAILED":
            raise _failure(deployed, redeployment, one.get("rolloutStateReason") or "ECS gave them up")
    if primary.get("rolloutState") != "COMPLETED":
        return f"its new tasks: {count_of_tasks(primary['runningCount'], primary['desiredCount'])} running"
    old = sum(one["runningCount"] + one["pendingCount"] for one in deployments if one is not primary)
    return f"the end of {old} old {'task' if old == 1 else 'tasks'}" if old else ""


def _failure(deployed: DeployedStack, redeployment: ForcedDeployment, reason: str) -> AutomationError:
    shows = f"{to_type('status', deployed.name)} shows why"
    return AutomationError(f"{redeployment.service.name} has no new tasks: {reason}; {shows}")
