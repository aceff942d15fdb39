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


def _numbers(_: click.Context, __: click.Parameter, text: str | None) -> frozenset[int] | None:
    """Read numbers as `gh pr list` prints them; an empty text means that no pull request is open."""
    if text is None:
        return None
    words = text.replace(",", " ").split()
    if wrong := [word for word in words if not word.isdecimal()]:
        raise click.BadParameter(
            f"{wrong[0]!r} is not a number: give those of open pull requests, such as '12 15'"
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
    found = Previews(stacks).all()
    if not found:
        say("no stacks of pull requests")
    lines = (
        f"{one.stack:<10} {one.address or 'no address'}  on {one.base or 'an unknown base'}, "
        f"expires {minute(one.expires)}, last update {minute(one.last_update)}"
        for one in found
    )
    show(lines, [_document(preview) for preview in found], as_json=as_json)


@previews.command("clean-up")
@click.option(
    "--open",
    "still_open",
    metavar='"12 15"',
    callback=_numbers,
    help="Numbers of the open pull requests: the stacks of all others are removed.",
)
@click.option("--dry-run", is_flag=True, help="Only print what would be removed.")
@json_option
@click.pass_obj
def clean_up(stacks: Stacks, /, *, still_open: frozenset[int] | None, dry_run: bool, as_json: bool) -> int:
    """Remove closed and expired stacks of pull requests.

    If one cannot be removed, the others are removed all the same, and the exit code is 1.
    """
    removals = Previews(stacks).clean_up(still_open=still_open, dry_run=dry_run)
    documents = [
        {
            **_document(one.preview),
            "reason": one.reason,
            "removed": one.failure is None and not dry_run,
            "failure": one.failure,
        }
        for one in removals
    ]
    show([_summary(removals, dry_run=dry_run)], documents, as_json=as_json)
    return 1 if any(one.failure for one in removals) else 0


def _summary(removals: Sequence[Removal], *, dry_run: bool) -> str:
    removed = [one.preview.stack for one in removals if one.failure is None]
    failed = [one.preview.stack for one in removals if one.failure is not None]
    parts = [f"{'would remove' if dry_run else 'removed'}: {', '.join(removed)}"] if removed else []
    parts += [f"not removed: {', '.join(failed)}"] if failed else []
    return "; ".join(parts) or "nothing to remove"


def _document(preview: Preview) -> dict[str, Any]:
    return {**asdict(preview), "number": preview.number}
