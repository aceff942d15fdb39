"""The cluster, and capacity beside Fargate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import Field

from infra.settings.capacity import Capacities
from infra.settings.model import Fault, Model, Pattern

_INSIGHTS: Final = "enabled"


class ClusterSettings(Model):
    """The cluster and what its services may run on."""

    cluster_arn: (
        Annotated[
            str,
            Pattern(
                "the ARN of an ECS cluster (arn:aws:ecs:…:cluster/…)",
                r"arn:aws[a-z-]*:ecs:[a-z0-9-]+:\d{12}:cluster/[A-Za-z0-9_-]{1,255}",
            ),
        ]
        | None
    ) = None
    """Existing ECS cluster to use, with the capacity providers FARGATE and FARGATE_SPOT; empty creates
    one."""
    container_insights: Literal["disabled", "enabled", "enhanced"] = _INSIGHTS
    """CloudWatch Container Insights."""
    capacity: Capacities = Field(default_factory=dict)
    """Capacity beside FARGATE and FARGATE_SPOT, by the name that `capacity-provider-strategy` uses: EC2
    instances, ECS Managed Instances or machines outside AWS; see docs/compute.md."""

    @property
    def counts_tasks(self) -> bool:
        """Whether Container Insights counts the cluster's tasks; of a cluster of others nobody knows."""
        return self.cluster_arn is None and self.container_insights != "disabled"

    def _rules(self) -> Iterator[Fault]:
        if self.cluster_arn is not None:
            theirs = "of a cluster that is there already; `cluster-arn` names one"
            if self.container_insights != _INSIGHTS:
                yield Fault(f"nothing: it is {theirs}", ("container-insights",), self.container_insights)
            if self.capacity:
                # All capacity providers of a cluster are one resource, which would take away the others'.
                yield Fault(f"nothing: it is {theirs}", ("capacity",), f"{len(self.capacity)} names")
        external = [name for name, capacity in self.capacity.items() if capacity.type == "external"]
        for name in external[1:]:
            other = f"another type: a cluster has one external capacity, and {external[0]} is it"
            yield Fault(other, ("capacity", name, "type"), "external")
