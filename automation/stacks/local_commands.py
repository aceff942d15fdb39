"""Commands that only `--local` has, and `pulumi-cli`."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import click

from automation.console import json_option, say, show
from automation.errors import AutomationError
from automation.previews.names import is_preview
from automation.stack_files import path_of, without_file
from automation.stacks.local import LocalStacks
from automation.stacks.stacks import Stacks
from local.backend import BrokenStateError

if TYPE_CHECKING:
    from local.environment import LocalEnvironment


@click.command(short_help="Delete local stacks; with the last one also the emulator.")
@click.argument("names", metavar="[STACK]...", nargs=-1)
@json_option
@click.pass_obj
def down(stacks: Stacks, /, *, names: tuple[str, ...], as_json: bool) -> None:
    """Delete each STACK, or all local stacks.

    With the last one the emulator and the front door stop, and Docker if this project started it.
    """
    local = _local(stacks)
    existing = local.stacks()
    if missing := sorted({*names} - {*existing}):
        for name in missing:
            _require_file(stacks, name)
        listed = f"there are {', '.join(existing)}" if existing else "none exists"
        say(f"there is no local stack {', '.join(missing)}: {listed}")
    chosen = [name for name in existing if name in names or not names]
    remaining = [name for name in existing if name not in chosen]
    for name in local.in_order_of_deletion(chosen):
        try:
            stacks.destroy(name)
        except BrokenStateError as error:
            if remaining:
                raise
            # Its resources are deleted with the emulator.
            say(f"{name} is deleted without its state: {error}")
        local.forget(name)
    if kept := [path.name for name in chosen if (path := path_of(stacks.root, name)).exists()]:
        # Pulumi reports that the configuration is removed: it removes the local run's copy.
        say(f"{', '.join(kept)} {'is' if len(kept) == 1 else 'are'} kept: only the local copy is deleted")
    if remaining:
        say(f"remaining stacks: {', '.join(remaining)}")
    else:
        local.clear()
    show((), {"deleted": chosen, "remaining": remaining}, as_json=as_json)


@click.command(short_help="Print variables with which `pulumi` works on a local stack.")
@click.argument("stack")
@json_option
@click.pass_obj
def env(stacks: Stacks, /, *, stack: str, as_json: bool) -> None:
    """Print the variables with which `pulumi` reads the local STACK, as `export` lines.

    After `eval "$(python -m automation --local env STACK)"`, `pulumi stack output` and the like work.
    """
    local = _local(stacks)
    if not stacks.exists(stack):
        _require_file(stacks, stack)
        raise AutomationError(f"there is no local stack {stack!r}: `make up STACK={stack}` creates it")
    cli = stacks.find_cli(None)
    variables = {**local.variables(), "PULUMI_STACK": stack}
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    lines.append(f'export PATH={shlex.quote(str(cli.parent))}:"$PATH"')
    document = {"variables": variables, "pulumi": str(cli)}
    # Not by `show`, which breaks long lines: a shell reads these.
    click.echo(json.dumps(document, indent=2) if as_json else "\n".join(lines))


@click.command("pulumi-cli", short_help="Print the path of the Pulumi CLI; install it if it is missing.")
@json_option
@click.pass_obj
def pulumi_cli(stacks: Stacks, /, *, as_json: bool) -> None:
    """Print the path of the Pulumi CLI, after installing or building it if it is missing."""
    from local.pulumi import ensure

    del stacks
    cli = ensure()
    say(str(cli))
    show(
        [str(cli.path)],
        {"path": str(cli.path), "version": cli.version, "origin": cli.origin},
        as_json=as_json,
    )


def _require_file(stacks: Stacks, name: str) -> None:
    """Raise an error for a stack that `up` could not create."""
    if not is_preview(name) and not path_of(stacks.root, name).exists():
        raise without_file(stacks.root, name)


def _local(stacks: Stacks) -> LocalEnvironment:
    if not isinstance(stacks, LocalStacks):
        name = click.get_current_context().command.name
        raise click.UsageError(f"{name} is for stacks on this machine: `python -m automation --local {name}`")
    return stacks.local
