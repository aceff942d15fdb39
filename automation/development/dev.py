"""`dev`: `up`, then every change of the app's files, until Ctrl-C."""

from __future__ import annotations

import gc
import os
import signal
from types import FrameType

import click

from automation.stacks.local import LocalStacks
from automation.stacks.stacks import Stacks


@click.command(short_help="Run a local stack; changes of the app's files take effect at once.")
@click.argument("stack", default="dev")
@click.pass_obj
def dev(stacks: Stacks, /, *, stack: str) -> None:
    """Run the local STACK (dev), and follow the app's files and logs until Ctrl-C.

    Needs --local. A changed source file is copied into the tasks, and the app restarts. If packages, the
    Dockerfile, the stack file or a file that the image is built from change, `up` runs. After Ctrl-C the
    tasks run the image of the last `up` again.
    """
    if not isinstance(stacks, LocalStacks):
        raise click.UsageError("dev is for stacks on this machine: `python -m automation --local dev`")
    from automation.development.session import Session

    # It may run for days.
    gc.enable()
    # Paths in the stack file are relative to the project's folder.
    os.chdir(stacks.root)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    Session(stacks, stack).run()


def _interrupt(number: int, frame: FrameType | None) -> None:
    """End as after Ctrl-C."""
    del number, frame
    raise KeyboardInterrupt
