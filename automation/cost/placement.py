"""Which capacity provider a service's tasks run on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from automation.cost.resources import Resource, Stack


def strategy_of(service: Resource, stack: Stack) -> list[Mapping[str, Any]]:
    """Return the strategy of a service: its own, its launch type, or that of its cluster."""
    if own := service.items("capacityProviderStrategies"):
        return own
    if launch_type := service.properties.get("launchType"):
        return [{"capacityProvider": launch_type, "weight": 1}]
    of_cluster = stack.all("aws:ecs/clusterCapacityProviders:ClusterCapacityProviders")
    return [line for item in of_cluster for line in item.items("defaultCapacityProviderStrategies")]


def shares(tasks: float, strategy: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Return how many tasks a strategy puts where: the bases first, and the rest by weight, on average."""
    lines = list(strategy)
    placed: dict[str, float] = {}
    left = tasks
    for line in lines:
        base = min(int(line.get("base") or 0), left)
        placed[str(line["capacityProvider"])] = float(base)
        left -= base
    weights = sum(int(line.get("weight") or 0) for line in lines)
    for line in lines if weights else ():
        placed[str(line["capacityProvider"])] += left * int(line.get("weight") or 0) / weights
    return {provider: share for provider, share in placed.items() if share}
