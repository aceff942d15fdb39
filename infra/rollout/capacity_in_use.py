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
    """Refuse to take a capacity provider from a cluster while a service names it.

    ECS refuses it too, but the provider tries again for ten minutes, and the services that would move to
    other capacity come later in the same update.

    Raises:
        pulumi.RunError: a service runs there; it says what to do.
    """
    old = args.old_outputs or {}
    gone = _providers(old) - _providers(args.new_inputs or {})
    if not gone:
        return
    used = await asyncio.to_thread(lambda: [*_used(clients.client("ecs"), old["clusterName"], gone)])
    if used:
        raise pulumi.RunError(
            f"{'; '.join(used)}. Nothing moves in the update that takes its capacity away: keep the name in "
            "`capacity`, let `capacity-provider-strategy` name another, run `pulumi up`, and remove it then."
        )


def _providers(cluster: Mapping[str, Any]) -> set[str]:
    return {str(name) for name in cluster.get("capacityProviders") or ()}


def _used(ecs: Any, cluster: str, providers: set[str]) -> Iterator[str]:
    """Yield services that run on some of the providers, with what they run on."""
    pages = ecs.get_paginator("list_services").paginate(cluster=cluster)
    arns = [arn for page in pages for arn in page["serviceArns"]]
    for start in range(0, len(arns), _DESCRIBED_AT_ONCE):
        some = arns[start : start + _DESCRIBED_AT_ONCE]
        for service in ecs.describe_services(cluster=cluster, services=some)["services"]:
            named = {line["capacityProvider"] for line in service.get("capacityProviderStrategy", ())}
            if here := sorted(named & providers):
                yield f"the service {service['serviceName']} still runs on {', '.join(here)}"
