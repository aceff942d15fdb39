"""The cost of a stack in a month: each usage times its price."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from automation.cost.assumptions import Assumptions
from automation.cost.meters import usages
from automation.cost.prices import MissingPriceError, Price, Prices
from automation.cost.resources import Stack
from automation.cost.savings import Savings, savings
from automation.cost.tasks import Tasks
from automation.cost.usage import Context, Usage


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of the bill."""

    resource: str
    type: str
    usage: Usage
    price: Price

    @property
    def usd(self) -> float:
        """Dollars a month."""
        return self.usage.quantity * self.price.usd


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """The cost of a stack in a month."""

    stack: Stack
    assumptions: Assumptions
    lines: tuple[Line, ...]
    unpriced: Mapping[str, int]
    """The number of resources of each unknown type; the total does not include them."""
    missing: tuple[str, ...] = ()
    """Keys of prices that are unknown in the region; the total does not include them."""
    savings: Savings = field(default_factory=Savings)
    tasks: Mapping[str, Tasks] = field(default_factory=dict[str, Tasks])
    """The number of tasks of each service, by its logical name."""

    @property
    def usd(self) -> float:
        """Dollars a month."""
        return sum(line.usd for line in self.lines)

    @property
    def groups(self) -> dict[str, float]:
        """Dollars a month by group, the most expensive first."""
        totals: dict[str, float] = {}
        for line in self.lines:
            totals[line.usage.group] = totals.get(line.usage.group, 0) + line.usd
        return dict(sorted(totals.items(), key=lambda item: -item[1]))

    @property
    def assumed(self) -> list[tuple[str, float, str]]:
        """The assumptions that the estimate depends on."""
        names = {name for line in self.lines for name in line.usage.assumptions}
        if any(tasks.follows_load for tasks in self.tasks.values()):
            names.add("scaling")
        return self.assumptions.described(names)


def estimate(stack: Stack, prices: Prices, assumptions: Assumptions) -> Estimate:
    """Estimate the cost of a stack."""
    context = Context(stack, assumptions)
    lines: list[Line] = []
    unpriced: Counter[str] = Counter()
    missing: set[str] = set()
    for resource in stack.resources:
        used = usages(resource, context)
        if used is None:
            unpriced[resource.type] += 1
        for usage in used or ():
            try:
                price = prices.price(usage.price)
            except MissingPriceError:
                missing.add(usage.price)
                continue
            lines.append(Line(resource=resource.name, type=resource.type, usage=usage, price=price))
    return Estimate(
        stack=stack,
        assumptions=assumptions,
        lines=tuple(lines),
        unpriced=dict(unpriced),
        missing=tuple(sorted(missing)),
        savings=savings(stack, prices, assumptions.hours),
        tasks=context.tasks,
    )


def change(before: Estimate, after: Estimate) -> dict[str, tuple[float, float]]:
    """Return dollars a month before and after by group, the largest change first."""
    groups = {*before.groups, *after.groups}
    pairs = {group: (before.groups.get(group, 0.0), after.groups.get(group, 0.0)) for group in groups}
    return dict(sorted(pairs.items(), key=lambda item: (-abs(item[1][1] - item[1][0]), item[0])))
