"""Takes stacks away, and with the last one all that the local run has started and made."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING

from local.containers import DockerError, connect, stop_daemon_if_ours
from local.emulator import Emulator
from local.engine import state as states
from local.engine.project import project_name
from local.front_door import FrontDoor
from local.home import ROOT, Home
from local.images import remove_images

if TYPE_CHECKING:
    from local.display import Display


def take_down(home: Home, stacks: list[str], display: Display) -> None:
    """Delete `stacks`, or all; when none is left, everything else goes too.

    Raises:
        EngineError: something could not be deleted; it stays in the state.
    """
    existing = states.stacks(home.backend, project_name(ROOT))
    chosen = stacks or existing
    for stack in chosen:
        if stack not in existing:
            display.say(f"There is no local stack {stack!r}; there are: {', '.join(existing) or 'none'}.")
    emulator = Emulator.running(home.folder)
    if emulator is not None:
        for stack in existing:
            if stack in chosen:
                _destroy(home, stack, emulator, display)
    remaining = [stack for stack in existing if stack not in chosen]
    if remaining:
        display.say(f"Still there: {', '.join(remaining)}.")
    else:
        _clear(home, display.say)


def _destroy(home: Home, stack: str, emulator: Emulator, display: Display) -> None:
    from local.engine.catalogue import everything
    from local.engine.deployment import Deployment

    target = home.target(stack, emulator.endpoint)
    deployment = Deployment(target, everything(), dry_run=False, listen=display.listen, log=display.log)
    # Protection keeps people's systems from harm; an emulator that is thrown away needs none.
    deployment.destroy(unprotect=True)
    for path in (target.state_path, target.state_path.with_suffix(".json.bak"), target.marker_path):
        path.unlink(missing_ok=True)


def _clear(home: Home, say: Callable[[str], None]) -> None:
    door, emulator = FrontDoor.recorded(home.folder), Emulator.recorded(home.folder)
    if door is not None:
        door.stop()
    if emulator is not None:
        emulator.stop()
        _remove_images_of(emulator)
    shutil.rmtree(home.folder, ignore_errors=True)
    if stop_daemon_if_ours():
        say("Stopped the Docker daemon that `make up` had started.")


def _remove_images_of(emulator: Emulator) -> None:
    try:
        client = connect()
    except DockerError:
        # Without a daemon nobody can say whether there are any.
        return
    try:
        remove_images(client, prefix=f"localhost:{emulator.port}/")
    finally:
        client.close()
