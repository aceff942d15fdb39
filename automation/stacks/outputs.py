"""`outputs`, `cancel` and `check`: what a person or a workflow asks of one stack."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from automation.answers import status_of as answer_of
from automation.errors import AutomationError
from automation.operations.locate import locate
from automation.operations.status import status_of
from automation.stacks.health import awake, wait_until_answered

if TYPE_CHECKING:
    from automation.stacks.stacks import Stacks


@click.command(short_help="Print what a stack tells of itself.")
@click.argument("stack")
@click.argument("name", required=False)
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON.")
@click.pass_obj
def outputs(stacks: Stacks, /, *, stack: str, name: str | None, json_wanted: bool) -> None:
    """Print the outputs of STACK, or the one called NAME; what is secret stays so."""
    told = stacks.outputs(stack, show_secrets=False)
    if name is None:
        if json_wanted:
            click.echo(json.dumps(told, indent=2))
            return
        width = max(map(len, told), default=0)
        for key in sorted(told):
            click.echo(f"{key:<{width}}  {_plain(told[key])}")
        return
    if name not in told:
        there = ", ".join(sorted(told)) or "none: it never came up"
        raise AutomationError(f"{stack} has no output {name!r}; it has {there}")
    click.echo(json.dumps(told[name]) if json_wanted else _plain(told[name]))


@click.command(short_help="Take away the lock of an update that was cut off.")
@click.argument("stack")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def cancel(stacks: Stacks, /, *, stack: str, yes: bool) -> None:
    """Take away the lock that an update of STACK has left which was cut off.

    An update that is alive must not lose its lock: two at once break the state.
    """
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("nobody is here to be asked: say --yes if no update is under way")
        click.confirm(
            f"Is it certain that no update of {stack} is under way, anywhere?", abort=True, err=True
        )
    stacks.cancel(stack)
    click.echo(f"{stack} is free; `python -m automation up {stack}` goes on from what was done", err=True)


@click.command(short_help="Ask every address of a stack.")
@click.argument("stack")
@click.option(
    "--within-seconds",
    type=click.FloatRange(min=0),
    default=120.0,
    show_default=True,
    metavar="N",
    help="How long to wait for 200.",
)
@click.pass_obj
def check(stacks: Stacks, /, *, stack: str, within_seconds: float) -> None:
    """Ask every address of STACK until all answer with 200; a service that is to have no tasks is named."""
    place = locate(stacks, stack).place
    asked = awake(status_of(place))
    for name in sorted(place.urls.keys() - set(asked)):
        click.echo(f"{name} is to have no tasks, and was not asked", err=True)
    wait_until_answered(
        {name: stacks.address(place.urls[name]) for name in asked},
        answer_of,
        seconds=within_seconds,
        say=click.echo,
    )


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
