"""The commands of `python -m automation`, and how each of them ends.

Exit codes: 0 done, 1 failed, 2 usage, 3 drift, 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

import click
from botocore.exceptions import BotoCoreError, ClientError

from automation.changes.commands import drift, preview, refresh
from automation.cost.command import cost
from automation.errors import AutomationError, ProgramError
from automation.operations.commands import execute, logs, run, status
from automation.previews.commands import previews
from automation.promotion.command import promote
from automation.smoke.command import aws_smoke
from automation.stacks.asking import cancel, check, outputs
from automation.stacks.choose import choose
from automation.stacks.commands import destroy, up
from local.engine.errors import EngineError
from local.resources.base import ResourceError

# What AWS, the local run and Docker refuse is told in their words.
_REFUSALS: Final = (AutomationError, BotoCoreError, ClientError, EngineError, ResourceError)
_FAILED: Final = 1
_INTERRUPTED: Final = 130


@click.group(
    help="Drive the stacks of this project.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.option("--local", is_flag=True, help="Drive the stacks on this machine, and reach no account.")
@click.option(
    "--wait-for-lock-minutes",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    metavar="N",
    help="How long to wait for an update of somebody else's that is under way.",
)
@click.pass_context
def cli(context: click.Context, /, *, local: bool, wait_for_lock_minutes: float) -> None:
    """Hold the commands together."""
    context.obj = choose(local=local, wait_for_lock_minutes=wait_for_lock_minutes)


for command in (
    preview,
    up,
    promote,
    check,
    destroy,
    refresh,
    drift,
    outputs,
    cancel,
    cost,
    status,
    logs,
    run,
    execute,
    previews,
    aws_smoke,
):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code."""
    try:
        code = cli.main(arguments, prog_name="python -m automation", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(_INTERRUPTED)
    except ProgramError as error:
        # What it told was shown when it told it.
        click.echo(f"error: {error.summary}", err=True)
        sys.exit(_FAILED)
    except _REFUSALS as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(_FAILED)
    sys.exit(code if isinstance(code, int) else 0)
