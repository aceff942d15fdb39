"""`promote`: deploys to one stack the image that another one runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from automation.changes.github import Comment, failure_written, summary_option, write
from automation.console import address_lines, json_option, say, show, to_type
from automation.errors import AutomationError
from automation.promotion.live_tag import digest_of, images_of
from automation.services.deployed_stack import DeployedStack
from automation.services.status import statuses_of
from automation.stacks.stacks import Stacks
from automation.stacks.up import bring_up


@click.command
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@json_option
@summary_option
@click.pass_obj
def promote(stacks: Stacks, /, *, source: str, target: str, as_json: bool, summary: Path | None) -> None:
    """Deploy to one stack the image that another one runs.

    The file of TO must say `image-from: FROM`, and the services of FROM must be steady.
    """
    follows = stacks.settings(target).image.image_from
    if follows != source:
        raise click.UsageError(
            f"{target} takes its image from {follows or 'no other stack'}, not from {source}: set "
            f"`node-on-ecs:image-from: {source}` in Pulumi.{target}.yaml; both need the same `repository`"
        )
    images = _images_of(stacks, source)
    unsteady = [
        f"{one.name} is {one.state}{f' ({one.reason})' if one.reason else ''}"
        for one in statuses_of(DeployedStack.of(stacks, source))
        if not one.steady
    ]
    if unsteady:
        raise AutomationError(
            f"the image of {source} is not promoted while a service is not steady: {'; '.join(unsteady)}; "
            f"{to_type('status', source)} shows when they are"
        )
    earlier = _digests(images_of(stacks.outputs(target)))
    before, digest = earlier.get("", ""), digest_of(images[""])
    say(f"{target}: {before or 'nothing yet'} → {digest}")
    for name, other in _digests(images).items():
        if name:
            say(f"{target} {name}: {earlier.get(name) or 'nothing yet'} → {other}")
    with failure_written(summary, target, "Promotion"):
        addresses = bring_up(stacks, target)
        runs = _digests(_images_of(stacks, target))
        # A service that only one of the stacks has is not compared.
        for name, promoted in _digests(images).items():
            if runs.get(name, promoted) != promoted:
                raise AutomationError(
                    f"{f'{name} of ' if name else ''}{target} runs {runs[name]}, and not {promoted} which "
                    f"{source} had when the promotion began: {source} was updated meanwhile; "
                    f"{to_type('promote', source, target)} promotes what it runs now"
                )
    remark = f"Runs `{digest}`, as `{source}` does." + ("" if before != digest else " It ran it before.")
    write(summary, Comment(stack=target, title="Promotion", remarks=[remark]), append=True)
    document = {"stack": target, "from": source, "before": before or None, "digest": digest}
    show(address_lines(addresses), {**document, "addresses": addresses}, as_json=as_json)


def _images_of(stacks: Stacks, stack: str) -> dict[str, str]:
    images = images_of(stacks.outputs(stack))
    if "" not in images:
        raise AutomationError(f"{stack} has no output `image`: {to_type('up', stack)} has to succeed first")
    return images


def _digests(images: Mapping[str, str]) -> dict[str, str]:
    return {name: digest_of(image) for name, image in images.items()}
