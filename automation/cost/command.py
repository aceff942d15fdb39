"""`python -m automation cost`: what a stack, or a change of it, costs in a month."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from automation.cost import chart as charts
from automation.cost import report
from automation.cost.assumptions import Assumptions
from automation.cost.estimate import Estimate, estimate
from automation.cost.export import read_export
from automation.cost.live import PricesOfToday
from automation.cost.plan import plan
from automation.cost.prices import PriceBook, PricesOfTable
from automation.cost.resources import Stack
from automation.errors import AutomationError

_FILE: Final = click.Path(dir_okay=False, path_type=Path)


def _assumptions(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> Assumptions:
    try:
        return Assumptions.with_overrides(given)
    except AutomationError as error:
        raise click.BadParameter(str(error)) from error


def _svg(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
    if path is not None and path.suffix != ".svg":
        raise click.BadParameter(f"{path} must end in .svg")
    return path


@click.command(short_help="Show what a stack costs in a month.")
@click.argument("stack")
@click.option("--compare", metavar="STACK", help="Show what another stack would cost instead.")
@click.option(
    "--before",
    type=_FILE,
    help="Show the change from a file that `pulumi stack export` wrote to what the program declares now.",
)
@click.option("--live", is_flag=True, help="Ask AWS's Price List API; needs credentials.")
@click.option(
    "--assume",
    multiple=True,
    metavar="NAME=NUMBER",
    callback=_assumptions,
    help="Replace an assumption, such as requests=5000000.",
)
@click.option(
    "--budget",
    type=click.FloatRange(min=0),
    metavar="DOLLARS",
    help="Fail if the stack costs more a month; the default is its config key monthly-budget-usd.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--chart", type=_FILE, callback=_svg, metavar="FILE.svg", help="Write a bar chart.")
def cost(
    *,
    stack: str,
    compare: str | None,
    before: Path | None,
    live: bool,
    assume: Assumptions,
    budget: float | None,
    as_json: bool,
    chart: Path | None,
) -> int:
    """Show what STACK costs in a month, from the resources that its program declares.

    No AWS account is needed. The exit code is 1 if the stack costs more than its budget.
    """
    if compare is not None and before is not None:
        raise click.UsageError("use either --compare or --before, not both")
    planned = plan(stack)
    pricer = _Pricer(assume, live=live)
    this = pricer.price(planned)
    sides: list[tuple[str, Estimate]] = [(stack, this)]
    if compare is not None:
        sides.append((compare, pricer.price(plan(compare))))
    elif before is not None:
        sides.insert(0, ("now", pricer.price(read_export(before), instead_of=planned)))
        sides[1] = ("declared", this)
    limit = budget if budget is not None else planned.monthly_budget_usd
    over = limit is not None and round(this.usd, 2) > limit

    if as_json:
        click.echo(json.dumps(_document(this, sides, limit, over=over), indent=2))
    else:
        _print(this, sides)
    if chart is not None:
        _write(chart, charts.svg([side for _, side in sides], [name for name, _ in sides]))
    for remark in pricer.remarks():
        click.echo(remark, err=True)
    if limit is None or not over:
        return 0
    click.echo(
        f"error: {stack} costs {report.usd(this.usd)} a month, {report.usd(this.usd - limit)} more than "
        f"its budget of {report.usd(limit)}",
        err=True,
    )
    return 1


class _Pricer:
    """Prices stacks with one set of assumptions; each price is requested once."""

    def __init__(self, assumptions: Assumptions, *, live: bool) -> None:
        self._assumptions = assumptions
        self._live = live
        self._books: dict[str, PriceBook] = {}

    def price(self, stack: Stack, *, instead_of: Stack | None = None) -> Estimate:
        """Price a stack; an empty one has no region, and costs nothing."""
        region = stack.region or (instead_of.region if instead_of else "")
        if region not in self._books:
            self._books[region] = PricesOfToday(region) if self._live else PricesOfTable(region)
        return estimate(stack, self._books[region], self._assumptions)

    def remarks(self) -> list[str]:
        """Return what the reader should know of the prices."""
        return [
            f"from the table, since AWS's price list does not have them: {', '.join(sorted(book.from_table))}"
            for book in self._books.values()
            if isinstance(book, PricesOfToday) and book.from_table
        ]


def _print(this: Estimate, sides: list[tuple[str, Estimate]]) -> None:
    console = Console()
    report.show(console, this)
    if len(sides) > 1:
        (one, first), (other, second) = sides
        console.print()
        report.show_change(console, first, second, (one, other))


def _document(
    this: Estimate, sides: list[tuple[str, Estimate]], limit: float | None, *, over: bool
) -> dict[str, object]:
    document: dict[str, object] = {**report.as_json(this), "budget_usd": limit, "over_budget": over}
    if len(sides) > 1:
        (one, first), (other, second) = sides
        document["change"] = report.change_as_json(first, second, (one, other))
    return document


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise AutomationError(f"{path} cannot be written: {error.strerror}") from error
