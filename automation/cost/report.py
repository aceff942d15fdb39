"""Prints an estimate: a table on a terminal, plain lines elsewhere, JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.table import Table

from automation.cost.estimate import Estimate, change


def usd(amount: float) -> str:
    """Return dollars and cents."""
    return f"${amount:,.2f}"


def signed(amount: float) -> str:
    """Return a change in dollars and cents, with its sign."""
    cents = round(amount, 2)
    return usd(0) if not cents else f"{'+' if cents > 0 else '-'}{usd(abs(cents))}"


def show(console: Console, estimate: Estimate) -> None:
    """Print what a stack costs, line by line."""
    title = f"{estimate.stack.name} in {estimate.stack.region}: {usd(estimate.usd)} a month"
    columns = ("", "resource", "quantity", "price", "a month")
    rows = [
        row
        for group, total in estimate.groups.items()
        for row in (
            (group, "", "", "", usd(total)),
            *(
                (
                    f"  {line.usage.what}",
                    line.resource,
                    f"{line.usage.quantity:,.6g} {line.price.unit}",
                    f"${line.price.usd:.8g}",
                    usd(line.usd),
                )
                for line in estimate.lines
                if line.usage.group == group
            ),
        )
    ]
    _table(console, title, columns, rows)
    for note in notes(estimate):
        console.print(note, highlight=False, markup=False, soft_wrap=True)


def show_change(console: Console, before: Estimate, after: Estimate, titles: tuple[str, str]) -> None:
    """Print how two estimates differ, group by group."""
    title = f"from {titles[0]} to {titles[1]}: {signed(after.usd - before.usd)} a month"
    rows = [
        (group, usd(old), usd(new), signed(new - old)) for group, (old, new) in change(before, after).items()
    ]
    total = ("total", usd(before.usd), usd(after.usd), signed(after.usd - before.usd))
    _table(console, title, ("", *titles, "change"), [*rows, total])


def notes(estimate: Estimate) -> Iterator[str]:
    """Yield what the number rests on."""
    if estimate.unpriced:
        left_out = ", ".join(f"{count} {token}" for token, count in sorted(estimate.unpriced.items()))
        yield f"Not priced, so it costs more than this: {left_out}"
    scaled: dict[str, list[str]] = {}
    for name, tasks in estimate.tasks.items():
        if tasks.basis:
            scaled.setdefault(tasks.basis, []).append(name)
    for basis, names in scaled.items():
        yield f"Tasks of {', '.join(names)}: {basis}"
    if estimate.assumed:
        yield "Assumed (change with --assume name=number):"
        for name, value, meaning in estimate.assumed:
            yield f"  {name}={value:g}  {meaning}"
    days = sorted({line.price.source.read for line in estimate.lines})
    if days:
        span = f"{days[0]}" if days[0] == days[-1] else f"{days[0]} to {days[-1]}"
        yield f"Prices read {span}; without free tiers, discounts and taxes."


def as_json(estimate: Estimate) -> dict[str, Any]:
    """Return an estimate as plain data."""
    return {
        "stack": estimate.stack.name,
        "region": estimate.stack.region,
        "usd_per_month": _cents(estimate.usd),
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
            }
            for line in estimate.lines
        ],
        "tasks": {
            name: {"average": round(tasks.average, 4), "basis": tasks.basis or "desired count"}
            for name, tasks in estimate.tasks.items()
        },
        "assumptions": {name: value for name, value, _ in estimate.assumed},
        "not_priced": dict(estimate.unpriced),
    }


def change_as_json(before: Estimate, after: Estimate, titles: tuple[str, str]) -> dict[str, Any]:
    """Return the difference of two estimates as plain data."""
    return {
        "from": titles[0],
        "to": titles[1],
        "from_usd_per_month": _cents(before.usd),
        "to_usd_per_month": _cents(after.usd),
        "usd_per_month": _cents(after.usd - before.usd),
        "groups": {
            group: {"from": _cents(old), "to": _cents(new), "change": _cents(new - old)}
            for group, (old, new) in change(before, after).items()
        },
    }


def _table(console: Console, title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    numbers = {index for index, _ in enumerate(columns) if index and rows and _is_number(rows[0][index])}
    if console.is_terminal:
        table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
        for index, column in enumerate(columns):
            table.add_column(column, justify="right" if index in numbers else "left", overflow="fold")
        for row in rows:
            table.add_row(*row, style=None if row[0].startswith("  ") else "bold")
        console.print(table)
        console.print()
        return
    widths = [max(len(line[index]) for line in (columns, *rows)) for index, _ in enumerate(columns)]
    console.print(title, highlight=False, markup=False, soft_wrap=True)
    for line in (columns, *rows):
        cells = (
            text.rjust(width) if index in numbers else text.ljust(width)
            for index, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        console.print("  ".join(cells).rstrip(), highlight=False, markup=False, soft_wrap=True)
    console.print()


def _is_number(text: str) -> bool:
    return text.lstrip("+-").startswith("$")


def _cents(amount: float) -> float:
    return round(amount, 2)
