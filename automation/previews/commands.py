"""`previews list` and `previews reap`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from automation.previews.listing import Preview
from automation.previews.wiring import previews_of

if TYPE_CHECKING:
    from automation.previews.lifecycle import Reaped
    from automation.stacks.stacks import Stacks


def _numbers(_: click.Context, __: click.Parameter, given: str | None) -> frozenset[int] | None:
    """Read what `gh pr list` prints, whatever is between the numbers; nothing means that none is open."""
    if given is None:
        return None
    words = given.replace(",", " ").split()
    strange = [word for word in words if not word.isdecimal()]
    if strange:
        raise click.BadParameter(
            f"{strange[0]!r} is no number: give those of open pull requests, such as '12 15'"
        )
    return frozenset(map(int, words))


@click.group(short_help="List the stacks of pull requests, and remove those that have to go.")
def previews() -> None:
    """List the stacks of pull requests, and remove those that have to go."""


@previews.command("list", short_help="List the stacks of pull requests.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_(stacks: Stacks, /, *, as_json: bool) -> None:
    """List the stacks of pull requests: base, address, when their time is up, last update."""
    found = previews_of(stacks, _tell).all()
    if as_json:
        click.echo(json.dumps([_document(preview) for preview in found], indent=2))
        return
    if not found:
        _tell("There is no stack of a pull request.")
    for preview in found:
        click.echo(_line(preview))


@previews.command(short_help="Remove the stacks of pull requests that have to go.")
@click.option(
    "--open",
    "still_open",
    metavar='"12 15"',
    callback=_numbers,
    help="Numbers of the pull requests that are open; the stacks of all others go.",
)
@click.option("--dry-run", is_flag=True, help="Only tell which would go.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def reap(stacks: Stacks, /, *, still_open: frozenset[int] | None, dry_run: bool, as_json: bool) -> int:
    """Remove the stacks of pull requests that are not open any more, or whose time is up.

    One that cannot be removed does not keep the others; the exit code is 1 then.
    """
    outcomes = previews_of(stacks, _tell).reap(still_open=still_open, dry_run=dry_run)
    if as_json:
        click.echo(json.dumps([_outcome(one, dry_run=dry_run) for one in outcomes], indent=2))
    else:
        click.echo(_summary(outcomes, dry_run=dry_run))
    return 1 if any(one.failure for one in outcomes) else 0


def _line(preview: Preview) -> str:
    address = preview.address or "did not come up"
    return (
        f"{preview.stack:<10} {address}  on {preview.base or 'an unknown base'}, "
        f"until {_minute(preview.expires)}, last update {_minute(preview.last_update)}"
    )


def _summary(outcomes: Sequence[Reaped], *, dry_run: bool) -> str:
    if not outcomes:
        return "No stack of a pull request has to go."
    gone = [one.preview.stack for one in outcomes if one.failure is None]
    left = [one.preview.stack for one in outcomes if one.failure is not None]
    parts = [f"{'would go' if dry_run else 'removed'}: {', '.join(gone)}"] if gone else []
    return "; ".join([*parts, *([f"still there: {', '.join(left)}"] if left else [])])


def _document(preview: Preview) -> dict[str, Any]:
    return {
        "stack": preview.stack,
        "number": preview.number,
        "base": preview.base,
        "address": preview.address,
        "expires": _iso(preview.expires),
        "last_update": _iso(preview.last_update),
        "under_way": preview.under_way,
    }


def _outcome(one: Reaped, *, dry_run: bool) -> dict[str, Any]:
    return {
        **_document(one.preview),
        "why": one.why,
        "removed": one.failure is None and not dry_run,
        "failure": one.failure,
    }


def _minute(at: datetime | None) -> str:
    return "unknown" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="seconds")


def _tell(words: str) -> None:
    click.echo(words, err=True)
