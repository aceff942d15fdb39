"""`status`, `logs`, `run` and `exec`: what a person asks of services that run."""

from __future__ import annotations

import gc
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import click

from automation.operations import shell
from automation.operations.duration import Duration
from automation.operations.locate import locate
from automation.operations.logs import Line, Log
from automation.operations.one_off import run_once
from automation.operations.status import as_json as status_as_json
from automation.operations.status import as_lines, status_of
from infra.rollout.clock import REAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from automation.stacks.stacks import Stacks

_SERVICE: Final = click.option(
    "--service", metavar="NAME", help="Which service; without it the stack's own, and not a copy of it."
)
_VERBATIM: Final = {"ignore_unknown_options": True}


@click.command(short_help="Tell how the services of a stack are.")
@click.argument("stack")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def status(stacks: Stacks, /, *, stack: str, as_json: bool) -> None:
    """Tell how the services of STACK are: tasks, version, deployment, address, alarms that ring."""
    statuses = status_of(locate(stacks, stack).place)
    if as_json:
        click.echo(json.dumps(status_as_json(statuses), indent=2))
        return
    for line in as_lines(statuses):
        click.echo(line)


@click.command(short_help="Print what the services of a stack log.")
@click.argument("stack")
@click.option("--service", metavar="NAME", help="Only this service.")
@click.option(
    "--since",
    type=Duration(),
    default="10m",
    show_default=True,
    metavar="TIME",
    help="From so long ago on: 30s, 10m, 2h or 1d.",
)
@click.option("--follow", "-f", is_flag=True, help="Go on until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document for each line.")
@click.pass_obj
def logs(
    stacks: Stacks,
    /,
    *,
    stack: str,
    service: str | None,
    since: timedelta,
    follow: bool,
    as_json: bool,
) -> None:
    """Print what the services of STACK log, those of all together and by time."""
    # It may go on for days.
    gc.enable()
    place = locate(stacks, stack).place
    log = Log(place, REAL.date() - since, service=service and place.choose(service))
    width = max(map(len, place.services))
    for line in log.follow() if follow else log.fresh():
        click.echo(line.as_json() if as_json else line.as_text(width))


@click.command(short_help="Run a command once, in a task of its own.", context_settings=_VERBATIM)
@click.argument("stack")
@_SERVICE
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_obj
def run(stacks: Stacks, /, *, stack: str, service: str | None, command: Sequence[str]) -> int:
    """Run COMMAND once in a task like those that STACK runs: the same image, role, secrets and network.

    What it logs is printed while it runs. Ctrl-C stops the task.
    """
    place = locate(stacks, stack).place
    ended = run_once(
        place, place.choose(service), command, show=_show, say=lambda words: click.echo(words, err=True)
    )
    if ended.exit_code == 0:
        return 0
    code = "without an exit code" if ended.exit_code is None else f"with exit code {ended.exit_code}"
    click.echo(f"error: `{' '.join(command)}` ended {code}: {ended.reason}", err=True)
    return 1


@click.command(
    "exec", short_help="Run a command, or a shell, in a task that runs.", context_settings=_VERBATIM
)
@click.argument("stack")
@_SERVICE
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def execute(stacks: Stacks, /, *, stack: str, service: str | None, command: Sequence[str]) -> int:
    """Run COMMAND, or a shell, in a task that STACK runs right now.

    On AWS that is ECS Exec, which `execute-command: true` switches on; with --local it is `docker exec`.
    """
    located = locate(stacks, stack)
    invocation = located.enter(located.place.choose(service), command or shell.SHELL)
    return 1 if invocation.run() else 0


def _show(line: Line) -> None:
    click.echo(line.message)
