"""Tasks that a killed `dev` has left: they run a folder that nobody keeps."""

from __future__ import annotations

import shutil

from automation.console import say
from automation.services.deployed_stack import DeployedStack
from automation.services.redeploy import ForcedDeployment
from automation.stacks.local import LocalStacks
from local.live import containers
from local.live.notes import Notes
from local.locks import BusyError, stack_watched

_MINUTES = 3


def put_back(stacks: LocalStacks, stack: str) -> None:
    """Have tasks of the image in place of those that a killed `dev` has left; those of a live one stay.

    Raises:
        AutomationError: the new tasks do not run.
        DockerError: no daemon answers.
    """
    notes = Notes.of(stacks.local.folder)
    folder = notes.folder / stack
    if not folder.is_dir():
        return
    try:
        with stack_watched(stacks.local.folder, stack, f"up {stack}"):
            if any(containers.running(str(path)) for path in folder.iterdir()):
                say(f"{stack} runs what a `dev` that was killed has left: its tasks are replaced")
                notes.remove(stack)
                deployed = DeployedStack.of(stacks, stack)
                started = [ForcedDeployment(deployed, service) for service in deployed.services.values()]
                for one in started:
                    one.start()
                for one in started:
                    one.wait(minutes=_MINUTES)
            shutil.rmtree(folder, ignore_errors=True)
    except BusyError:
        # A `dev` keeps it.
        return
