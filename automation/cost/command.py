"""`python -m automation cost`: what a stack, or a change of it, costs in a month."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import click

from automation.console import json_option, say, show, write_text
from automation.cost import chart as charts
from automation.cost import compute_table as table
from automation.cost import report
from automation.cost.assumptions import Assumptions
from automation.cost.estimate import Estimate, estimate
from automation.cost.export import read_export
from automation.cost.live import URL, PricesOfToday
from automation.cost.plan import plan
from automation.cost.prices import PricesOfTable
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


def _refuse_what_cannot_be_meant(*rules: tuple[bool, str]) -> None:
    for refused, message in rules:
        if refused:
            raise click.UsageError(message)


@click.command(short_help="Show what a stack costs in a month.")
@click.argument("stack", required=False)
@click.option(
    "--compute-table",
    is_flag=True,
    help="Compare what three workloads cost on each kind of capacity; without STACK.",
)
@click.option("--region", metavar="REGION", help=f"Region of --compute-table; {table.REGION} by default.")
@click.option("--compare", metavar="STACK", help="Compare with another stack.")
@click.option(
    "--before",
    type=_FILE,
    help="Compare the resources in a file of `pulumi stack export` with those that the program declares.",
)
@click.option("--live", is_flag=True, help="Use today's prices from AWS's Price List API; needs credentials.")
@click.option(
    "--assume",
    multiple=True,
    metavar="NAME=NUMBER",
    callback=_assumptions,
    help="Change an assumption, such as requests=5000000.",
)
@click.option(
    "--budget",
    type=click.FloatRange(min=0),
    metavar="DOLLARS",
    help="Fail if the stack costs more a month; the default is its config key monthly-budget-usd.",
)
@json_option
@click.option("--chart", type=_FILE, callback=_svg, metavar="FILE.svg", help="Write a bar chart.")
def cost(
    *,
    stack: str | None,
    compute_table: bool,
    region: str | None,
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
    book = cache(PricesOfToday if live else PricesOfTable)
    if compute_table and stack is None:
        where = region or table.REGION
        rows = table.rows(book(where), where, assume)
        show(table.lines(rows, where), table.as_json(rows, where), as_json=as_json)
        return 0
    if stack is None:
        raise click.UsageError("Missing argument 'STACK'.")
    _refuse_what_cannot_be_meant(
        (compute_table or region is not None, "--compute-table and --region take no STACK"),
        (compare is not None and before is not None, "use either --compare or --before, not both"),
    )
    planned = plan(stack)

    def price(of: Stack) -> Estimate:
        # A stack without resources has no region, and costs nothing.
        return estimate(of, book(of.region or planned.region), assume)

    this = price(planned)
    sides = [(stack, this)]
    if compare is not None:
        sides.append((compare, price(plan(compare))))
    elif before is not None:
        sides = [("now", price(read_export(before))), ("declared", this)]
    limit = budget if budget is not None else planned.monthly_budget_usd
    over = limit is not None and round(this.usd, 2) > limit

    document = {**report.as_json(this), **report.change_as_json(sides)}
    show(
        (*report.lines(this), *report.change_lines(sides)),
        {**document, "budget_usd": limit, "over_budget": over},
        as_json=as_json,
    )
    if chart is not None:
        write_text(chart, charts.svg(sides))
    used = {line.price for _, side in sides for line in side.lines}
    if live and (of_table := sorted({price.key for price in used if price.source.url != URL})):
        say(f"prices from the table, as AWS's price list does not have them: {', '.join(of_table)}")
    if limit is None or not over:
        return 0
    say(
        f"error: {stack} costs {report.usd(this.usd)} a month, {report.usd(this.usd - limit)} more than "
        f"its budget of {report.usd(limit)}"
    )
    return 1
