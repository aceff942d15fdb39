"""The cluster, and what tasks may run on beside Fargate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from infra.settings.capacity import Capacities
from infra.settings.model import Fault, Model


class ClusterSettings(Model):
    """The cluster and what its services may run on."""

    container_insights: Literal["disabled", "enabled", "enhanced"] = "enabled"
    """CloudWatch Container Insights."""
    capacity: Capacities = Field(default_factory=dict)
    """What tasks may run on beside FARGATE and FARGATE_SPOT, by a name that `capacity-provider-strategy` may
    say: EC2 instances, ECS Managed Instances or machines outside AWS; see docs/compute.md."""

    def _rules(self) -> Iterator[Fault]:
        external = [name for name, capacity in self.capacity.items() if capacity.type == "external"]
        for name in external[1:]:
            other = f"another type: a cluster has one external capacity, and {external[0]} is it"
            yield Fault(other, ("capacity", name, "type"), "external")
