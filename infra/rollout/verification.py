"""Checks every service at the end of every update, changed or not.

After a deployment that failed, the provider has saved the version that failed: the next update finds nothing
to change and would report success (pulumi/pulumi#21458, pulumi/pulumi-aws#6062).
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
"""How long a service may be on its way: a task that Spot or a scaling action replaces takes this long."""
_DESCRIBED_AT_ONCE: Final = 10
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html"""


@dataclass(frozen=True, kw_only=True)
class Expected(Version):
    """A service that has to run a version."""

    name: str
    """By which people know it."""
    alarms: Sequence[str] = ()
    """Names of those that roll a deployment back."""
    scheduled: bool = False
    """Whether a schedule says how many tasks there are, and may say none."""


class RolloutError(pulumi.RunError):
    """A service does not run what it should; the CLI prints a `RunError` without a traceback."""


@dataclass(frozen=True)
class _Seen:
    """What is wrong with a service at one moment.

    It `settles` if that may pass, and `stays` if a refresh shows no difference.
    """

    fault: str = ""
    settles: bool = False
    stays: bool = False
    sleeps: bool = False


def verified(services: Sequence[Mapping[str, Any]], clients: Clients) -> pulumi.Output[None]:
    """Return an output that is there when all services run what they should; previews do not wait.

    Args:
        services: the fields of :class:`Expected`, each or the whole as an input.
        clients: the account.
    """
    if pulumi.runtime.is_dry_run():
        return pulumi.Output.from_input(None)

    async def look(known: Sequence[Mapping[str, Any]]) -> None:
        await verify(clients, [Expected(**one) for one in known])

    return pulumi.Output.from_input(list(services)).apply(look)


async def verify(clients: Clients, services: Sequence[Expected], clock: Clock = REAL) -> None:
    """Look at services until each has settled.

    Raises:
        RolloutError: names every service that does not run what it should, with what AWS knows of it.
    """
    began, paces = clock.now(), pauses()
    while True:
        try:
            seen = await asyncio.to_thread(_look, clients.client("ecs"), services)
        except (BotoCoreError, ClientError) as error:
            raise RolloutError(f"Whether the services run what they should is not known: {error}") from error
        waits = any(one.settles for one in seen.values()) and not any(
            one.fault and not one.settles for one in seen.values()
        )
        if not waits or clock.now() - began >= _SETTLING_SECONDS:
            break
        await clock.sleep(next(paces))
    await asyncio.to_thread(_warn, clients, services, seen)
    faults = {
        one.name: [seen[one.name].fault, *await asyncio.to_thread(evidence, clients, one, clock)]
        for one in services
        if seen[one.name].fault
    }
    if faults:
        unseen = all(seen[name].stays for name in faults)
        raise RolloutError(_message(faults, len(services), refresh_helps=not unseen))


def _look(ecs: Any, services: Sequence[Expected]) -> dict[str, _Seen]:
    found: dict[str, Answer] = {}
    for start in range(0, len(services), _DESCRIBED_AT_ONCE):
        some = services[start : start + _DESCRIBED_AT_ONCE]
        answer = ecs.describe_services(cluster=some[0].cluster, services=[one.service for one in some])
        found |= {one["serviceName"]: one for one in answer["services"] if one["status"] == "ACTIVE"}
    return {one.name: _state(found.get(one.service), one.task_definition) for one in services}


def _state(service: Answer | None, wanted: str) -> _Seen:
    if service is None:
        return _Seen("ECS does not have this service any more")
    primary = next(one for one in service["deployments"] if one["status"] == "PRIMARY")
    runs = primary["taskDefinition"]
    if runs != wanted:
        reasons = (one.get("rolloutStateReason", "") for one in service["deployments"] if one is not primary)
        because = next((f": {reason}" for reason in reasons if reason), "")
        return _Seen(
            f"ECS runs {_short(runs)} instead of {_short(wanted)}: it rolled the deployment back, or "
            f"something else was deployed{because}"
        )
    state, reason = primary.get("rolloutState", "COMPLETED"), primary.get("rolloutStateReason", "")
    because = f": {reason}" if reason else ""
    if state == "FAILED":
        # There was nothing to roll back to: what runs, or would, is what was asked for.
        return _Seen(f"its deployment failed{because}", stays=True)
    if state != "COMPLETED":
        return _Seen(f"its deployment is not complete{because}", settles=True)
    running, desired = primary["runningCount"], service["desiredCount"]
    if running != desired:
        return _Seen(f"{running} of {desired} tasks run", settles=True)
    return _Seen(sleeps=desired == 0)


def _warn(clients: Clients, services: Sequence[Expected], seen: Mapping[str, _Seen]) -> None:
    """Warn of what a person has to know though the service runs what it should."""
    for one in services:
        if one.scheduled and seen[one.name].sleeps:
            pulumi.log.warn(
                f"{one.name} sleeps by its schedule: it has 0 tasks until the next action, requests get no "
                "answer, and whether this version works is not known. docs/strategies.md says how to wake it."
            )
    owners = {alarm: one.name for one in services for alarm in one.alarms}
    try:
        for name in alarms_on(clients, owners):
            pulumi.log.warn(
                f"{owners[name]}: {name} is in alarm. ECS rolls nothing back for an alarm that was on before "
                "a deployment began: look after this version yourself."
            )
    except (BotoCoreError, ClientError) as error:
        pulumi.log.warn(f"Whether alarms are on is not known: {error}")


def _message(faults: Mapping[str, Sequence[str]], count: int, *, refresh_helps: bool) -> str:
    who = "The service does" if count == 1 else f"{len(faults)} of {count} services do"
    stories = "\n".join(
        f"\n{name}: {fault}" + "".join(f"\n  {line}" for line in lines)
        for name, (fault, *lines) in faults.items()
    )
    again = "pulumi up --refresh" if refresh_helps else "python -m automation redeploy STACK"
    return (
        f"{who} not run what this stack asks for.\n{stories}\n\nFix it and run `pulumi up` again; "
        f"`{again}` tries the same version once more.\n"
    )


def _short(task_definition: str) -> str:
    return task_definition.rpartition("/")[2]
