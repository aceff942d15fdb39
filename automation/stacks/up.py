"""`up`, which also creates the stacks of pull requests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import click

from automation.changes.github import Comment, failure_written, summary_option, write
from automation.console import address_lines, json_option, say, show
from automation.previews.names import is_preview
from automation.stacks.local import LocalStacks
from automation.stacks.stacks import Stacks


@click.command
@click.argument("stack")
@click.option("--refresh", is_flag=True, help="Read every resource first, and correct drift.")
@click.option(
    "--attach-to", metavar="BASE", help="For pr-<number>: the stack it attaches to; dev by default."
)
@click.option(
    "--lifetime-hours",
    type=click.IntRange(1, 8760),
    metavar="N",
    help="For pr-<number>: hours until it expires; by default preview-stacks.lifetime-hours of BASE.",
)
@json_option
@summary_option
@click.pass_obj
def up(
    stacks: Stacks,
    /,
    *,
    stack: str,
    refresh: bool,
    attach_to: str | None,
    lifetime_hours: int | None,
    as_json: bool,
    summary: Path | None,
) -> None:
    """Create or update a stack, and print its addresses.

    Waits until every service runs the new version, and fails with the reason if one does not. A stack called
    pr-<number> is created if it is missing, and attached to another one; each `up` restarts its lifetime.
    """
    if is_preview(stack):
        from automation.previews.expiry import minute
        from automation.previews.lifecycle import Previews

        lifetime = timedelta(hours=lifetime_hours) if lifetime_hours else None
        say(
            f"{stack} expires at {minute(Previews(stacks).prepare(stack, base=attach_to, lifetime=lifetime))}"
        )
    elif attach_to is not None or lifetime_hours is not None:
        raise click.UsageError(f"--attach-to and --lifetime-hours are for pr-<number>, not for {stack!r}")
    with failure_written(summary, stack, "Update"):
        addresses = bring_up(stacks, stack, refresh=refresh)
    remark = "\n".join(f"- {name}: {url}" for name, url in sorted(addresses.items()))
    write(summary, Comment(stack=stack, title="Update", remarks=[remark]), append=True)
    show(address_lines(addresses), {"stack": stack, "addresses": addresses}, as_json=as_json)
    if page := stacks.page:
        # On standard error: it is not a service's address.
        say(f"{'page':<{max(map(len, addresses), default=0)}}  {page}")


def bring_up(stacks: Stacks, stack: str, *, refresh: bool = False) -> dict[str, str]:
    """Update a stack, tag its image, and return its addresses by service."""
    from automation.services.quota import vcpu_warning

    if warning := vcpu_warning(stacks, stack):
        say(warning)
    outputs = stacks.up(stack, refresh=refresh)
    if isinstance(stacks, LocalStacks):
        from automation.development.task_replacement import replace_tasks_of_killed_dev

        replace_tasks_of_killed_dev(stacks, stack)
    # A preview's image may expire with its pull request.
    if not is_preview(stack) and not stacks.is_local:
        from automation.promotion.live_tag import images_of, tag_live_image

        for image in sorted({*images_of(outputs).values()}):
            if line := tag_live_image(stack, image, stacks.clients(stacks.settings(stack))):
                say(line)
    stacks.wait_until_reachable(outputs)
    urls: Mapping[str, str] = outputs.get("urls", {})
    return {name: stacks.address(url) for name, url in urls.items()}
