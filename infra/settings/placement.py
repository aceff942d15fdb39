"""On which of a cluster's instances a service's tasks are placed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import Field

from infra.settings.model import Fault, Model, Pattern

_BINPACK: Final = ("cpu", "memory")
ZONE: Final = "attribute:ecs.availability-zone"
"""The field by which tasks are spread over zones."""


class PlacementStrategy(Model):
    """One step by which ECS chooses among the instances that a task may run on.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PlacementStrategy.html
    """

    type: Literal["spread", "binpack", "random"]
    """spread: evenly over the values of `field`; binpack: onto as few instances as possible; random."""
    field: (
        Annotated[
            str,
            Pattern(
                "cpu or memory for binpack; instanceId, host or an attribute such as "
                "attribute:ecs.availability-zone for spread",
                r"cpu|memory|instanceId|host|attribute:[\w./-]{1,128}",
            ),
        ]
        | None
    ) = None
    """What is packed (cpu, memory) or spread over (instanceId, attribute:ecs.availability-zone)."""

    def _rules(self) -> Iterator[Fault]:
        if self.type == "random":
            if self.field is not None:
                yield Fault("nothing: `random` has no field", ("field",), self.field)
        elif self.type == "binpack" and self.field not in _BINPACK:
            yield Fault("cpu or memory, for binpack", ("field",), self.field)
        elif self.type == "spread" and (self.field is None or self.field in _BINPACK):
            fields = f"instanceId or an attribute such as {ZONE}, for spread"
            yield Fault(fields, ("field",), self.field)


class PlacementConstraint(Model):
    """A rule that an instance must keep for a task to run on it.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PlacementConstraint.html
    """

    type: Literal["distinctInstance", "memberOf"]
    """distinctInstance: each task on another instance; memberOf: on instances that match `expression`."""
    expression: (
        Annotated[str, Pattern("1 to 2000 characters of the cluster query language", r"[\s\S]{1,2000}")]
        | None
    ) = None
    """Cluster query language, such as `attribute:ecs.instance-type =~ t4g.*`; for memberOf."""

    def _rules(self) -> Iterator[Fault]:
        if self.type == "memberOf" and self.expression is None:
            yield Fault("an expression, such as attribute:ecs.instance-type =~ t4g.*", ("expression",))
        if self.type == "distinctInstance" and self.expression is not None:
            nothing = "nothing: distinctInstance has no expression; memberOf has"
            yield Fault(nothing, ("expression",), self.expression)


PlacementStrategies = Annotated[tuple[PlacementStrategy, ...], Field(max_length=5)]
PlacementConstraints = Annotated[tuple[PlacementConstraint, ...], Field(max_length=10)]
