"""`dev`: `up`, then every change of the app's files, until Ctrl-C."""

from __future__ import annotations

import gc
import os
import signal
from types import FrameType

import click

from automation.stacks.local import LocalStacks
from automation.stacks.stacks import Stacks


@click.command(short_help="Run a local stack, and have each change of the app's files answer at once.")
@click.argument("stack", default="dev")
@click.pass_obj
def dev(stacks: Stacks, /, *, stack: str) -> None:
    """Run the local STACK, and follow the app's files and its logs until Ctrl-C.

    A changed file is in the tasks at once, and the app starts again; changed packages, a changed Dockerfile
    or stack file, and whatever is built from the file, are an `up`. Ctrl-C leaves the stack as the last `up`
    made it.
    """
    if not isinstance(stacks, LocalStacks):
        raise click.UsageError("this command is for the stacks on this machine: say --local")
    from automation.development.session import Session

    # It may run for days.
    gc.enable()
    # What the stack file names is in the project's folder.
    os.chdir(stacks.root)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    Session(stacks, stack).run()


def _interrupt(number: int, frame: FrameType | None) -> None:
    """End as by Ctrl-C."""
    del number, frame
    raise KeyboardInterrupt
