"""Handles failed operations of the provider: retries, or explains."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, cast

import pulumi

from infra.rollout.clock import REAL, Clock
from infra.rollout.evidence import Version, evidence
from infra.rollout.fresh_roles import PAUSE_SECONDS, TRIES, is_about_a_fresh_role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.rollout.aws_clients import Clients

_SERVICE: Final = "aws:ecs/service:Service"


class OperationErrors:
    """Answers errors of the provider, for task definitions and services."""

    def __init__(self, clients: Clients, clock: Clock = REAL) -> None:
        self._clients = clients
        self._clock = clock

    async def retries(self, args: pulumi.ErrorHookArgs) -> bool:
        """Return whether to try again, as with a role that is new; else say what AWS knows of a service."""
        newest = args.errors[0] if args.errors else ""
        if is_about_a_fresh_role(newest) and len(args.errors) < TRIES:
            await self._clock.sleep(PAUSE_SECONDS)
            return True
        if args.type == _SERVICE and args.failed_operation in ("create", "update"):
            known = {**(args.old_outputs or {}), **(args.new_inputs or {})}
            if lines := await asyncio.to_thread(self._evidence, known):
                told = "\n".join(f"  {line}" for line in lines)
                pulumi.log.error(f"{args.name} does not run what this update asked for:\n{told}")
        return False

    def _evidence(self, service: Mapping[str, Any]) -> list[str]:
        named = [service.get(key) for key in ("cluster", "name", "taskDefinition")]
        if not all(isinstance(name, str) for name in named):
            return []
        cluster, name, task_definition = cast("list[str]", named)
        version = Version(cluster=cluster, service=name, task_definition=task_definition)
        return evidence(self._clients, version, self._clock)
