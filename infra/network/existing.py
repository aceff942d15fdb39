"""Existing load balancers, looked up by ARN."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class ExistingLoadBalancer:
    """A load balancer that others own."""

    arn: str
    arn_suffix: str
    dns_name: str
    zone_id: str
    security_group_ids: Sequence[str]
    """Known before anything is declared: each of them gets a rule of its own."""


def existing_load_balancer(
    arn: str, *, key: str, vpc_id: str | None, parent: pulumi.Resource
) -> ExistingLoadBalancer:
    """Look a load balancer up.

    Args:
        arn: of the load balancer.
        key: the configuration key that names it, for messages.
        vpc_id: the network of the tasks.
        parent: the component that asks.

    Raises:
        pulumi.RunError: the stack's tasks could not be reached from there.
    """
    found = aws.lb.get_load_balancer(arn=arn, opts=pulumi.InvokeOptions(parent=parent))
    if found.vpc_id != vpc_id:
        raise pulumi.RunError(
            f"{key} = {arn}: a load balancer in {vpc_id}, the `vpc-id` of the tasks; this one is in "
            f"{found.vpc_id}"
        )
    if not found.security_groups:
        raise pulumi.RunError(
            f"{key} = {arn}: a load balancer with a security group, from which tasks accept requests; this "
            "one has none, and a network load balancer gets one only when it is made"
        )
    return ExistingLoadBalancer(
        arn=found.arn,
        arn_suffix=found.arn_suffix,
        dns_name=found.dns_name,
        zone_id=found.zone_id,
        security_group_ids=sorted(found.security_groups),
    )


@dataclass(frozen=True, kw_only=True)
class ExistingListener:
    """A listener that others own, of an application load balancer."""

    load_balancer: ExistingLoadBalancer
    https: bool


def existing_listener(arn: str, *, vpc_id: str | None, parent: pulumi.Resource) -> ExistingListener:
    """Look up the listener of `listener-arn` and its load balancer.

    Raises:
        pulumi.RunError: the stack's tasks could not be reached from there.
    """
    found = aws.lb.get_listener(arn=arn, opts=pulumi.InvokeOptions(parent=parent))
    balancer = existing_load_balancer(
        found.load_balancer_arn, key="listener-arn", vpc_id=vpc_id, parent=parent
    )
    return ExistingListener(load_balancer=balancer, https=found.protocol == "HTTPS")
