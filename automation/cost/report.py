"""Shows an estimate: aligned lines for people, JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import click

from automation.console import width_of
from automation.cost import savings
from automation.cost.estimate import Estimate, change
from automation.cost.prices import load_table, lookup_of
from automation.cost.savings import Savings
from automation.services.quota import VCPUS_OF_A_NEW_ACCOUNT

Named = tuple[str, Estimate]
"""An estimate with its title."""


def usd(amount: float) -> str:
    """Return dollars and cents."""
    return f"${amount:,.2f}"


def signed(amount: float) -> str:
    """Return a change in dollars and cents, with its sign."""
    cents = round(amount, 2)
    return usd(0) if not cents else f"{'+' if cents > 0 else '-'}{usd(abs(cents))}"


def lines(estimate: Estimate) -> Iterator[str]:
    """Yield the cost of a stack by group, possible savings, and the basis of the estimate."""
    rows: list[Sequence[str]] = [("", "resource", "quantity", "price", "a month")]
    for group, total in estimate.groups.items():
        rows.append((group, "", "", "", usd(total)))
        rows += [
            (
                f"  {line.usage.what}",
                line.resource,
                f"{line.usage.quantity:,.6g} {line.price.unit}",
                f"${line.price.usd:.8g}",
                usd(line.usd),
            )
            for line in estimate.lines
            if line.usage.group == group
        ]
    yield f"{estimate.stack.name} in {estimate.stack.region}: {usd(estimate.usd)} a month"
    yield from _table(rows, amounts=1)
    yield from _savings_lines(estimate.savings)
    yield from _notes(estimate)


def change_lines(sides: Sequence[Named]) -> Iterator[str]:
    """Yield the difference of two estimates by group; nothing for a single one."""
    if len(sides) == 1:
        return
    (old_title, old), (new_title, new) = sides
    rows: list[Sequence[str]] = [("", old_title, new_title, "change")]
    for group, (before, after) in {**change(old, new), "total": (old.usd, new.usd)}.items():
        rows.append((group, usd(before), usd(after), signed(after - before)))
    yield ""
    yield f"from {old_title} to {new_title}: {signed(new.usd - old.usd)} a month"
    yield from _table(rows, amounts=3)


def _savings_lines(found: Savings) -> Iterator[str]:
    if not found.options:
        return
    tasks = ", ".join(f"{count:g} of {name}" for name, count in found.tasks.items())
    yield f"Tasks that always run, on demand ({tasks}): {usd(found.usd)} a month of Fargate; less with"
    rows: list[Sequence[str]] = [("", "a month", "change", "commits to")]
    for option in found.options:
        commitment = "" if option.commitment is None else f"${option.commitment:.4f}/hour"
        rows.append((f"  {option.name}", usd(option.usd), signed(-option.saved), commitment))
    yield from _table(rows, amounts=3)
    plans = load_table().plans
    yield f"Plans: rates of {plans.region}, read {plans.source.read}; the same discount is assumed elsewhere."


def _notes(estimate: Estimate) -> Iterator[str]:
    yield from _left_out(estimate)
    services: dict[str, list[str]] = {}
    for name, tasks in estimate.tasks.items():
        if tasks.basis:
            services.setdefault(tasks.basis, []).append(name)
    for basis, names in services.items():
        yield f"Tasks of {', '.join(names)}: {basis}"
    if estimate.stack.most_vcpus:
        yield (
            f"It may need up to {estimate.stack.most_vcpus:g} Fargate vCPUs, with its most tasks during a "
            f"deployment; a new account allows {VCPUS_OF_A_NEW_ACCOUNT:g}."
        )
    if estimate.assumed:
        yield "Assumed (change with --assume name=number):"
        for name, value, meaning in estimate.assumed:
            yield f"  {name}={value:g}  {meaning}"
    days = sorted({line.price.source.read for line in estimate.lines})
    if days:
        span = f"{days[0]}" if days[0] == days[-1] else f"{days[0]} to {days[-1]}"
        yield f"Prices read {span}; without free tiers, discounts and taxes."


def _left_out(estimate: Estimate) -> Iterator[str]:
    if estimate.unpriced:
        types = ", ".join(f"{count} {token}" for token, count in sorted(estimate.unpriced.items()))
        yield f"Not included, so the stack costs more: {types}"
    if estimate.missing:
        yield (
            f"Not included, so the stack costs more: no price is known in {estimate.stack.region} of "
            f"{', '.join(estimate.missing)}"
        )
        if listed := [key for key in estimate.missing if lookup_of(key)]:
            yield f"`cost --live` gets prices from AWS, with credentials: {', '.join(listed)}"


def as_json(estimate: Estimate) -> dict[str, Any]:
    """Return an estimate as plain data."""
    return {
        "stack": estimate.stack.name,
        "region": estimate.stack.region,
        "usd_per_month": round(estimate.usd, 2),
        "max_fargate_vcpus": estimate.stack.most_vcpus,
        "groups": {group: round(total, 2) for group, total in estimate.groups.items()},
        "lines": [
            {
                "resource": line.resource,
                "type": line.type,
                "group": line.usage.group,
                "description": line.usage.what,
                "quantity": line.usage.quantity,
                "unit": line.price.unit,
                "usd_per_unit": line.price.usd,
                "usd_per_month": round(line.usd, 2),
                "source": line.price.source.url,
                "retrieved": line.price.source.read.isoformat(),
                **({"derivation": line.price.derived} if line.price.derived else {}),
            }
            for line in estimate.lines
        ],
        "tasks": {
            name: {"average": round(tasks.average, 4), "basis": tasks.basis or "desired count"}
            for name, tasks in estimate.tasks.items()
        },
        "assumptions": {name: value for name, value, _ in estimate.assumed},
        "unpriced_resources": dict(estimate.unpriced),
        "missing_prices": list(estimate.missing),
        "savings": savings.as_json(estimate.savings),
    }


def change_as_json(sides: Sequence[Named]) -> dict[str, Any]:
    """Return the difference of two estimates as plain data; nothing for a single one."""
    if len(sides) == 1:
        return {}
    (old_title, old), (new_title, new) = sides
    return {
        "change": {
            "from": old_title,
            "to": new_title,
            "from_usd_per_month": round(old.usd, 2),
            "to_usd_per_month": round(new.usd, 2),
            "usd_per_month": round(new.usd - old.usd, 2),
            "groups": {
                group: {"from": round(before, 2), "to": round(after, 2), "change": round(after - before, 2)}
                for group, (before, after) in change(old, new).items()
            },
        }
    }


def _table(rows: Sequence[Sequence[str]], *, amounts: int) -> Iterator[str]:
    """Yield aligned lines; on a terminal those that are not indented are bold.

    On a terminal that is too narrow, each row has its details on a line of their own.

    Args:
        rows: a label, details and amounts; the first row has the titles.
        amounts: the number of amounts at the end, which are aligned to the right.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    width = width_of(sys.stdout)
    narrow = width is not None and sum(widths) + 2 * (len(widths) - 1) > width
    for label, *cells in rows:
        details, figures = cells[:-amounts], cells[-amounts:]
        right = "".join(f"  {cell:>{size}}" for cell, size in zip(figures, widths[-amounts:], strict=True))
        below: list[str] = []
        if width is None or not narrow:
            text = "  ".join(cell.ljust(size) for cell, size in zip([label, *details], widths, strict=False))
            line = text + right
        elif len(label) + len(right) <= width:
            line = label.ljust(width - len(right)) + right
        else:
            line, below = label, [right.rjust(width)]
        yield line.rstrip() if label.startswith("  ") else click.style(line.rstrip(), bold=True)
        yield from below
        if narrow and any(details):
            yield f"    {', '.join(filter(None, details))}"
    yield ""
