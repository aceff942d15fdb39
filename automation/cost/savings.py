"""Savings for tasks that always run: a Compute Savings Plan, or Graviton.

A plan commits an account to an amount an hour for one or three years. So it is calculated for tasks that run
at every hour: a service's desired count, or the fewest that its autoscaling and its schedules allow. Spot is
left out: no plan covers it, and it costs less already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from automation.cost.placement import shares, strategy_of
from automation.cost.prices import MissingPriceError, PriceBook, load_table
from automation.cost.resources import Resource, Stack
from automation.cost.tasks import SERVICE, tasks_of
from automation.cost.usage import fargate_hours

_YEARS: Final = {1: "1 year", 3: "3 years"}
_GRAVITON: Final = "Graviton (architecture: arm64)"


@dataclass(frozen=True, kw_only=True)
class Option:
    """A way to pay less for the same tasks."""

    name: str
    usd: float
    """What the tasks would cost in a month."""
    saved: float
    commitment: float | None = None
    """Dollars an hour that the plan commits to."""


@dataclass(frozen=True, kw_only=True)
class Savings:
    """The possible savings."""

    tasks: Mapping[str, float] = field(default_factory=dict[str, float])
    """How many tasks on demand always run, by their service."""
    usd: float = 0.0
    """What they cost in a month."""
    options: tuple[Option, ...] = ()


def savings(stack: Stack, prices: PriceBook, hours: float) -> Savings:
    """Return what a stack's tasks that always run would cost less.

    Args:
        stack: all its resources.
        prices: those of its region.
        hours: of a month.
    """
    try:
        return _savings(stack, prices, hours)
    except MissingPriceError:
        # The bill leaves these tasks out as well, and says so.
        return Savings()


def _savings(stack: Stack, prices: PriceBook, hours: float) -> Savings:
    always: dict[str, float] = {}
    used: dict[str, float] = {}
    on_graviton: dict[str, float] = {}
    for service in stack.all(SERVICE):
        count = _always(service, stack)
        definition = stack.by_arn(service.properties.get("taskDefinition"))
        if not count or definition is None:
            continue
        always[service.name] = count
        for key, quantity in fargate_hours(definition, count * hours).items():
            used[key] = used.get(key, 0) + quantity
            other = key.replace("x86_64", "arm64")
            on_graviton[other] = on_graviton.get(other, 0) + quantity
    if not used:
        return Savings()
    on_demand = _cost(used, prices)
    options = [_plan(years, used, prices, hours, on_demand) for years in _YEARS]
    if on_graviton != used:
        less = _cost(on_graviton, prices)
        options += [
            Option(name=_GRAVITON, usd=less, saved=on_demand - less),
            *(_plan(years, on_graviton, prices, hours, on_demand, graviton=True) for years in _YEARS),
        ]
    return Savings(tasks=always, usd=on_demand, options=tuple(options))


def _always(service: Resource, stack: Stack) -> float:
    """Return how many tasks of a service run on demand at every hour of the year."""
    tasks = tasks_of(service, stack, scaling=0)
    fewest = min(count for count, _ in tasks.levels)
    return 0.0 if tasks.uncertain else shares(fewest, strategy_of(service, stack)).get("FARGATE", 0.0)


def _cost(used: Mapping[str, float], prices: PriceBook) -> float:
    return sum(quantity * prices.price(key).usd for key, quantity in used.items())


def _plan(
    years: int,
    used: Mapping[str, float],
    prices: PriceBook,
    hours: float,
    on_demand: float,
    *,
    graviton: bool = False,
) -> Option:
    left = load_table().plans.shares[years]
    usd = sum(quantity * prices.price(key).usd * left[key] for key, quantity in used.items())
    return Option(
        name=f"Compute Savings Plan, {_YEARS[years]}, no upfront{', and Graviton' if graviton else ''}",
        usd=usd,
        saved=on_demand - usd,
        commitment=usd / hours if hours else 0.0,
    )


def as_json(found: Savings) -> dict[str, Any]:
    """Return it as plain data."""
    plans = load_table().plans
    return {
        "tasks": {name: round(count, 4) for name, count in found.tasks.items()},
        "usd_per_month": round(found.usd, 2),
        "options": [
            {
                "name": option.name,
                "usd_per_month": round(option.usd, 2),
                "saved_usd_per_month": round(option.saved, 2),
                "commitment_usd_per_hour": None if option.commitment is None else round(option.commitment, 5),
            }
            for option in found.options
        ],
        "plan_rates": {
            "region": plans.region,
            "source": plans.source.url,
            "read": plans.source.read.isoformat(),
        },
    }
