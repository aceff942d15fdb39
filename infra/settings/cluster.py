"""The cluster, and capacity other than Fargate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from infra.settings.capacity import Capacities
from infra.settings.faults import Fault
from infra.settings.model import Model, arn


class ClusterSettings(Model):
    """The cluster and what its services may run on."""

    cluster_arn: (
        Annotated[str, arn("an ECS cluster", "ecs", r"cluster/[A-Za-z0-9_-]{1,255}", ":cluster/…")] | None
    ) = None
    """Existing ECS cluster to use, with the capacity providers FARGATE and FARGATE_SPOT; empty creates
    one."""
    container_insights: Literal["disabled", "enabled", "enhanced"] = "enabled"
    """CloudWatch Container Insights."""
    capacity: Capacities = Field(default_factory=dict)
    """Capacity other than FARGATE and FARGATE_SPOT, by the name that `capacity-provider-strategy` uses: EC2
    instances, ECS Managed Instances or machines outside AWS; see docs/compute.md."""

    @property
    def counts_tasks(self) -> bool:
        """Whether Container Insights counts the cluster's tasks; false for an existing cluster."""
        return self.cluster_arn is None and self.container_insights != "disabled"

    def _rules(self) -> Iterator[Fault]:
        if self.cluster_arn is not None:
            existing = "nothing: it belongs to the existing cluster of `cluster-arn`"
            if self.container_insights != "enabled":
                yield Fault(("container-insights",), existing)
            # All capacity providers of a cluster are one resource, which would remove the existing ones.
            yield from self.refuse(existing, "capacity")
        external = [name for name, capacity in self.capacity.items() if capacity.type == "external"]
        for name in external[1:]:
            other = f"another type: a cluster has one external capacity, and {external[0]} is it"
            yield Fault(("capacity", name, "type"), other)
