"""Existing load balancers, looked up by ARN."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


def existing_load_balancer(
    arn: str, *, key: str, vpc_id: str | None, parent: pulumi.Resource
) -> aws.lb.GetLoadBalancerResult:
    """Look up a load balancer.

    Args:
        arn: of the load balancer.
        key: configuration key of the ARN, for messages.
        vpc_id: the VPC of the tasks.
        parent: the component that needs it.

    Raises:
        pulumi.RunError: the load balancer cannot connect to the stack's tasks.
    """
    load_balancer = aws.lb.get_load_balancer(arn=arn, opts=pulumi.InvokeOptions(parent=parent))
    if load_balancer.vpc_id != vpc_id:
        raise pulumi.RunError(
            f"{key} = {arn}: a load balancer in {vpc_id}, the `vpc-id` of the tasks; this one is in "
            f"{load_balancer.vpc_id}"
        )
    if not load_balancer.security_groups:
        raise pulumi.RunError(
            f"{key} = {arn}: a load balancer with a security group, from which tasks accept "
            "requests; this one has none, and a network load balancer can have one only from its creation on"
        )
    return load_balancer


@dataclass(frozen=True, kw_only=True)
class ExistingListener:
    """A listener of an application load balancer that the stack uses and does not manage."""

    load_balancer: aws.lb.GetLoadBalancerResult
    https: bool


def existing_listener(arn: str, *, vpc_id: str | None, parent: pulumi.Resource) -> ExistingListener:
    """Look up the listener of `listener-arn` and its load balancer.

    Raises:
        pulumi.RunError: the load balancer cannot connect to the stack's tasks.
    """
    listener = aws.lb.get_listener(arn=arn, opts=pulumi.InvokeOptions(parent=parent))
    load_balancer = existing_load_balancer(
        listener.load_balancer_arn, key="listener-arn", vpc_id=vpc_id, parent=parent
    )
    return ExistingListener(load_balancer=load_balancer, https=listener.protocol == "HTTPS")
