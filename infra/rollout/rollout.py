"""Resource hooks of a stack, and the check at the end of an update."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pulumi

from infra.rollout.aws_clients import Clients
from infra.rollout.capacity_in_use import refuse_capacity_in_use
from infra.rollout.errors import OperationErrors
from infra.rollout.migration import Migrations
from infra.rollout.removals import remove_hooks, remove_volume
from infra.rollout.verification import verified

if TYPE_CHECKING:
    from infra.settings import Migration, ProviderSettings


@dataclass(frozen=True, kw_only=True)
class ServiceHooks:
    """Hooks of a service, and what they need."""

    hooks: pulumi.ResourceHookBinding
    triggers: Mapping[str, str]
    """Values that change the service when its migration changes: hooks run only for changed resources."""
    prerequisites: Sequence[pulumi.Resource]


class Rollout:
    """The hooks that the resources of one stack share."""

    def __init__(self, provider: ProviderSettings) -> None:
        self._clients = Clients(provider)
        self._migrations = Migrations(self._clients)
        self._errors = OperationErrors(self._clients)

    @cached_property
    def _on_error(self) -> pulumi.ErrorHook:
        return pulumi.ErrorHook("operation-errors", self._errors.should_retry)

    @cached_property
    def _removals(self) -> pulumi.ResourceHook:
        async def before(args: pulumi.ResourceHookArgs) -> None:
            await remove_hooks(self._clients, args)
            await remove_volume(self._clients, args)

        return pulumi.ResourceHook("removals", before)

    @cached_property
    def retries(self) -> pulumi.ResourceHookBinding:
        """Hooks of task definitions and capacity: retry while AWS does not know a new role yet."""
        return pulumi.ResourceHookBinding(on_error=[self._on_error])

    @cached_property
    def cluster_capacity_hooks(self) -> pulumi.ResourceHookBinding:
        """Hooks of the attachment of capacity providers to a cluster."""

        async def before(args: pulumi.ResourceHookArgs) -> None:
            await refuse_capacity_in_use(self._clients, args)

        return pulumi.ResourceHookBinding(
            before_update=[pulumi.ResourceHook("capacity-in-use", before)], on_error=[self._on_error]
        )

    def service_hooks(
        self, name: str, migration: Migration | None, *, parent: pulumi.Resource
    ) -> ServiceHooks:
        """Return the hooks of a service; declares the record of its migrations below a component."""
        self._errors.service_count += 1
        before: list[pulumi.ResourceHook] = []
        prerequisites: list[pulumi.Resource] = []
        if migration:
            hook, record = self._migrations.hook(name, migration, parent=parent)
            before, prerequisites = [hook], [record]
        return ServiceHooks(
            hooks=pulumi.ResourceHookBinding(
                before_create=[*before],
                before_update=[*before, self._removals],
                on_error=[self._on_error],
            ),
            triggers={"migration": json.dumps(migration.command)} if migration else {},
            prerequisites=prerequisites,
        )

    def verified(self, services: Sequence[Mapping[str, Any]]) -> pulumi.Output[None]:
        """Return an output that resolves once all services run the requested version."""
        return verified(services, self._clients)
