"""EC2 instance types: how large each is, what it costs, and how many of them a number of tasks takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil, floor
from pathlib import Path
from typing import Final, cast

from automation.cost.source import Source, read_table

TABLE: Final = Path(__file__).with_name("instances.yaml")
INSTANCE: Final = "ec2-"
"""Before an instance type: the key of its price."""
MANAGED: Final = "managed-"
"""Before an instance type: the key of what ECS asks for managing one."""
FALLBACK_REGION: Final = "us-east-1"
"""Whose prices say which type is the cheaper one in a region that the table does not know."""
_NUMBERS: Final = 2
_BURSTABLE: Final = re.compile(r"t\d")


@dataclass(frozen=True, kw_only=True)
class Instance:
    """An instance type."""

    type: str
    vcpus: float
    gib: float
    prices: Mapping[str, float]
    """Dollars an hour on demand, by region."""

    @property
    def architecture(self) -> str:
        """The processor: Graviton has a g after the generation, as in m7g and c7gn."""
        return architecture_of(self.type)

    @property
    def burstable(self) -> bool:
        """Whether it has all of its vCPUs for a part of the time only."""
        return _BURSTABLE.match(self.type) is not None

    def hourly(self, region: str) -> float:
        """Return dollars an hour, of another region where this one is not known; for comparisons."""
        return self.prices.get(region, self.prices[FALLBACK_REGION])


@dataclass(frozen=True, kw_only=True)
class Instances:
    """All types of the table."""

    source: Source
    types: Mapping[str, Instance]


@dataclass(frozen=True, kw_only=True)
class Load:
    """Tasks of one size."""

    tasks: float
    vcpus: float
    gib: float


def architecture_of(instance_type: str) -> str:
    """Return the processor of an instance type, by its name."""
    form = re.match(r"[a-z]+\d+([a-z]*)", instance_type)
    return "arm64" if form and "g" in form[1] else "x86_64"


def instances_for(loads: Iterable[Load], instance: Instance, reserved_gib: float) -> int | None:
    """Return how many instances of a type tasks take; None if one of them fits on none.

    Tasks of several sizes are taken to fill instances side by side without a gap.

    Args:
        loads: the tasks.
        instance: the type.
        reserved_gib: memory of each instance that the system and the agent take.
    """
    taken = 0.0
    for load in loads:
        by_cpu = instance.vcpus / load.vcpus if load.vcpus else float("inf")
        by_memory = (instance.gib - reserved_gib) / load.gib if load.gib else float("inf")
        room = min(by_cpu, by_memory)
        if room < 1:
            return None
        taken += load.tasks / (room if room == float("inf") else floor(room))
    # What floating point adds to a whole number is no instance.
    return ceil(round(taken, 6))


def cheapest(
    loads: Sequence[Load],
    candidates: Iterable[Instance],
    region: str,
    reserved_gib: float,
    *,
    beside: Callable[[Instance], float] = lambda _: 0.0,
    at_least: int = 1,
) -> tuple[Instance, int] | None:
    """Return the type, and how many of it, on which tasks cost least; None if they fit on none.

    Args:
        loads: the tasks.
        candidates: the types that may be taken.
        region: whose prices count.
        reserved_gib: memory of each instance that the system and the agent take.
        beside: what an instance of a type costs beside itself.
        at_least: how many instances there are anyway.
    """
    # Of two that cost the same, the one with the smaller instances: it loses less when one fails.
    fitting = [
        ((count * (one.hourly(region) + beside(one)), one.vcpus, one.type), one, count)
        for one in candidates
        if (needed := instances_for(loads, one, reserved_gib)) and (count := max(needed, at_least))
    ]
    if not fitting:
        return None
    _, instance, count = min(fitting, key=lambda item: item[0])
    return instance, count


@cache
def load_instances() -> Instances:
    """Read the file, whose form is covered by a test."""
    document = read_table(TABLE)
    regions: list[str] = document["regions"]

    def instance(name: str, row: list[float | None]) -> Instance:
        vcpus, gib = cast("list[float]", row[:_NUMBERS])
        priced = zip(regions, row[_NUMBERS:], strict=True)
        prices = {region: usd for region, usd in priced if usd is not None}
        return Instance(type=name, vcpus=vcpus, gib=gib, prices=prices)

    return Instances(
        source=Source(**document["source"]),
        types={name: instance(name, row) for name, row in document["types"].items()},
    )
