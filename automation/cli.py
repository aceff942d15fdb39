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
from pathlib import Path
from traceback import walk_tb
from typing import TYPE_CHECKING, Final

import click

from automation.console import Number, colour, say, say_error
from automation.errors import AutomationError, ProgramError

if TYPE_CHECKING:
    from automation.stacks.stacks import Stacks

COMPLETE_VARIABLE: Final = "_AUTOMATION_COMPLETE"
"""The variable by which a shell requests completions."""

_LONGEST_HELP: Final = 100
_FAILED: Final = 1
_INTERRUPTED: Final = 130
_UNWRITABLE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES})
_INVALID_PATH: Final = frozenset({errno.ENAMETOOLONG, errno.ELOOP})
_NOT_LOGGED_IN: Final = "PULUMI_ACCESS_TOKEN must be set"
_PROGRAM_OUTPUT: Final = frozenset({"run", "exec"})
"""Commands whose standard output is a program's own."""
_CONTINUED: Final = frozenset({"up", "promote", "destroy", "refresh", "aws-smoke", "dev", "down"})
"""Commands that continue what an interrupted run of them began."""
_SECTIONS: Final = {
    # The module and function of each command; only the called one is loaded.
    "Get started": {
        "init": "automation.init.command:init",
        "from-copilot": "automation.convert.copilot_command:from_copilot",
        "from-compose": "automation.convert.compose_command:from_compose",
    },
    "Deploy": {
        "preview": "automation.changes.preview:preview",
        "up": "automation.stacks.up:up",
        "check": "automation.services.check:check",
        "promote": "automation.promotion.promote:promote",
        "redeploy": "automation.services.redeploy:redeploy",
        "destroy": "automation.stacks.destroy:destroy",
        "previews": "automation.previews.preview_commands:previews",
        "aws-smoke": "automation.smoke.aws_smoke:aws_smoke",
    },
    "Running services": {
        "status": "automation.services.status:status",
        "logs": "automation.services.logs:logs",
        "run": "automation.services.run:run",
        "exec": "automation.services.shell:execute",
    },
    "Cost, security, documentation": {
        "cost": "automation.cost.command:cost",
        "policies": "automation.changes.policies:policies",
        "diagram": "automation.diagram.command:diagram",
    },
    "State": {
        "outputs": "automation.stacks.outputs:outputs",
        "drift": "automation.changes.drift:drift",
        "refresh": "automation.changes.drift:refresh",
        "cancel": "automation.stacks.destroy:cancel",
    },
    "Only with --local": {
        "dev": "automation.development.dev:dev",
        "down": "automation.stacks.local_commands:down",
        "env": "automation.stacks.local_commands:env",
    },
    "Tools": {
        "pulumi-cli": "automation.stacks.local_commands:pulumi_cli",
        "completion": "automation.completion:completion",
    },
}
_COMMANDS: Final = {name: target for section in _SECTIONS.values() for name, target in section.items()}


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
        """Find the command; the error about an unknown one proposes a similar one."""
        if args and args[0] not in _COMMANDS and args[0][:1].isalnum() and not ctx.resilient_parsing:
            from difflib import get_close_matches

            near = get_close_matches(args[0], _COMMANDS, 1)
            hint = f": did you mean {near[0]!r}?" if near else "."
            ctx.fail(f"No such command {args[0]!r}{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by section; long descriptions are wrapped, where click would cut them off."""
        for section, names in _SECTIONS.items():
            commands = {name: self.get_command(ctx, name) for name in names}
            with formatter.section(section):
                formatter.write_dl(
                    [
                        (name, command.get_short_help_str(limit=_LONGEST_HELP))
                        for name, command in commands.items()
                        if command
                    ]
                )


@click.command(
    cls=_Commands,
    help="Deploy and operate this project's stacks, in your AWS account or with --local on this machine.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.option(
    "--local", is_flag=True, help="Use stacks on this machine, with an emulated AWS; nothing is sent to AWS."
)
@click.option(
    "--wait-for-lock-minutes",
    type=Number(min=0),
    default=10.0,
    show_default=True,
    metavar="N",
    help="Minutes to wait for another update that has locked the stack; no effect with --local.",
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
    environment = LocalEnvironment(
        project=project_name(ROOT), passphrase=passphrase or DEFAULT_PASSPHRASE, say=say
    )
    return LocalStacks(find_cli=_find_cli, root=environment.root, local=environment)


def _find_cli(stop: threading.Event | None) -> Path:
    from local.pulumi import ensure

    return ensure(stop=stop).path


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its exit code.

    With `--json`, a command that fails prints a document with `error` and `exit_code` to standard output.
    """
    arguments = [*(sys.argv[1:] if arguments is None else arguments)]
    _open_closed_streams()
    # gRPC would log connections that end on purpose.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    exit_code = _FAILED
    try:
        code: object = cli.main(
            arguments,
            prog_name="python -m automation",
            complete_var=COMPLETE_VARIABLE,
            standalone_mode=False,
            color=colour(),
        )
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        exit_code, message = error.exit_code, error.format_message()
        error.show()
    except (click.Abort, KeyboardInterrupt) as error:
        exit_code, message = _INTERRUPTED, _why_ended(error, arguments)
        click.echo(message, err=True)
    except ProgramError as error:
        hint = _login_hint(arguments) if _NOT_LOGGED_IN in error.output else ""
        message = error.output + hint
        say_error(error.not_displayed + hint)
    except Exception as error:
        message = _message_of(error)
        if not message:
            raise
        say_error(message)
    try:
        if _json_requested(arguments):
            click.echo(json.dumps({"error": message, "exit_code": exit_code}, indent=2))
        sys.stdout.flush()
    except OSError:
        # Else Python would try again when it exits, and change the exit code.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(exit_code)


def _open_closed_streams() -> None:
    """Replace standard streams that the caller has closed, which Python sets to None."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 -- stays open


def _login_hint(arguments: Sequence[str]) -> str:
    local = shlex.join(["python", "-m", "automation", "--local", *arguments])
    return f"\nRun `pulumi login` first; for a stack on this machine: `{local}`"


def _message_of(error: Exception) -> str:
    """Return the message of an error that is shown without a traceback; empty for others."""
    if isinstance(error, AutomationError):
        return str(error)
    if isinstance(error, OSError) and error.errno in _INVALID_PATH:
        return f"{error.filename or 'a path'} cannot be the path of a file: {error.strerror}"
    if isinstance(error, OSError) and error.errno in _UNWRITABLE:
        unnamed = "standard output" if _is_of_echo(error) else "a file"
        return f"{error.filename or unnamed} cannot be written: {error.strerror}"
    # Imported only after a failure.
    from botocore.exceptions import BotoCoreError, ClientError

    from local.errors import LocalError

    return str(error) if isinstance(error, BotoCoreError | ClientError | LocalError) else ""


def _is_of_echo(error: OSError) -> bool:
    """Whether `click.echo` failed to write; on a full standard error nobody reads the message."""
    return [frame.f_code for frame, _ in walk_tb(error.__traceback__)][-1:] == [click.echo.__code__]


def _json_requested(arguments: Sequence[str]) -> bool:
    """Whether `--json` is an option of the command, and not of a program that it runs."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--json" in options and _command_of(arguments) not in _PROGRAM_OUTPUT


def _command_of(arguments: Sequence[str]) -> str:
    return next((argument for argument in arguments if argument in _COMMANDS), "")


def _why_ended(error: BaseException, arguments: Sequence[str]) -> str:
    """Return the message about Ctrl-C, which click raises as the cause of `Abort`, or about the answer no."""
    if isinstance(error, click.Abort) and error.__cause__ is None:
        return "cancelled: nothing was changed"
    command = _command_of(arguments)
    # `previews` is a group, of which only `clean-up` changes anything.
    continues = command in _CONTINUED or (command == "previews" and "clean-up" in arguments)
    return "interrupted: the next run continues from here" if continues else "interrupted"
