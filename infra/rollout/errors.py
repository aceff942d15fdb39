"""Error hook for failed operations of the provider: retries or explains."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, cast

import pulumi

from infra.rollout.clock import REAL, Clock
from infra.rollout.evidence import Version, evidence
from infra.rollout.fresh_roles import PAUSE_SECONDS, TRIES, is_new_role_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.rollout.aws_clients import Clients

_SERVICE: Final = "aws:ecs/service:Service"


class OperationErrors:
    """Error hook of task definitions, services and capacity."""

    def __init__(self, clients: Clients, clock: Clock = REAL) -> None:
        self._clients = clients
        self._clock = clock
        self.service_count = 0
        """Number of the stack's services."""

    async def should_retry(self, args: pulumi.ErrorHookArgs) -> bool:
        """Return whether to retry, as for a new role; else log what AWS knows about a failed service."""
        newest = args.errors[0] if args.errors else ""
        if is_new_role_error(newest) and len(args.errors) < TRIES:
            await self._clock.sleep(PAUSE_SECONDS)
            return True
        if args.type == _SERVICE and args.failed_operation in ("create", "update"):
            service = {**(args.old_outputs or {}), **(args.new_inputs or {})}
            if lines := await asyncio.to_thread(self._evidence, service):
                if args.failed_operation == "update" and self.service_count > 1:
                    lines.append(
                        "ECS rolls back each service by itself: others of this update keep their new version"
                    )
                details = "\n".join(f"  {line}" for line in lines)
                pulumi.log.error(f"{args.name} does not run what this update asked for:\n{details}")
        return False

    def _evidence(self, service: Mapping[str, Any]) -> list[str]:
        names = [service.get(key) for key in ("cluster", "name", "taskDefinition")]
        if not all(isinstance(name, str) for name in names):
            # Not known yet.
            return []
        cluster, name, task_definition = cast("list[str]", names)
        version = Version(cluster=cluster, service=name, task_definition=task_definition)
        return evidence(self._clients, version, self._clock)
