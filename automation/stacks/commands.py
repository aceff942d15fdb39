"""`up` and `destroy`, which for stacks of pull requests also make and remove the stack."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from automation.changes.comment import Comment
from automation.changes.github import append, failure_told, summary_option
from automation.errors import AutomationError
from automation.previews.names import is_preview
from automation.previews.wiring import previews_of
from automation.promotion.live import mark

if TYPE_CHECKING:
    from collections.abc import Mapping

    from automation.stacks.stacks import Stacks


@click.command(short_help="Bring a stack to what its file says.")
@click.argument("stack")
@click.option("--attach-to", metavar="BASE", help="For pr-<number>: the stack that it attaches to; else dev.")
@click.option(
    "--lifetime-hours",
    type=click.IntRange(1, 8760),
    metavar="N",
    help="For pr-<number>: how long it may stay; else what its base says.",
)
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON.")
@summary_option
@click.pass_obj
def up(
    stacks: Stacks,
    /,
    *,
    stack: str,
    attach_to: str | None,
    lifetime_hours: int | None,
    json_wanted: bool,
    summary: Path | None,
) -> None:
    """Bring STACK to what its file says.

    A stack called pr-<number> is made if it is not there, attached to another one, and given its time anew.
    """
    if is_preview(stack):
        expires = previews_of(stacks, _tell).prepare(
            stack, base=attach_to, lifetime=timedelta(hours=lifetime_hours) if lifetime_hours else None
        )
        _tell(f"{stack} may stay until {expires:%Y-%m-%d %H:%M} UTC")
    elif attach_to is not None or lifetime_hours is not None:
        raise click.UsageError(f"--attach-to and --lifetime-hours are for pr-<number>, not for {stack!r}")
    with failure_told(summary, stack, "Update"):
        addresses = bring_up(stacks, stack)
    if summary is not None:
        remarks = [f"- {name}: {url}" for name, url in sorted(addresses.items())]
        append(summary, Comment(stack=stack, title="Update", remarks=["\n".join(remarks)]).markdown())
    if json_wanted:
        click.echo(json.dumps({"stack": stack, "addresses": addresses}, indent=2))
        return
    for name, url in sorted(addresses.items()):
        click.echo(f"{name:<12} {url}")


def bring_up(stacks: Stacks, stack: str) -> dict[str, str]:
    """Bring a stack up, mark the image that it runs now, and return its addresses by service."""
    outputs = stacks.up(stack)
    image = outputs.get("image")
    # A preview's image may go when its pull request does.
    if isinstance(image, str) and not is_preview(stack) and not stacks.is_local:
        marked = mark(stack, image, stacks.clients(stacks.settings(stack)))
        if marked.tag:
            _tell(f"the image has the tag {marked.tag}, so that it never expires")
        elif marked.problem:
            _tell(f"warning: the image has no tag live-{stack}-…, and may expire one day: {marked.problem}")
    addresses: Mapping[str, str] = outputs.get("urls", {})
    return {name: stacks.address(url) for name, url in addresses.items()}


@click.command(short_help="Delete all that a stack holds.")
@click.argument("stack")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def destroy(stacks: Stacks, /, *, stack: str, yes: bool) -> None:
    """Delete all that STACK holds; one called pr-<number> is removed altogether."""
    previews = previews_of(stacks, _tell)
    if is_preview(stack):
        _tell(f"removed {stack}" if previews.remove(stack) else f"there is no stack {stack}, nothing to do")
        return
    if stack not in [known.name for known in stacks.known()]:
        raise AutomationError(f"there is no stack {stack!r}")
    attached = [preview.stack for preview in previews.all() if preview.base == stack]
    if attached:
        raise AutomationError(
            f"{', '.join(attached)} use what {stack} holds: destroy them first "
            '(`python -m automation previews reap --open ""` removes all)'
        )
    if not yes:
        _ask(stack)
    stacks.destroy(stack)
    _tell(f"destroyed {stack}; the stack itself, and its history, are still there")


def _ask(stack: str) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError("nobody is here to be asked: say --yes if all of it may go")
    click.confirm(f"Delete all that {stack} holds?", abort=True, err=True)


def _tell(words: str) -> None:
    click.echo(words, err=True)
