"""`destroy`, which also removes the stacks of pull requests, and `cancel`."""

from __future__ import annotations

import click

from automation.console import confirm, json_option, say, show, to_type
from automation.errors import AutomationError
from automation.previews.lifecycle import Previews
from automation.previews.names import is_preview
from automation.stacks.stacks import Stacks, require_existing

_yes_option = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")


@click.command
@click.argument("stack")
@_yes_option
@json_option
@click.pass_obj
def destroy(stacks: Stacks, /, *, stack: str, yes: bool, as_json: bool) -> None:
    """Delete all resources of a stack.

    A stack called pr-<number> is also removed from the backend, and its file is deleted.
    """
    previews = Previews(stacks)
    if is_preview(stack):
        removed = previews.remove(stack)
        say(f"removed {stack}" if removed else f"there is no stack {stack}: nothing to do")
        show((), {"stack": stack, "destroyed": removed}, as_json=as_json)
        return
    require_existing(stacks, stack)
    attached = [preview.stack for preview in previews.all() if preview.base == stack]
    if attached:
        remove_all = to_type('previews clean-up --open ""')
        raise AutomationError(
            f"stacks are attached to {stack}: {', '.join(attached)}. Destroy them first; for all stacks of "
            f"pull requests: {remove_all}"
        )
    if not yes:
        confirm(
            f"Delete all resources of {stack}?",
            without_terminal="there is no terminal for the question: add --yes to delete all resources",
        )
    stacks.destroy(stack)
    say(f"destroyed {stack}" if stacks.is_local else f"destroyed {stack}; its history remains")
    show((), {"stack": stack, "destroyed": True}, as_json=as_json)


@click.command
@click.argument("stack")
@_yes_option
@json_option
@click.pass_obj
def cancel(stacks: Stacks, /, *, stack: str, yes: bool, as_json: bool) -> None:
    """Remove the lock that an interrupted update left behind.

    Use it only if no update of the stack is running, on any machine: two at once corrupt the state.
    """
    require_existing(stacks, stack)
    if not yes:
        confirm(
            f"No update of {stack} may be running, on any machine. Remove its lock?",
            without_terminal="there is no terminal for the question: add --yes if no update is running",
        )
    stacks.cancel(stack)
    say(f"{stack} is unlocked; {to_type('up', stack)} continues the update")
    show((), {"stack": stack, "unlocked": True}, as_json=as_json)
