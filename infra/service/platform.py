"""Cluster, network and load balancers that the services of a stack share."""

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
    """What another stack can attach to; its fields are keys of the output `attachment`."""

    cluster_arn: pulumi.Output[str]
    cluster_name: pulumi.Output[str]
    vpc_id: pulumi.Output[str]
    subnet_ids: pulumi.Output[Any]
    """The tasks' subnets."""
    security_group_id: pulumi.Output[str]
    """The tasks' security group."""
    assign_public_ip: pulumi.Input[bool]
    """Give tasks public addresses, because there is no NAT gateway."""
    listener_arn: pulumi.Output[str]
    load_balancer_arn: pulumi.Output[str]
    load_balancer_arn_suffix: pulumi.Output[str]
    load_balancer_dns_name: pulumi.Output[str]
    load_balancer_zone_id: pulumi.Output[str]
    idle_timeout_seconds: pulumi.Input[int]
    """Idle timeout of the load balancer; the app's must be longer."""
    https: pulumi.Input[bool]
    """Whether hosts are served by HTTPS."""
    zone_id: pulumi.Output[str] | None
    """Route 53 zone of the hosts; None without a domain."""
    file_system_ids: pulumi.Input[Mapping[str, pulumi.Input[str]]]
    """The stack's EFS file systems, by volume name."""

    def attachable(self) -> dict[str, Any]:
        """Return the values that another stack needs, by name."""
        return {field.name: getattr(self, field.name) for field in fields(Attachable)}


@dataclass(frozen=True, kw_only=True)
class SharedNetworkLoadBalancer:
    """The network load balancer that services add their listeners to."""

    arn: pulumi.Input[str]
    arn_suffix: pulumi.Input[str]
    """ARN suffix, as metrics name a load balancer."""
    dns_name: pulumi.Input[str]
    zone_id: pulumi.Input[str]
    """Route 53 zone of `dns_name`, for alias records."""
    tls_policy: str
    certificate_arn: pulumi.Input[str] | None = None
    """For listeners that terminate TLS."""


@dataclass(frozen=True, kw_only=True)
class TrafficShift:
    """Shared by services whose deployments shift traffic."""

    role: InfrastructureRole
    test_listener_arn: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class Platform(Attachable):
    """Everything that the services of a stack share."""

    account: Account
    project: str
    stack: str
    capacity: Mapping[str, Capacity]
    """Capacity other than Fargate, by name."""
    provider_names: Mapping[str, pulumi.Output[str]]
    """Capacity provider of each EC2 and managed capacity, by its name in the settings."""
    log_group_name: pulumi.Output[str]
    log_group_arn: pulumi.Output[str]
    rollout: Rollout
    namespaces: Namespaces = field(default_factory=Namespaces)
    """Namespaces in which services find each other."""
    network_load_balancer: SharedNetworkLoadBalancer | None = None
    """For services with `exposure` tcp."""
    alias_zone_ids: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    """Further Route 53 zones, by name."""
    traffic_shift: TrafficShift | None = None
    """For services with two target groups."""
    prerequisites: Sequence[pulumi.Resource] = ()
    """Resources that the first task needs but that no argument refers to: routes, rules, capacity."""
