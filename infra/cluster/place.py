"""Network, tags and cluster of instances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pulumi

    from infra.account import Account


@dataclass(frozen=True, kw_only=True)
class Place:
    """What all instances of a cluster have in common."""

    account: Account
    tags: Mapping[str, str]
    """For what the provider's default tags do not reach: groups, and instances and disks that others make."""
    subnet_ids: pulumi.Input[Any]
    """Those of the tasks."""
    security_group_id: pulumi.Input[str]
    """The tasks': instances reach what tasks do, and tasks without an address of their own are in it too."""
    assign_public_ip: bool
    """Whether instances have public addresses, for want of a NAT gateway."""
    hooks: pulumi.ResourceHookBinding
    """For what is made from roles that IAM has just made."""
    cluster_hooks: pulumi.ResourceHookBinding
    """For what ties capacity to the cluster: not before it is ready, and not away from under a service."""
    prerequisites: Sequence[pulumi.Resource] = ()
    """What an instance needs to register, though no argument leads to it: routes and rules."""
