"""Removes lifecycle hooks from ECS that are no longer configured."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pulumi

if TYPE_CHECKING:
    from infra.rollout.aws_clients import Clients


async def remove_hooks(clients: Clients, args: pulumi.ResourceHookArgs) -> None:
    """Remove all lifecycle hooks from ECS before a service is updated, if none is configured any more.

    The provider leaves an empty list out, and what is left out ECS keeps
    (hashicorp/terraform-provider-aws#47096).
    """
    old = args.old_outputs or {}
    if _hooks(old) and not _hooks(args.new_inputs or {}):
        await asyncio.to_thread(_remove, clients.client("ecs"), old["cluster"], old["name"])


def _hooks(service: Mapping[str, Any]) -> Any:
    configuration: Mapping[str, Any] | None = service.get("deploymentConfiguration")
    return configuration and configuration.get("lifecycleHooks")


def _remove(ecs: Any, cluster: str, name: str) -> None:
    (service,) = ecs.describe_services(cluster=cluster, services=[name])["services"]
    configuration: Mapping[str, Any] = {**service["deploymentConfiguration"], "lifecycleHooks": []}
    ecs.update_service(cluster=cluster, service=name, deploymentConfiguration=configuration)
