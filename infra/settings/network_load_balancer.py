"""The load balancer of services that speak TCP, TLS or UDP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from infra.settings.model import Fault, Model, Pattern
from infra.settings.network import MOST_RULES, Clients


class NetworkLoadBalancerSettings(Model):
    """The load balancer of services with `exposure` tcp."""

    arn: (
        Annotated[
            str,
            Pattern(
                "the ARN of a network load balancer (arn:aws:elasticloadbalancing:…:loadbalancer/net/…)",
                r"arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:loadbalancer/net/[A-Za-z0-9-]+/[0-9a-f]{16}",
            ),
        ]
        | None
    ) = None
    """Existing network load balancer, to which the stack adds its listeners; empty creates one."""
    internal: bool = False
    """Whether it is in the private subnets, so that only the VPC and connected networks reach it."""
    fixed_addresses: bool = False
    """Whether it has an Elastic IP address in each zone; these stay when it is replaced."""
    allowed_cidrs: Annotated[Clients, Field(max_length=MOST_RULES)] = ()
    """IP ranges of the clients that may reach it; empty for all."""

    def _rules(self) -> Iterator[Fault]:
        if self.internal and self.fixed_addresses:
            public = "false: Elastic IP addresses are public, and `internal` is true"
            yield Fault(public, ("fixed-addresses",), True)
        if self.arn is None:
            return
        for key in ("internal", "fixed_addresses", "allowed_cidrs"):
            if value := getattr(self, key):
                own = "nothing, for the load balancer of `arn` is there already and has what it has of this"
                yield Fault(own, (key.replace("_", "-"),), value)
