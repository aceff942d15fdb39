"""Rules for what the tasks run on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from infra.settings import CapacityProvider, ClusterSettings

if TYPE_CHECKING:
    from infra.config.record import Record

_INSIGHTS: Final[tuple[Literal["disabled", "enabled", "enhanced"], ...]] = ("disabled", "enabled", "enhanced")
_PROVIDERS: Final[tuple[Literal["FARGATE", "FARGATE_SPOT"], ...]] = ("FARGATE", "FARGATE_SPOT")
_FIELDS: Final = ("capacity-provider", "weight", "base")
_KEY: Final = "capacity-provider-strategy"


def read_cluster(config: Record) -> ClusterSettings:
    """Read the cluster.

    Ranges and the rules about `base` and `weight` are those of
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
    """
    return ClusterSettings(
        container_insights=config.choice("container-insights", _INSIGHTS),
        capacity_provider_strategy=_read_strategy(config),
    )


def _read_strategy(config: Record) -> tuple[CapacityProvider, ...]:
    faults = config.faults
    lines: list[CapacityProvider] = []
    for entry in config.records(_KEY, _FIELDS):
        line = CapacityProvider(
            capacity_provider=entry.choice("capacity-provider", _PROVIDERS),
            weight=entry.whole("weight", 0, 1000),
            base=entry.whole("base", 0, 100_000) if entry.has("base") else 0,
        )
        if not faults.found_at(entry.key("capacity-provider")) and any(
            line.capacity_provider == other.capacity_provider for other in lines
        ):
            faults.add(
                entry.key("capacity-provider"),
                line.capacity_provider,
                "each capacity provider once; add up the weights",
            )
        if line.base and any(other.base for other in lines):
            faults.add(
                entry.key("base"), line.base, "only one capacity provider of a strategy may have a base"
            )
        lines.append(line)
    if not faults.found_at(_KEY) and not any(line.weight for line in lines):
        faults.add(
            _KEY,
            [{"capacity-provider": line.capacity_provider, "weight": line.weight} for line in lines],
            "at least one capacity provider with a weight above 0, else no task has a place",
        )
    return tuple(lines)
