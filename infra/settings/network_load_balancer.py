"""The load balancer of services that speak TCP, TLS or UDP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final

from pydantic import Field

from infra.settings.faults import Fault
from infra.settings.model import Model, arn
from infra.settings.network import MOST_RULES, Clients

_ARN: Final = arn(
    "a network load balancer",
    "elasticloadbalancing",
    "loadbalancer/net/[A-Za-z0-9-]+/[0-9a-f]{16}",
    ":loadbalancer/net/…",
)


class NetworkLoadBalancerSettings(Model):
    """The load balancer of services with `exposure` tcp."""

    arn: Annotated[str, _ARN] | None = None
    """Existing network load balancer, to which the stack adds its listeners; empty creates one."""
    internal: bool = False
    """Whether it is in the private subnets, so that only the VPC and connected networks reach it."""
    fixed_addresses: bool = False
    """Whether it has an Elastic IP address in each zone; these are kept when it is replaced."""
    allowed_cidrs: Annotated[Clients, Field(max_length=MOST_RULES)] = ()
    """IP ranges of the clients that may reach it; empty for all."""

    def _rules(self) -> Iterator[Fault]:
        if self.internal:
            public = "false: Elastic IP addresses are public, and `internal` is true"
            yield from self.refuse(public, "fixed-addresses")
        if self.arn is not None:
            existing = "nothing: the existing load balancer of `arn` is not changed"
            yield from self.refuse(existing, "internal", "fixed-addresses", "allowed-cidrs")
