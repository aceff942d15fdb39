"""`preview`, `refresh` and `drift`: what would change, and what somebody else has changed."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import click

from automation.changes.comment import Comment
from automation.changes.github import append, file_type, link, summary_option, write
from automation.changes.model import as_json
from automation.changes.price import ChangeOfCost
from automation.changes.words import counted, lines
from automation.errors import AutomationError

if TYPE_CHECKING:
    from automation.changes.model import Changes
    from automation.stacks.stacks import Stacks

_DRIFT: Final = 3
_FAILED: Final = 1


@click.command(short_help="Show what `up` would change, and cost.")
@click.argument("stack")
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON.")
@click.option("--comment", type=file_type, metavar="FILE.md", help="Write a pull request's comment.")
@click.option(
    "--fail-over-budget/--no-fail-over-budget",
    default=True,
    show_default=True,
    help="Fail if the stack would cost more a month than its config key monthly-budget-usd.",
)
@click.pass_obj
def preview(
    stacks: Stacks, /, *, stack: str, json_wanted: bool, comment: Path | None, fail_over_budget: bool
) -> int:
    """Show what `up` would change of STACK, and what that changes of its cost a month."""
    try:
        changes = stacks.preview(stack)
    except AutomationError as error:
        if comment is not None:
            write(
                comment, Comment(stack=stack, title="Preview", failure=error.output, link=link()).markdown()
            )
        raise
    cost = ChangeOfCost.of(stacks, stack)
    if comment is not None:
        text = Comment(stack=stack, title="Preview", changes=changes, remarks=[cost.markdown()], link=link())
        write(comment, text.markdown())
    if json_wanted:
        click.echo(json.dumps({"stack": stack, **as_json(changes), "cost": cost.as_json()}, indent=2))
    else:
        for line in (*lines(changes), f"{stack}: {counted(changes)}", cost.plain()):
            click.echo(line)
    if cost.over and fail_over_budget:
        click.echo(f"error: {stack} would cost more than its budget: monthly-budget-usd", err=True)
        return _FAILED
    return 0


@click.command(short_help="Bring a stack's state to what is there.")
@click.argument("stack")
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON.")
@click.pass_obj
def refresh(stacks: Stacks, /, *, stack: str, json_wanted: bool) -> None:
    """Bring the state of STACK to what is there, whoever changed it; nothing else is changed."""
    _show(stack, stacks.refresh(stack, preview_only=False), json_wanted=json_wanted)


@click.command(short_help="Tell what somebody changed by hand.")
@click.argument("stack")
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON.")
@summary_option
@click.pass_obj
def drift(stacks: Stacks, /, *, stack: str, json_wanted: bool, summary: Path | None) -> int:
    """Tell what of STACK is not as its last update left it; `up` mends it.

    The exit code is 3 if there is anything.
    What the program leaves to others, such as the number of tasks that autoscaling chooses, does not count.
    """
    left_to_others = _left_to_others(stacks.state(stack))
    changes = stacks.refresh(stack, preview_only=True).without(left_to_others)
    if summary is not None:
        append(summary, Comment(stack=stack, title="Drift", changes=changes, drift=True).markdown())
    _show(stack, changes, json_wanted=json_wanted)
    return _DRIFT if changes else 0


def _show(stack: str, changes: Changes, *, json_wanted: bool) -> None:
    if json_wanted:
        click.echo(json.dumps({"stack": stack, **as_json(changes)}, indent=2))
        return
    for line in (*lines(changes), f"{stack}: {counted(changes, drift=True)}"):
        click.echo(line)


def _left_to_others(state: Mapping[str, Any]) -> Mapping[str, Collection[str]]:
    resources = cast("list[dict[str, Any]]", state["deployment"].get("resources") or [])
    return {one["urn"]: one["ignoreChanges"] for one in resources if one.get("ignoreChanges")}
