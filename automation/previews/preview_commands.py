"""`previews list` and `previews clean-up`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from automation.console import json_option, say, show
from automation.previews.expiry import Preview, minute
from automation.previews.lifecycle import Previews
from automation.stacks.stacks import Stacks

if TYPE_CHECKING:
    from automation.previews.lifecycle import Removal


def _parse_numbers(_: click.Context, __: click.Parameter, text: str | None) -> frozenset[int] | None:
    """Parse numbers as `gh` prints them; without any, no pull request is open."""
    if text is None:
        return None
    words = text.replace(",", " ").split()
    if invalid := [word for word in words if not word.isdecimal()]:
        raise click.BadParameter(
            f"{invalid[0]!r} is not a number: give those of open pull requests, such as '12 15'"
        )
    return frozenset(map(int, words))


@click.group
def previews() -> None:
    """List the stacks of pull requests, and remove expired ones."""


@previews.command("list")
@json_option
@click.pass_obj
def list_(stacks: Stacks, /, *, as_json: bool) -> None:
    """List the stacks of pull requests."""
    previews = Previews(stacks).all()
    if not previews:
        say("no stacks of pull requests")
    lines = (
        f"{item.stack:<10} {item.address or 'no address'}  on {item.base or 'an unknown base'}, "
        f"expires {minute(item.expires)}, last update {minute(item.last_update)}"
        for item in previews
    )
    show(lines, [_document(item) for item in previews], as_json=as_json)


@previews.command("clean-up")
@click.option(
    "--open",
    "open_numbers",
    metavar='"12 15"',
    callback=_parse_numbers,
    help="Numbers of the open pull requests: the stacks of all others are removed.",
)
@click.option("--dry-run", is_flag=True, help="Only print what would be removed.")
@json_option
@click.pass_obj
def clean_up(stacks: Stacks, /, *, open_numbers: frozenset[int] | None, dry_run: bool, as_json: bool) -> int:
    """Remove stacks of pull requests that are closed or have expired.

    If one cannot be removed, the others still are, and the exit code is 1.
    """
    removals = Previews(stacks).clean_up(open_numbers=open_numbers, dry_run=dry_run)
    documents = [
        {
            **_document(item.preview),
            "reason": item.reason,
            "removed": item.failure is None and not dry_run,
            "failure": item.failure,
        }
        for item in removals
    ]
    show([_summary(removals, dry_run=dry_run)], documents, as_json=as_json)
    return 1 if any(item.failure for item in removals) else 0


def _summary(removals: Sequence[Removal], *, dry_run: bool) -> str:
    removed = [item.preview.stack for item in removals if item.failure is None]
    failed = [item.preview.stack for item in removals if item.failure is not None]
    parts = [f"{'would remove' if dry_run else 'removed'}: {', '.join(removed)}"] if removed else []
    parts += [f"not removed: {', '.join(failed)}"] if failed else []
    return "; ".join(parts) or "nothing to remove"


def _document(preview: Preview) -> dict[str, Any]:
    return {**asdict(preview), "number": preview.number}
