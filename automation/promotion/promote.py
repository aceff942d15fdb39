"""`promote`: deploys the image of one stack to another."""

from __future__ import annotations

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
    """Deploy the image of one stack to another.

    The file of TO must say `image-from: FROM`, and the services of FROM must be steady. They are not checked
    if they are in another account than that of the credentials.
    """
    if source == target:
        raise click.UsageError(f"FROM and TO are both {source}: name two stacks")
    follows = stacks.settings(target).image.image_from
    if follows != source:
        # An unknown FROM is not proposed.
        stacks.settings(source)
        raise click.UsageError(
            f"Pulumi.{target}.yaml has {f'`image-from: {follows}`' if follows else 'no `image-from`'}: to "
            f"promote from {source}, set `node-on-ecs:image-from: {source}` there, and the same "
            "`node-on-ecs:repository` in both stack files"
        )
    promoted = _digests(stacks, source, required=True)
    deployed = DeployedStack.of(stacks, source)
    unsteady: list[str] = []
    if other := _other_account(deployed):
        say(
            f"{source} is in account {other}, which these credentials cannot read: its services are not "
            "checked"
        )
    else:
        unsteady = [
            f"{item.name} is {item.state}{f' ({item.reason})' if item.reason else ''}"
            for item in statuses_of(deployed)
            if not item.steady
        ]
    if unsteady:
        raise AutomationError(
            f"the image of {source} is not promoted while a service is not steady: {'; '.join(unsteady)}; "
            f"{to_type('status', source)} shows when they are"
        )
    earlier = _digests(stacks, target)
    for name, digest in promoted.items():
        say(f"{f'{target} {name}'.rstrip()}: {earlier.get(name) or 'nothing yet'} → {digest}")
    with failure_written(summary, target, "Promotion"):
        addresses = bring_up(stacks, target)
        current = _digests(stacks, target, required=True)
        # A service that only one of the stacks has is not compared.
        for name, digest in promoted.items():
            if current.get(name, digest) != digest:
                raise AutomationError(
                    f"{f'{name} of ' if name else ''}{target} runs {current[name]}, and not {digest} which "
                    f"{source} had when the promotion began: {source} was updated meanwhile; "
                    f"{to_type('promote', source, target)} promotes what it runs now"
                )
    before, digest = earlier.get(""), promoted[""]
    remark = f"Runs `{digest}`, as `{source}` does." + ("" if before != digest else " It ran it before.")
    write(summary, Comment(stack=target, title="Promotion", remarks=[remark]), append=True)
    document = {"stack": target, "source": source, "previous_digest": before or None, "digest": digest}
    show(address_lines(addresses), {**document, "addresses": addresses}, as_json=as_json)


def _digests(stacks: Stacks, stack: str, *, required: bool = False) -> dict[str, str]:
    """Return the digests of a stack's images by service; the main service's name is empty."""
    digests = {name: digest_of(image) for name, image in images_of(stacks.outputs(stack)).items()}
    if required and "" not in digests:
        raise AutomationError(f"{stack} has no output `image`: {to_type('up', stack)} has to succeed first")
    return digests


def _other_account(stack: DeployedStack) -> str:
    """Return the account of a stack if the credentials are of another one; else an empty text."""
    if stack.is_local:
        return ""
    arn = next(iter(stack.services.values())).task_definition
    account: str = arn.split(":")[4]
    return "" if account == stack.clients.client("sts").get_caller_identity()["Account"] else account
