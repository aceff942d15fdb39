"""What the tasks run on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from infra.settings.model import Fault, Model, repeated


class CapacityProvider(Model):
    """One line of a capacity provider strategy.

    Ranges and rules: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
    """

    capacity_provider: Literal["FARGATE", "FARGATE_SPOT"]
    """Where tasks run."""
    weight: int = Field(ge=0, le=1000)
    """Its share of the tasks beyond the base."""
    base: int = Field(default=0, ge=0, le=100_000)
    """How many tasks it gets first; at most one provider has a base."""


class ClusterSettings(Model):
    """The cluster and what its services run on."""

    container_insights: Literal["disabled", "enabled", "enhanced"] = "enabled"
    """CloudWatch Container Insights."""
    capacity_provider_strategy: tuple[CapacityProvider, ...] = (
        CapacityProvider(capacity_provider="FARGATE", weight=1),
    )
    """Where tasks run: a weight for each capacity provider, and for one of them a base that it gets first.
    FARGATE_SPOT has no fallback of its own: alone, no task starts while AWS has no spare capacity."""

    def _rules(self) -> Iterator[Fault]:
        key, lines = "capacity-provider-strategy", self.capacity_provider_strategy
        for fault in repeated((line.capacity_provider for line in lines), "capacity-provider"):
            yield Fault("each capacity provider once; add up the weights", (key, *fault.path), fault.value)
        for index in [index for index, line in enumerate(lines) if line.base][1:]:
            only = "only one capacity provider of a strategy may have a base"
            yield Fault(only, (key, index, "base"), lines[index].base)
        if not any(line.weight for line in lines):
            none = "at least one capacity provider with a weight above 0, else no task has a place"
            yield Fault(none, (key,), [line.model_dump(by_alias=True) for line in lines])
