"""The commands of `python -m automation`, and their exit codes.

Exit codes: 0 done, 1 failed, 2 usage, 3 drift, 130 interrupted.
"""

from __future__ import annotations

import errno
import json
import os
import shlex
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import click

from automation.console import colour, say_error
from automation.errors import AutomationError, ProgramError

if TYPE_CHECKING:
    from automation.stacks.stacks import Stacks

COMPLETE_VARIABLE: Final = "_AUTOMATION_COMPLETE"
"""The variable by which a shell asks for completions."""

_LONGEST_HELP: Final = 100
_FAILED: Final = 1
_INTERRUPTED: Final = 130
_UNWRITABLE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES})
_NO_NAME: Final = frozenset({errno.ENAMETOOLONG, errno.ELOOP})
_NO_LOGIN: Final = "PULUMI_ACCESS_TOKEN must be set"
_RUNS_PROGRAMS: Final = frozenset({"run", "exec"})
"""Commands whose standard output is a program's own."""
_COMMANDS: Final = {
    # The module of each command; only the called one is loaded.
    "init": "automation.init.command:init",
    "preview": "automation.changes.preview:preview",
    "up": "automation.stacks.up:up",
    "dev": "automation.development.dev:dev",
    "promote": "automation.promotion.promote:promote",
    "check": "automation.services.check:check",
    "redeploy": "automation.services.redeploy:redeploy",
    "destroy": "automation.stacks.destroy:destroy",
    "down": "automation.stacks.local_commands:down",
    "refresh": "automation.changes.drift:refresh",
    "drift": "automation.changes.drift:drift",
    "outputs": "automation.stacks.outputs:outputs",
    "env": "automation.stacks.local_commands:env",
    "cancel": "automation.stacks.destroy:cancel",
    "cost": "automation.cost.command:cost",
    "diagram": "automation.diagram.command:diagram",
    "policies": "automation.changes.policies:policies",
    "status": "automation.services.status:status",
    "logs": "automation.services.logs:logs",
    "run": "automation.services.run:run",
    "exec": "automation.services.shell:execute",
    "previews": "automation.previews.preview_commands:previews",
    "aws-smoke": "automation.smoke.aws_smoke:aws_smoke",
    "from-copilot": "automation.convert.copilot_command:from_copilot",
    "from-compose": "automation.convert.compose_command:from_compose",
    "pulumi-cli": "automation.stacks.local_commands:pulumi_cli",
    "completion": "automation.completion:completion",
}


class _Commands(click.Group):
    """Loads a command when it is called: loading all of them takes a second."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        from importlib import import_module

        module, _, name = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        if COMPLETE_VARIABLE in os.environ:
            from automation.completion import with_completion

            return with_completion(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown one is refused with the nearest."""
        if args and args[0] not in _COMMANDS and args[0][:1].isalnum() and not ctx.resilient_parsing:
            from difflib import get_close_matches

            near = get_close_matches(args[0], _COMMANDS, 1)
            hint = f": did you mean {near[0]!r}?" if near else "."
            ctx.fail(f"No such command {args[0]!r}{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands; what is too long for the terminal is wrapped, where click would cut it off."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(
                [
                    (name, command.get_short_help_str(limit=_LONGEST_HELP))
                    for name, command in found
                    if command
                ]
            )


@click.command(
    cls=_Commands,
    help="Deploy and operate the stacks of this project.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.option("--local", is_flag=True, help="Use the stacks on this machine; nothing is sent to AWS.")
@click.option(
    "--wait-for-lock-minutes",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    metavar="N",
    help="Minutes to wait while another update has locked the stack.",
)
@click.pass_context
def cli(context: click.Context, /, *, local: bool, wait_for_lock_minutes: float) -> None:
    """Command group."""
    if context.obj is None:
        context.obj = _stacks(local=local, wait_for_lock_minutes=wait_for_lock_minutes)


def _stacks(*, local: bool, wait_for_lock_minutes: float) -> Stacks:
    from automation.stacks.lock_retry import LockRetry
    from automation.stacks.stacks import ROOT, Stacks

    if not local:
        return Stacks(find_cli=_find_cli, lock_retry=LockRetry(minutes=wait_for_lock_minutes))
    from automation.stack_files import project_name
    from automation.stacks.local import LocalStacks
    from local.environment import DEFAULT_PASSPHRASE, LocalEnvironment
    from local.isolation import isolate

    passphrase = os.environ.get("PULUMI_CONFIG_PASSPHRASE")
    isolate()
    environment = LocalEnvironment(project=project_name(ROOT), passphrase=passphrase or DEFAULT_PASSPHRASE)
    return LocalStacks(find_cli=_find_cli, root=environment.root, local=environment)


def _find_cli(stop: threading.Event | None) -> Path:
    from local.pulumi import ensure

    return ensure(stop=stop).path


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code.

    With `--json`, a command that fails prints a document with `error` and `exit_code` to standard output.
    """
    words = [*(sys.argv[1:] if arguments is None else arguments)]
    ending = _Ending(as_json=_asks_for_json(words))
    # gRPC reports connections that end on purpose, in the middle of the output.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    code: object = 0
    try:
        code = cli.main(
            words,
            prog_name="python -m automation",
            complete_var=COMPLETE_VARIABLE,
            standalone_mode=False,
            color=colour(),
        )
    except click.ClickException as error:
        error.show()
        ending.leave(error.exit_code, error.format_message())
    except (click.Abort, KeyboardInterrupt):
        text = "interrupted: the next run continues from here"
        click.echo(text, err=True)
        ending.leave(_INTERRUPTED, text)
    except ProgramError as error:
        hint = _how_to_log_in(words) if _NO_LOGIN in error.output else ""
        ending.fail(error.not_displayed + hint, error.output + hint)
    except AutomationError as error:
        ending.fail(str(error))
    except OSError as error:
        if error.errno in _NO_NAME:
            ending.fail(f"{error.filename or 'a path'} cannot be the path of a file: {error.strerror}")
        if error.errno not in _UNWRITABLE:
            raise
        ending.fail(f"{error.filename or 'a file'} cannot be written: {error.strerror}")
    except Exception as error:
        if not isinstance(error, _refusals()):
            raise
        ending.fail(str(error))
    sys.exit(code if isinstance(code, int) else 0)


def _how_to_log_in(words: Sequence[str]) -> str:
    here = shlex.join(["python", "-m", "automation", "--local", *words])
    return f"\nRun `pulumi login` first; for a stack on this machine: `{here}`"


def _refusals() -> tuple[type[Exception], ...]:
    """Return the errors of libraries that are shown without a traceback; imported only after a failure."""
    from botocore.exceptions import BotoCoreError, ClientError

    from local.errors import LocalError

    return (BotoCoreError, ClientError, LocalError)


def _asks_for_json(words: Sequence[str]) -> bool:
    """Whether a command was asked for JSON, and not a program that it runs."""
    options = words[: words.index("--")] if "--" in words else words
    name = next((word for word in options if word in _COMMANDS), "")
    return "--json" in options and name not in _RUNS_PROGRAMS


@dataclass(frozen=True, kw_only=True)
class _Ending:
    """How a command that does not succeed ends."""

    as_json: bool

    def fail(self, shown: str, text: str | None = None) -> NoReturn:
        """Show an error on standard error, and leave; `text` is all of it, for programs."""
        say_error(shown)
        self.leave(_FAILED, text or shown)

    def leave(self, code: int, text: str) -> NoReturn:
        if self.as_json:
            click.echo(json.dumps({"error": text, "exit_code": code}, indent=2))
        sys.exit(code)
