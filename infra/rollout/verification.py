"""Checks every service at the end of every update, changed or not.

After a failed deployment the provider has saved the new version in the state: the next update finds no change
and would report success (pulumi/pulumi#21458, pulumi/pulumi-aws#6062).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi
from botocore.exceptions import BotoCoreError, ClientError

from infra.rollout.clock import REAL, Clock, pauses
from infra.rollout.evidence import Answer, Version, alarms_on, evidence

if TYPE_CHECKING:
    from infra.rollout.aws_clients import Clients

_SETTLING_SECONDS: Final = 60
"""How long a service may lack tasks: Spot and scaling actions replace tasks at any time."""
_DESCRIBED_AT_ONCE: Final = 10
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html"""


@dataclass(frozen=True, kw_only=True)
class Expected(Version):
    """A service and the version that it has to run."""

    name: str
    """Name in the settings."""
    alarms: Sequence[str] = ()
    """Names of the alarms that roll a deployment back."""
    scheduled: bool = False
    """Whether a schedule sets the number of tasks, perhaps to 0."""


class RolloutError(pulumi.RunError):
    """A service does not run the requested version; the CLI prints a `RunError` without a traceback."""


@dataclass(frozen=True)
class _State:
    """State of a service at one moment."""

    error: str = ""
    is_temporary: bool = False
    """Whether the error may disappear within a minute."""
    needs_redeploy: bool = False
    """Whether a refresh would show no difference to deploy."""
    has_no_tasks: bool = False


def verified(services: Sequence[Mapping[str, Any]], clients: Clients) -> pulumi.Output[None]:
    """Return an output that resolves once all services run the requested version; previews do not wait.

    Args:
        services: the fields of :class:`Expected`, each a plain value or an output.
        clients: of the stack's account.
    """
    if pulumi.runtime.is_dry_run():
        return pulumi.Output.from_input(None)

    async def check(services: Sequence[Mapping[str, Any]]) -> None:
        await verify(clients, [Expected(**service) for service in services])

    return pulumi.Output.from_input(list(services)).apply(check)


async def verify(clients: Clients, services: Sequence[Expected], clock: Clock = REAL) -> None:
    """Check services until none has a temporary error, for a minute at most.

    Raises:
        RolloutError: lists the services that do not run the requested version, with evidence of why.
    """
    began, intervals = clock.now(), pauses()
    while True:
        try:
            states = await asyncio.to_thread(_states, clients.client("ecs"), services)
        except (BotoCoreError, ClientError) as error:
            raise RolloutError(
                f"It is not known whether the services run the requested version: {error}"
            ) from error
        failed = {name: state for name, state in states.items() if state.error}
        may_recover = bool(failed) and all(state.is_temporary for state in failed.values())
        if not may_recover or clock.now() - began >= _SETTLING_SECONDS:
            break
        await clock.sleep(next(intervals))
    await asyncio.to_thread(_warn, clients, services, states)
    if failed:
        details = {
            service.name: [
                failed[service.name].error,
                *await asyncio.to_thread(evidence, clients, service, clock),
            ]
            for service in services
            if service.name in failed
        }
        refresh_helps = not all(state.needs_redeploy for state in failed.values())
        raise RolloutError(_message(details, len(services), refresh_helps=refresh_helps))


def _states(ecs: Any, services: Sequence[Expected]) -> dict[str, _State]:
    active: dict[str, Answer] = {}
    for start in range(0, len(services), _DESCRIBED_AT_ONCE):
        batch = services[start : start + _DESCRIBED_AT_ONCE]
        described = ecs.describe_services(
            cluster=batch[0].cluster, services=[service.service for service in batch]
        )
        active |= {
            service["serviceName"]: service
            for service in described["services"]
            if service["status"] == "ACTIVE"
        }
    return {
        service.name: _state(active.get(service.service), service.task_definition) for service in services
    }


def _state(service: Answer | None, wanted: str) -> _State:
    if service is None:
        return _State("ECS does not have this service any more")
    primary = next(deployment for deployment in service["deployments"] if deployment["status"] == "PRIMARY")
    running_version = primary["taskDefinition"]
    if running_version != wanted:
        reasons = (
            deployment.get("rolloutStateReason")
            for deployment in service["deployments"]
            if deployment is not primary
        )
        because = next((f": {reason}" for reason in reasons if reason), "")
        return _State(
            f"ECS runs {_short(running_version)} instead of {_short(wanted)}: it rolled the deployment "
            f"back, or something else was deployed{because}"
        )
    state, reason = primary.get("rolloutState", "COMPLETED"), primary.get("rolloutStateReason", "")
    because = f": {reason}" if reason else ""
    if state == "FAILED":
        # A first deployment, without a version to roll back to.
        return _State(f"its deployment failed{because}", needs_redeploy=True)
    if state != "COMPLETED":
        return _State(f"its deployment is not complete{because}", is_temporary=True)
    running, desired = primary["runningCount"], service["desiredCount"]
    if running != desired:
        return _State(f"{running} of {desired} tasks run", is_temporary=True)
    return _State(has_no_tasks=desired == 0)


def _warn(clients: Clients, services: Sequence[Expected], states: Mapping[str, _State]) -> None:
    """Warn about services without tasks and about alarms, though the requested version runs."""
    for service in services:
        if service.scheduled and states[service.name].has_no_tasks:
            pulumi.log.warn(
                f"{service.name} is stopped by its schedule: it has 0 tasks until the next action, requests "
                "get no response, and it is not known whether this version works. docs/strategies.md says "
                "how to start it."
            )
    owners = {alarm: service.name for service in services for alarm in service.alarms}
    try:
        for name in alarms_on(clients, owners):
            pulumi.log.warn(
                f"{owners[name]}: {name} is in alarm. ECS does not roll back for an alarm that was on before "
                "a deployment began: watch this version yourself."
            )
    except (BotoCoreError, ClientError) as error:
        pulumi.log.warn(f"It is not known whether alarms are on: {error}")


def _message(details: Mapping[str, Sequence[str]], count: int, *, refresh_helps: bool) -> str:
    subject = "The service does" if count == 1 else f"{len(details)} of {count} services do"
    paragraphs = "\n".join(
        f"\n{name}: {error}" + "".join(f"\n  {line}" for line in lines)
        for name, (error, *lines) in details.items()
    )
    retry = "pulumi up --refresh" if refresh_helps else "python -m automation redeploy STACK"
    return (
        f"{subject} not run what this stack asks for.\n{paragraphs}\n\nFix it and run `pulumi up` again; "
        f"`{retry}` tries the same version once more.\n"
    )


def _short(task_definition: str) -> str:
    return task_definition.rpartition("/")[2]
