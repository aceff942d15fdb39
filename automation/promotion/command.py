"""`promote`: what one stack runs becomes what the next one runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from automation.changes.comment import Comment
from automation.changes.github import append, failure_told, summary_option
from automation.errors import AutomationError
from automation.operations.locate import locate
from automation.operations.status import status_of
from automation.promotion.live import digest_of
from automation.stacks.commands import bring_up

if TYPE_CHECKING:
    from automation.stacks.stacks import Stacks


@click.command(short_help="Deploy to one stack what another one runs.")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON.")
@summary_option
@click.pass_obj
def promote(stacks: Stacks, /, *, source: str, target: str, json_wanted: bool, summary: Path | None) -> None:
    """Deploy to TO the very image that FROM runs, by its digest; TO's file has to say `image-from: FROM`."""
    follows = stacks.settings(target).image.image_from
    if follows != source:
        raise click.UsageError(
            f"{target} does not follow {source}: its image-from is {follows or 'not set'}. "
            f"`node-on-ecs:image-from: {source}` in Pulumi.{target}.yaml makes it so; both need the same "
            "`repository`"
        )
    image = _image_of(stacks, source)
    unsteady = [one for one in status_of(locate(stacks, source).place) if not one.steady]
    if unsteady:
        told = "; ".join(
            f"{one.name} is {one.state}{f' ({one.reason})' if one.reason else ''}" for one in unsteady
        )
        raise AutomationError(f"what {source} runs is not promoted, for it is not well: {told}")
    before = digest_of(stacks.outputs(target).get("image", ""))
    digest = digest_of(image)
    click.echo(f"{target}: {before or 'nothing yet'} → {digest}", err=True)
    with failure_told(summary, target, "Promotion"):
        addresses = _bring_up_with(stacks, target, digest, source)
    if summary is not None:
        remark = f"Runs `{digest}`, as `{source}` does." + ("" if before != digest else " It did before.")
        append(summary, Comment(stack=target, title="Promotion", remarks=[remark]).markdown())
    if json_wanted:
        told = {"stack": target, "from": source, "before": before or None, "digest": digest}
        click.echo(json.dumps({**told, "addresses": addresses}, indent=2))
        return
    for name, url in sorted(addresses.items()):
        click.echo(f"{name:<12} {url}")


def _bring_up_with(stacks: Stacks, target: str, digest: str, source: str) -> dict[str, str]:
    addresses = bring_up(stacks, target)
    runs = digest_of(_image_of(stacks, target))
    if runs != digest:
        raise AutomationError(
            f"{target} runs {runs}, and not {digest} which {source} had when the promotion began: "
            f"{source} was updated meanwhile"
        )
    return addresses


def _image_of(stacks: Stacks, stack: str) -> str:
    image = stacks.outputs(stack).get("image", "")
    if not image:
        raise AutomationError(
            f"{stack} tells of no image: it never came up; `python -m automation up {stack}` brings it up"
        )
    return image
