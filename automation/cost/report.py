"""Shows an estimate: aligned lines for people, JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

import click

from automation.console import width_of
from automation.cost import savings
from automation.cost.estimate import Estimate, change
from automation.cost.prices import is_listed, load_table
from automation.cost.savings import Savings
from automation.services.quota import VCPUS_OF_A_NEW_ACCOUNT

_NAMES: Final = 2
"""Columns at the beginning that a narrow terminal keeps: what it is, and of which resource."""
_SHORTEST: Final = 8

Named = tuple[str, Estimate]
"""An estimate, with what it is called."""


def usd(amount: float) -> str:
    """Return dollars and cents."""
    return f"${amount:,.2f}"


def signed(amount: float) -> str:
    """Return a change in dollars and cents, with its sign."""
    cents = round(amount, 2)
    return usd(0) if not cents else f"{'+' if cents > 0 else '-'}{usd(abs(cents))}"


def lines(estimate: Estimate) -> Iterator[str]:
    """Yield what a stack costs, by group, and what the estimate is based on."""
    rows: list[tuple[str, ...]] = [("", "resource", "quantity", "price", "a month")]
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
    yield from savings_lines(estimate.savings)
    yield from notes(estimate)


def change_lines(sides: Sequence[Named]) -> Iterator[str]:
    """Yield how two estimates differ, group by group; of one alone nothing."""
    if len(sides) == 1:
        return
    (one, old), (other, new) = sides
    rows: list[tuple[str, ...]] = [("", one, other, "change")]
    for group, (was, is_) in {**change(old, new), "total": (old.usd, new.usd)}.items():
        rows.append((group, usd(was), usd(is_), signed(is_ - was)))
    yield ""
    yield f"from {one} to {other}: {signed(new.usd - old.usd)} a month"
    yield from _table(rows, amounts=3)


def savings_lines(found: Savings) -> Iterator[str]:
    """Yield what could be saved for tasks that always run; nothing without such tasks."""
    if not found.options:
        return
    tasks = ", ".join(f"{count:g} of {name}" for name, count in found.tasks.items())
    yield f"Tasks that always run, on demand ({tasks}): {usd(found.usd)} a month of Fargate; less with"
    rows: list[tuple[str, ...]] = [("", "a month", "change", "commits to")]
    rows += [
        (
            f"  {option.name}",
            usd(option.usd),
            signed(-option.saved),
            "" if option.commitment is None else f"${option.commitment:.4f}/hour",
        )
        for option in found.options
    ]
    yield from _table(rows, amounts=3)
    plans = load_table().plans
    yield f"Plans: rates of {plans.region}, read {plans.source.read}; the same discount is assumed elsewhere."


def notes(estimate: Estimate) -> Iterator[str]:
    """Yield what the estimate is based on."""
    yield from _left_out(estimate)
    yield from _tasks(estimate)
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
        left_out = ", ".join(f"{count} {token}" for token, count in sorted(estimate.unpriced.items()))
        yield f"Not included, so the stack costs more: {left_out}"
    if estimate.missing:
        yield (
            "Not included, so the stack costs more: no price is known in "
            f"{estimate.stack.region} of {', '.join(estimate.missing)}"
        )
        if listed := [key for key in estimate.missing if is_listed(key)]:
            yield f"`cost --live` gets prices from AWS, with credentials: {', '.join(listed)}"


def _tasks(estimate: Estimate) -> Iterator[str]:
    scaled: dict[str, list[str]] = {}
    for name, tasks in estimate.tasks.items():
        if tasks.basis:
            scaled.setdefault(tasks.basis, []).append(name)
    for basis, names in scaled.items():
        yield f"Tasks of {', '.join(names)}: {basis}"


def as_json(estimate: Estimate) -> dict[str, Any]:
    """Return an estimate as plain data."""
    return {
        "stack": estimate.stack.name,
        "region": estimate.stack.region,
        "usd_per_month": _cents(estimate.usd),
        "most_vcpus": estimate.stack.most_vcpus,
        "groups": {group: _cents(total) for group, total in estimate.groups.items()},
        "lines": [
            {
                "resource": line.resource,
                "type": line.type,
                "group": line.usage.group,
                "what": line.usage.what,
                "quantity": line.usage.quantity,
                "unit": line.price.unit,
                "usd_per_unit": line.price.usd,
                "usd_per_month": _cents(line.usd),
                "source": line.price.source.url,
                "read": line.price.source.read.isoformat(),
                **({"derived": line.price.derived} if line.price.derived else {}),
            }
            for line in estimate.lines
        ],
        "tasks": {
            name: {"average": round(tasks.average, 4), "basis": tasks.basis or "desired count"}
            for name, tasks in estimate.tasks.items()
        },
        "assumptions": {name: value for name, value, _ in estimate.assumed},
        "not_priced": dict(estimate.unpriced),
        "no_price_known": list(estimate.missing),
        "savings": savings.as_json(estimate.savings),
    }


def change_as_json(sides: Sequence[Named]) -> dict[str, Any]:
    """Return the difference of two estimates as plain data; of one alone nothing."""
    if len(sides) == 1:
        return {}
    (one, old), (other, new) = sides
    difference = {
        "from": one,
        "to": other,
        "from_usd_per_month": _cents(old.usd),
        "to_usd_per_month": _cents(new.usd),
        "usd_per_month": _cents(new.usd - old.usd),
        "groups": {
            group: {"from": _cents(was), "to": _cents(is_), "change": _cents(is_ - was)}
            for group, (was, is_) in change(old, new).items()
        },
    }
    return {"change": difference}


def _table(rows: Sequence[Sequence[str]], *, amounts: int) -> Iterator[str]:
    """Yield aligned lines, of which a terminal shows those that are not indented in bold.

    Args:
        rows: cells of lines.
        amounts: how many columns at the end are aligned to the right.
    """
    rows = _fitting(rows, first_amount=len(rows[0]) - amounts)
    widths = _widths(rows)
    first_amount = len(widths) - amounts
    for row in rows:
        cells = [
            cell.ljust(width) if index < first_amount else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        line = "  ".join(cells).rstrip()
        yield line if row[0].startswith("  ") else click.style(line, bold=True)
    yield ""


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def _fitting(rows: Sequence[Sequence[str]], *, first_amount: int) -> Sequence[Sequence[str]]:
    """Return rows that are as wide as the terminal at most: without prices and quantities, then shortened."""
    width = width_of(sys.stdout)
    while width is not None and (excess := sum(_widths(rows)) + 2 * (len(rows[0]) - 1) - width) > 0:
        if first_amount > _NAMES:
            first_amount -= 1
            rows = [(*row[:first_amount], *row[first_amount + 1 :]) for row in rows]
            continue
        widths = _widths(rows)[:first_amount]
        widest = max(range(first_amount), key=widths.__getitem__)
        longest = max(_SHORTEST, widths[widest] - excess, sorted(widths)[-2] if first_amount > 1 else 0)
        if longest >= widths[widest]:
            longest = widths[widest] - 1
        if longest < _SHORTEST:
            break
        rows = [
            [_shortened(cell, longest) if index == widest else cell for index, cell in enumerate(row)]
            for row in rows
        ]
    return rows


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _cents(amount: float) -> float:
    return round(amount, 2)
