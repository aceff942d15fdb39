"""Removes from a service what is no longer configured: the provider leaves it out, and ECS then keeps it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pulumi

if TYPE_CHECKING:
    from infra.rollout.aws_clients import Clients


async def remove_hooks(clients: Clients, args: pulumi.ResourceHookArgs) -> None:
    """Remove all lifecycle hooks from ECS before a service is updated, if none is configured any more.

    See hashicorp/terraform-provider-aws#47096.
    """
    old = args.old_outputs or {}
    if _hooks(old) and not _hooks(args.new_inputs or {}):
        await asyncio.to_thread(_remove_hooks, clients.client("ecs"), old["cluster"], old["name"])


async def remove_volume(clients: Clients, args: pulumi.ResourceHookArgs) -> None:
    """Remove a service's EBS volume from ECS before the service is updated, if none is configured any more.

    Otherwise ECS refuses a task definition without the volume (hashicorp/terraform-provider-aws#49185). It
    removes the volume only together with that task definition, so this begins a deployment, which the
    provider's update replaces with its own.
    """
    old, new = args.old_outputs or {}, args.new_inputs or {}
    if old.get("volumeConfiguration") and not new.get("volumeConfiguration"):
        await asyncio.to_thread(
            clients.client("ecs").update_service,
            cluster=old["cluster"],
            service=old["name"],
            taskDefinition=new["taskDefinition"],
            volumeConfigurations=[],
        )


def _hooks(service: Mapping[str, Any]) -> Any:
    configuration: Mapping[str, Any] | None = service.get("deploymentConfiguration")
    return configuration and configuration.get("lifecycleHooks")


def _remove_hooks(ecs: Any, cluster: str, name: str) -> None:
    (service,) = ecs.describe_services(cluster=cluster, services=[name])["services"]
    configuration: Mapping[str, Any] = {**service["deploymentConfiguration"], "lifecycleHooks": []}
    ecs.update_service(cluster=cluster, service=name, deploymentConfiguration=configuration)
