"""What services share: where they run, and how they are reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pulumi

    from infra.strategy import TrafficShift


@dataclass(frozen=True, kw_only=True)
class Place:
    """A cluster, a network and a load balancer, whoever made them."""

    cluster_arn: pulumi.Output[str]
    cluster_name: pulumi.Output[str]
    vpc_id: pulumi.Output[str]
    subnet_ids: pulumi.Output[Any]
    """Those of the tasks."""
    security_group_id: pulumi.Output[str]
    """The tasks'."""
    assign_public_ip: pulumi.Input[bool]
    """Whether tasks have public addresses, for want of a NAT gateway."""
    listener_arn: pulumi.Output[str]
    load_balancer_arn_suffix: pulumi.Output[str]
    load_balancer_dns_name: pulumi.Output[str]
    load_balancer_zone_id: pulumi.Output[str]
    zone_id: pulumi.Output[str] | None
    """Route 53 zone of the hosts; None without a domain."""
    log_group_name: pulumi.Output[str]
    log_group_arn: pulumi.Output[str]
    traffic_shift: TrafficShift | None = None
    """For services with two target groups."""
    prerequisites: Sequence[pulumi.Resource] = ()
    """What the first task cannot start without, though no argument leads to it."""
