"""`python -m automation cost`: the cost of a stack in a month, or of a change."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import click

from automation.console import Number, json_option, say, say_error, show, write_text
from automation.cost import chart as charts
from automation.cost import compute_table as table
from automation.cost import report
from automation.cost.assumptions import Assumptions
from automation.cost.estimate import Estimate, estimate
from automation.cost.live import URL, LivePrices
from automation.cost.plan import plan
from automation.cost.prices import TablePrices
from automation.cost.resources import Stack, read_export
from automation.errors import AutomationError

_FILE: Final = click.Path(dir_okay=False, path_type=Path)


def _assumptions(_: click.Context, __: click.Parameter, overrides: tuple[str, ...]) -> Assumptions:
    try:
        return Assumptions.with_overrides(overrides)
    except AutomationError as error:
        raise click.BadParameter(str(error)) from error


def _svg(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
    if path is not None and path.suffix != ".svg":
        raise click.BadParameter(f"{path} must end in .svg")
    return path


def _report_table_prices(sides: list[report.Named], *, live: bool) -> None:
    used = {line.price for _, side in sides for line in side.lines}
    keys = sorted({price.key for price in used if price.source.url != URL})
    if live and keys:
        say(f"prices from the table, as AWS's price list does not have them: {', '.join(keys)}")


@click.command(short_help="Show what a stack costs in a month.")
@click.argument("stack", required=False)
@click.option(
    "--compute-table",
    is_flag=True,
    help="Compare what three workloads cost on each kind of capacity; without STACK.",
)
@click.option("--region", metavar="REGION", help=f"For --compute-table; {table.DEFAULT_REGION} by default.")
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
    type=Number(min=0),
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
    prices = cache(LivePrices if live else TablePrices)
    if None not in (compare, before):
        raise click.UsageError("use either --compare or --before, not both")
    if stack is None:
        if not compute_table:
            raise click.UsageError("Missing argument 'STACK'.")
        where = region or table.DEFAULT_REGION
        rows = table.rows(prices(where), where, assume)
        show(table.lines(rows, where), table.as_json(rows, where), as_json=as_json)
        return 0
    if compute_table or region:
        raise click.UsageError("--compute-table and --region take no STACK")
    declared = plan(stack)

    def estimate_of(resources: Stack) -> Estimate:
        # The export of a stack without resources names no region.
        return estimate(resources, prices(resources.region or declared.region), assume)

    this = estimate_of(declared)
    sides = [(stack, this)]
    if compare:
        sides.append((compare, estimate_of(plan(compare))))
    if before:
        sides = [("now", estimate_of(read_export(before))), ("declared", this)]
    limit = declared.monthly_budget_usd if budget is None else budget
    excess = 0.0 if limit is None else round(this.usd, 2) - limit
    show(
        (*report.lines(this), *report.change_lines(sides)),
        {
            **report.as_json(this),
            **report.change_as_json(sides),
            "budget_usd": limit,
            "over_budget": excess > 0,
        },
        as_json=as_json,
    )
    if chart is not None:
        write_text(chart, charts.svg(sides))
    _report_table_prices(sides, live=live)
    if limit is not None and excess > 0:
        say_error(
            f"{stack} costs {report.usd(this.usd)} a month, {report.usd(excess)} more than its budget of "
            f"{report.usd(limit)}"
        )
    return int(excess > 0)
