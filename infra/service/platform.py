"""What the services of a stack share: cluster, network, load balancers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import pulumi

from infra.network.discovery import Namespaces

if TYPE_CHECKING:
    from infra.account import Account
    from infra.rollout.rollout import Rollout
    from infra.service.roles import InfrastructureRole
    from infra.settings import Capacity


@dataclass(frozen=True, kw_only=True)
class Attachable:
    """A cluster, a network and a load balancer, of this stack or of another one that this one attaches to."""

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
    load_balancer_arn: pulumi.Output[str]
    load_balancer_arn_suffix: pulumi.Output[str]
    load_balancer_dns_name: pulumi.Output[str]
    load_balancer_zone_id: pulumi.Output[str]
    zone_id: pulumi.Output[str] | None
    """Route 53 zone of the hosts; None without a domain."""
    file_system_ids: pulumi.Input[Mapping[str, pulumi.Input[str]]]
    """Ids of the EFS file systems that the stack has made, by the name of their volume."""

    def attachable(self) -> dict[str, Any]:
        """Return what another stack has to know, by name."""
        return {one.name: getattr(self, one.name) for one in fields(Attachable)}


@dataclass(frozen=True, kw_only=True)
class ListeningBalancer:
    """The network load balancer that services add their listeners to."""

    arn: pulumi.Input[str]
    arn_suffix: pulumi.Input[str]
    """End of the ARN, as metrics name a load balancer."""
    dns_name: pulumi.Input[str]
    zone_id: pulumi.Input[str]
    """Route 53 zone of `dns_name`, for alias records."""
    tls_policy: str
    certificate_arn: pulumi.Input[str] | None = None
    """For listeners that decrypt."""


@dataclass(frozen=True, kw_only=True)
class TrafficShift:
    """What services that move traffic from one version to the other share."""

    role: InfrastructureRole
    test_listener_arn: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class Platform(Attachable):
    """All that services share."""

    account: Account
    project: str
    stack: str
    capacity: Mapping[str, Capacity]
    """What services may run on beside Fargate, by name."""
    provider_names: Mapping[str, pulumi.Output[str]]
    """How ECS calls each of these capacity providers; machines outside AWS have none."""
    idle_timeout_seconds: int
    """How long the load balancer keeps idle connections; the app has to keep them longer."""
    log_group_name: pulumi.Output[str]
    log_group_arn: pulumi.Output[str]
    rollout: Rollout
    namespaces: Namespaces = field(default_factory=Namespaces)
    """Where services find each other."""
    network_load_balancer: ListeningBalancer | None = None
    """For services with `exposure` tcp."""
    alias_zone_ids: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    """Route 53 zones by name that hold other names than `zone_id` does."""
    https: bool = True
    """Whether hosts are reached by HTTPS."""
    traffic_shift: TrafficShift | None = None
    """For services with two target groups."""
    prerequisites: Sequence[pulumi.Resource] = ()
    """What the first task cannot start without, though no argument leads to it: routes, rules, capacity."""
