"""Savings for tasks that always run: a Compute Savings Plan, or Graviton.

A plan commits an account to an amount an hour for one or three years. So only tasks that run at every hour
count: the desired count of a service, or the minimum of its autoscaling and schedules. Plans do not cover
Spot tasks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from automation.cost.prices import MissingPriceError, Prices, load_table
from automation.cost.resources import Resource, Stack
from automation.cost.tasks import SERVICE, definition_of, strategy_of, tasks_by_provider, tasks_of
from automation.cost.usage import fargate_hours

_TERMS: Final = {1: "1 year", 3: "3 years"}


@dataclass(frozen=True, kw_only=True)
class Option:
    """A cheaper way to run the same tasks."""

    name: str
    usd: float
    """The cost of the tasks in a month."""
    saved: float
    commitment: float | None = None
    """Dollars an hour that the plan commits to."""


@dataclass(frozen=True, kw_only=True)
class Savings:
    """The possible savings."""

    tasks: Mapping[str, float] = field(default_factory=dict[str, float])
    """The number of on-demand tasks that always run, by service."""
    usd: float = 0.0
    """Their cost in a month."""
    options: tuple[Option, ...] = ()


def savings(stack: Stack, prices: Prices, hours: float) -> Savings:
    """Return the possible savings of a stack.

    Args:
        stack: all its resources.
        prices: those of its region.
        hours: of a month.
    """
    tasks: dict[str, float] = {}
    used: dict[str, float] = {}
    for service in stack.all(SERVICE):
        count = _always_running(service, stack)
        definition = definition_of(service, stack)
        if not count or definition is None:
            continue
        tasks[service.name] = count
        for key, quantity in fargate_hours(definition, count * hours).items():
            used[key] = used.get(key, 0) + quantity
    if not used:
        return Savings()
    try:
        return _options(tasks, used, prices, hours)
    except MissingPriceError:
        # The bill does not include these tasks either, and reports it.
        return Savings()


def _options(tasks: Mapping[str, float], used: Mapping[str, float], prices: Prices, hours: float) -> Savings:
    on_graviton: dict[str, float] = {}
    for key, quantity in used.items():
        other = key.replace("x86_64", "arm64")
        on_graviton[other] = on_graviton.get(other, 0) + quantity

    def cost(of: Mapping[str, float], shares: Mapping[str, float] | None = None) -> float:
        return sum(
            quantity * prices.price(key).usd * (1 if shares is None else shares[key])
            for key, quantity in of.items()
        )

    def plan(years: int, of: Mapping[str, float], suffix: str = "") -> Option:
        usd = cost(of, load_table().plans.shares[years])
        return Option(
            name=f"Compute Savings Plan, {_TERMS[years]}, no upfront{suffix}",
            usd=usd,
            saved=on_demand - usd,
            commitment=usd / hours if hours else 0.0,
        )

    on_demand = cost(used)
    options = [plan(years, used) for years in _TERMS]
    if on_graviton != used:
        usd = cost(on_graviton)
        options.append(Option(name="Graviton (architecture: arm64)", usd=usd, saved=on_demand - usd))
        options += [plan(years, on_graviton, ", and Graviton") for years in _TERMS]
    return Savings(tasks=tasks, usd=on_demand, options=tuple(options))


def _always_running(service: Resource, stack: Stack) -> float:
    """Return how many on-demand tasks of a service run at every hour of the year."""
    tasks = tasks_of(service, stack, scaling=0)
    minimum = min(count for count, _ in tasks.levels)
    return (
        0.0
        if tasks.uncertain
        else tasks_by_provider(minimum, strategy_of(service, stack)).get("FARGATE", 0.0)
    )


def as_json(found: Savings) -> dict[str, Any]:
    """Return savings as plain data."""
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
            "retrieved": plans.source.read.isoformat(),
        },
    }
