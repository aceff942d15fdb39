"""Placement of a service's tasks on a cluster's instances."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import Field

from infra.settings.faults import Fault
from infra.settings.model import Model, Pattern

_BINPACK: Final = ("cpu", "memory")
ZONE: Final = "attribute:ecs.availability-zone"
"""The field by which tasks are spread over zones."""


_Field = Annotated[
    str,
    Pattern(
        f"cpu or memory for binpack; instanceId, host or an attribute such as {ZONE} for spread",
        r"cpu|memory|instanceId|host|attribute:[\w./-]{1,128}",
    ),
]
_Expression = Annotated[str, Pattern("1 to 2000 characters of the cluster query language", r"[\s\S]{1,2000}")]


class PlacementStrategy(Model):
    """One step by which ECS chooses among the instances that a task may run on.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PlacementStrategy.html
    """

    type: Literal["spread", "binpack", "random"]
    """spread: evenly over the values of `field`; binpack: onto as few instances as possible; random."""
    field: _Field | None = None
    """What is packed (cpu, memory) or spread over (instanceId, attribute:ecs.availability-zone)."""

    def _rules(self) -> Iterator[Fault]:
        if self.type == "random":
            yield from self.refuse("nothing: `random` has no field", "field")
        elif self.type == "binpack" and self.field not in _BINPACK:
            yield Fault(("field",), "cpu or memory, for binpack")
        elif self.type == "spread" and (self.field is None or self.field in _BINPACK):
            yield Fault(("field",), f"instanceId or an attribute such as {ZONE}, for spread")


class PlacementConstraint(Model):
    """A rule that an instance must satisfy for a task to run on it.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PlacementConstraint.html
    """

    type: Literal["distinctInstance", "memberOf"]
    """distinctInstance: each task on another instance; memberOf: on instances that match `expression`."""
    expression: _Expression | None = None
    """Cluster query language, such as `attribute:ecs.instance-type =~ t4g.*`; for memberOf."""

    def _rules(self) -> Iterator[Fault]:
        if self.type == "memberOf" and self.expression is None:
            yield Fault(("expression",), "an expression, such as attribute:ecs.instance-type =~ t4g.*")
        if self.type == "distinctInstance":
            yield from self.refuse("nothing: distinctInstance has no expression; memberOf has", "expression")


PlacementStrategies = Annotated[tuple[PlacementStrategy, ...], Field(max_length=5)]
PlacementConstraints = Annotated[tuple[PlacementConstraint, ...], Field(max_length=10)]
