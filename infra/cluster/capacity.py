"""Inputs that all capacity other than Fargate shares, and capacity provider strategies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pulumi

    from infra.account import Account
    from infra.settings import CapacityProvider


@dataclass(frozen=True, kw_only=True)
class InstanceArgs:
    """Inputs of the instances of a cluster: account, network, tags and hooks."""

    account: Account
    tags: Mapping[str, str]
    """For resources that the provider's default tags do not reach: groups, instances and disks."""
    subnet_ids: pulumi.Input[Any]
    """The tasks' subnets."""
    security_group_id: pulumi.Input[str]
    """The tasks' security group: tasks in bridge mode have no other."""
    assign_public_ip: bool
    """Give instances public addresses, because there is no NAT gateway."""
    hooks: pulumi.ResourceHookBinding
    """Retry while IAM does not know a new role yet."""
    prerequisites: Sequence[pulumi.Resource] = ()
    """Resources that an instance needs to register but that no argument refers to: routes and rules."""


def strategy_items(
    strategy: Iterable[CapacityProvider], provider_names: Mapping[str, pulumi.Output[str]]
) -> list[Any]:
    """Return a capacity provider strategy with the providers' names in ECS."""
    return [
        {
            "capacity_provider": provider_names.get(item.capacity_provider, item.capacity_provider),
            "weight": item.weight,
            "base": item.base,
        }
        for item in strategy
    ]
