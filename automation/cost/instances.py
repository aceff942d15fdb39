"""EC2 instance types: their size and prices, and how many instances tasks need."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil, floor, inf
from typing import Final, cast

from automation.cost.tables import Source, read_table

INSTANCE: Final = "ec2-"
"""Prefix of an instance type in the key of its price."""
MANAGED: Final = "managed-"
"""Prefix of an instance type in the key of ECS's fee for managing it."""
FALLBACK_REGION: Final = "us-east-1"
"""Its prices rank the types in a region that the table lacks."""
_SIZES: Final = 2


@dataclass(frozen=True, kw_only=True)
class Instance:
    """An instance type."""

    type: str
    vcpus: float
    gib: float
    prices: Mapping[str, float]
    """Dollars an hour on demand, by region."""
    source: Source
    """Where the prices were read."""

    @property
    def architecture(self) -> str:
        """The CPU architecture: Graviton types have a g after the generation, as in m7g and c7gn."""
        match = re.match(r"[a-z]+\d+([a-z]*)", self.type)
        return "arm64" if match and "g" in match[1] else "x86_64"

    @property
    def burstable(self) -> bool:
        """Whether it can use all of its CPU only for a limited time."""
        return re.match(r"t\d", self.type) is not None

    def hourly(self, region: str) -> float:
        """Return dollars an hour for comparisons: those of another region if this one is unknown."""
        return self.prices.get(region, self.prices[FALLBACK_REGION])


@dataclass(frozen=True, kw_only=True)
class Load:
    """Tasks of one size."""

    tasks: float
    vcpus: float
    gib: float


def instances_for(loads: Iterable[Load], instance: Instance, reserved_gib: float) -> int | None:
    """Return how many instances of a type tasks need; None if a task is larger than an instance.

    Tasks of different sizes are assumed to fill instances without gaps.

    Args:
        loads: the tasks.
        instance: the type.
        reserved_gib: memory of each instance for the system and the ECS agent.
    """
    needed = 0.0
    for load in loads:
        by_cpu = instance.vcpus / load.vcpus if load.vcpus else inf
        by_memory = (instance.gib - reserved_gib) / load.gib if load.gib else inf
        capacity = min(by_cpu, by_memory)
        if capacity < 1:
            return None
        needed += load.tasks / (capacity if capacity == inf else floor(capacity))
    # Rounding errors must not add an instance.
    return ceil(round(needed, 6))


def cheapest(
    loads: Sequence[Load],
    candidates: Iterable[Instance],
    region: str,
    reserved_gib: float,
    *,
    extra: Callable[[Instance], float] = lambda _: 0.0,
    minimum: int = 1,
) -> tuple[Instance, int] | None:
    """Return the cheapest type for tasks, and how many instances of it; None if no type is large enough.

    Args:
        loads: the tasks.
        candidates: the types to choose from.
        region: its prices are compared.
        reserved_gib: memory of each instance for the system and the ECS agent.
        extra: dollars an hour for each instance of a type beside its own price.
        minimum: the lowest number of instances.
    """
    # At the same price the smaller type, because one failed instance costs less capacity.
    fitting = [
        ((count * (item.hourly(region) + extra(item)), item.vcpus, item.type), item, count)
        for item in candidates
        if (needed := instances_for(loads, item, reserved_gib)) and (count := max(needed, minimum))
    ]
    return min(fitting)[1:] if fitting else None


@cache
def load_instances() -> Mapping[str, Instance]:
    """Read `instances.yaml`, and return all types by name."""
    document = read_table("instances.yaml")
    source = Source(**document["source"])

    def instance(name: str, row: list[float | None]) -> Instance:
        vcpus, gib = cast("list[float]", row[:_SIZES])
        priced = zip(document["regions"], row[_SIZES:], strict=True)
        prices = {region: usd for region, usd in priced if usd is not None}
        return Instance(type=name, vcpus=vcpus, gib=gib, prices=prices, source=source)

    return {name: instance(name, row) for name, row in document["types"].items()}
