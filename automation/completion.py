"""Completion of commands, options, stacks and services by the shell."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, cast

import click
from click.shell_completion import CompletionItem, get_completion_class

from automation.errors import AutomationError
from automation.stack_files import read_config, stack_names

_ROOT: Final = Path(__file__).resolve().parents[1]
_NAME: Final = "automation"
_COMMAND: Final = """sh -c 'cd "$0" && exec .venv/bin/python -m automation "$@"'"""
_FUNCTIONS: Final = {
    "bash": '{name}() {{ {command} "$@"; }}',
    "zsh": '{name}() {{ {command} "$@"; }}',
    "fish": "function {name}; {command} $argv; end",
}
_CALLS: Final = {"bash": "$1", "zsh": _NAME, "fish": _NAME}
"""The call in click's scripts, which expect a program and not a function."""


@click.command(short_help="Print a script that completes commands and stacks in your shell.")
@click.argument("shell", type=click.Choice([*_FUNCTIONS]))
@click.pass_context
def completion(context: click.Context, /, *, shell: str) -> None:
    """Print a script for SHELL that defines the command `automation`, with completion.

    `automation` is `python -m automation` of this project, from any folder. For bash, put this line into
    ~/.bashrc: eval "$(PROJECT/.venv/bin/python -m automation completion bash)". docs/automation.md has the
    lines for zsh and fish.
    """
    from automation.cli import COMPLETE_VARIABLE

    completion_class = get_completion_class(shell)
    if completion_class is None:
        raise AutomationError(f"click has no completion for {shell}: update click")
    script = completion_class(context.find_root().command, {}, _NAME, COMPLETE_VARIABLE).source()
    command = f"{_COMMAND} {shlex.quote(str(_ROOT))}"
    before, variable, after = script.partition(f"{COMPLETE_VARIABLE}={shell}_complete ")
    # In fish, further words are between the variable and the call.
    between, _, rest = after.partition(_CALLS[shell])
    script = f"{before}{variable}{between}{command}{rest}".replace("$+commands[", "$+functions[")
    click.echo(_FUNCTIONS[shell].format(name=_NAME, command=command))
    click.echo(script)


def with_completion(command: click.Command) -> click.Command:
    """Add completion of stacks and services to a command's parameters, by their names."""
    for parameter in command.params:
        if names := _NAMES.get(parameter.name or ""):
            cast("Any", parameter).shell_complete = _completer(names)
    return command


def stacks(_: click.Context) -> Iterable[str]:
    """Return the stacks that have a file."""
    return stack_names(_ROOT)


def services(context: click.Context) -> Iterable[str]:
    """Return the services of the stack on the command line, by its file; without one those of dev."""
    # Until an option has its value, click does not parse the arguments.
    typed = [context.params.get("stack"), *context.args]
    stack = next((argument for argument in typed if argument in stack_names(_ROOT)), "dev")
    try:
        config = read_config(_ROOT, stack)
        main = config.values.get(f"{config.project}:name") or "web"
        more: Any = json.loads(config.values.get(f"{config.project}:services") or "{}")
        copies: Any = json.loads(config.values.get(f"{config.project}:multidev") or "[]")
    except (AutomationError, ValueError):
        return ()
    return [main, *more, *(f"{main}-{_name_of_copy(copy)}" for copy in copies)]


def _name_of_copy(copy: Any) -> Any:
    return cast("dict[str, Any]", copy).get("name") if isinstance(copy, dict) else copy


_NAMES: Final[Mapping[str, Callable[[click.Context], Iterable[str]]]] = {
    **dict.fromkeys(("stack", "names", "source", "target", "compare", "attach_to"), stacks),
    "service": services,
}


def _completer(
    names: Callable[[click.Context], Iterable[str]],
) -> Callable[[click.Context, str], list[CompletionItem]]:
    def complete(context: click.Context, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(name) for name in names(context) if name.startswith(incomplete)]

    return complete
