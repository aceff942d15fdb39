"""Refuses to remove capacity while services still run on it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import pulumi

if TYPE_CHECKING:
    from infra.rollout.aws_clients import Clients

_DESCRIBED_AT_ONCE: Final = 10


async def refuse_capacity_in_use(clients: Clients, args: pulumi.ResourceHookArgs) -> None:
    """Refuse to detach a capacity provider from a cluster while a service uses it.

    ECS refuses it too, but the Pulumi provider retries for ten minutes, and services that move to other
    capacity are updated later in the same update.

    Raises:
        pulumi.RunError: names the services that use it, and the way out.
    """
    cluster = args.old_outputs or {}
    removed = _providers(cluster) - _providers(args.new_inputs or {})
    if not removed:
        return
    ecs = clients.client("ecs")
    uses = await asyncio.to_thread(lambda: [*_uses(ecs, cluster["clusterName"], removed)])
    if uses:
        raise pulumi.RunError(
            f"{'; '.join(uses)}. No service moves in the update that removes its capacity: keep the name in "
            "`capacity`, let `capacity-provider-strategy` name another, run `pulumi up`, and remove it then."
        )


def _providers(cluster: Mapping[str, Any]) -> set[str]:
    return {str(name) for name in cluster.get("capacityProviders") or ()}


def _uses(ecs: Any, cluster: str, providers: set[str]) -> Iterator[str]:
    """Yield a sentence for each service that uses one of the providers."""
    pages = ecs.get_paginator("list_services").paginate(cluster=cluster)
    arns = [arn for page in pages for arn in page["serviceArns"]]
    for start in range(0, len(arns), _DESCRIBED_AT_ONCE):
        batch = arns[start : start + _DESCRIBED_AT_ONCE]
        for service in ecs.describe_services(cluster=cluster, services=batch)["services"]:
            strategy = {line["capacityProvider"] for line in service.get("capacityProviderStrategy", ())}
            if used := sorted(strategy & providers):
                yield f"the service {service['serviceName']} still runs on {', '.join(used)}"
