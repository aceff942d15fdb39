"""Takes stacks away, and with the last one all that the local run has started and made."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from local import engines
from local.docker import DockerError, connect
from local.docker_daemon import DockerDaemon
from local.emulator import Emulator
from local.engine import state as states
from local.engine.project import project_name
from local.engine.secrets import WrongPassphraseError
from local.engine.state import BrokenStateError
from local.front_door import FrontDoor
from local.home import ROOT, Home, passphrase
from local.images import remove_images
from local.pulumi_cli import PulumiCli
from local.session import set_aside_foreign_states

if TYPE_CHECKING:
    from local.display import Display


def take_down(home: Home, stacks: list[str], display: Display, *, lock: int | None = None) -> None:
    """Delete `stacks`, or all; when none is left, everything else goes too.

    Raises:
        DockerError: no daemon answers, so that containers and images would stay.
        EngineError: something could not be deleted; it stays in the state.
    """
    if Emulator.recorded(home.folder) is not None:
        _require_docker()
    emulator = Emulator.running(home.folder)
    if emulator is not None:
        set_aside_foreign_states(home, emulator, display.say)
    existing = states.stacks(home.backend, project_name(ROOT))
    chosen = stacks or existing
    for stack in chosen:
        if stack not in existing:
            display.say(f"There is no local stack {stack!r}; there are: {', '.join(existing) or 'none'}.")
    remaining = [stack for stack in existing if stack not in chosen]
    if emulator is None:
        if existing:
            display.say(
                f"The emulator does not run, and what it held is gone with it: {', '.join(existing)}."
            )
        remaining = []
    else:
        for stack in _in_order(home, [stack for stack in existing if stack in chosen]):
            destroy_stack(home, stack, emulator, display, last=not remaining, lock=lock)
    if remaining:
        display.say(f"Still there: {', '.join(remaining)}.")
    else:
        _clear(home, display.say)


def _in_order(home: Home, chosen: list[str]) -> list[str]:
    """Sort so that a stack that uses another one goes before it."""
    order = TopologicalSorter(dict.fromkeys(chosen, ()))
    for stack in chosen:
        for base in _used_by(home, stack) & {*chosen} - {stack}:
            order.add(base, stack)
    try:
        return list(order.static_order())
    except CycleError:
        # Two stacks may follow one another's image; then neither has anything of the other.
        return chosen


def _used_by(home: Home, stack: str) -> set[str]:
    project = project_name(ROOT)
    try:
        state = states.load(states.path_of(home.backend, project, stack), project, stack, passphrase())
    except (BrokenStateError, WrongPassphraseError):
        # Told when its turn comes.
        return set()
    references = (item for item in state.resources if item.type == "pulumi:pulumi:StackReference")
    return {str(item.inputs.get("name", "")).rpartition("/")[2] for item in references}


def destroy_stack(
    home: Home,
    stack: str,
    emulator: Emulator,
    display: Display,
    *,
    last: bool,
    lock: int | None,
    output: int | None = None,
) -> None:
    """Delete all that a stack holds, and its state.

    Args:
        home: where the state is.
        stack: which stack.
        emulator: that it is in.
        display: shows how it goes.
        last: whether the emulator goes too, so that a state that nobody can read does no harm.
        lock: of the run.
        output: descriptor for what the Pulumi CLI tells; None for this process's own output.

    Raises:
        EngineError: something could not be deleted; it stays in the state.
    """
    from local.engine.catalogue import everything
    from local.engine.deployment import Deployment

    target = home.target(stack, emulator.endpoint)
    try:
        # Protection keeps people's systems from harm; an emulator that is thrown away needs none.
        if (program := engines.program()) is not None:
            pulumi = PulumiCli.of(program, target, region=emulator.region, folder=home.cli, lock=lock)
            replace(pulumi, output=output).destroy(unprotect=True)
        else:
            deployment = Deployment(
                target, everything(), dry_run=False, listen=display.listen, log=display.log
            )
            deployment.destroy(unprotect=True)
    except (BrokenStateError, WrongPassphraseError) as error:
        if not last:
            raise
        # The emulator goes, and with it whatever the state cannot tell of any more.
        display.say(f"{stack} goes unread: {error}")
        return
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
    if DockerDaemon().stop_if_unused():
        say("Stopped the Docker daemon that `make up` had started.")


def _require_docker() -> None:
    """Refuse while everything that is needed to find containers and images again is still there."""
    try:
        connect().close()
    except DockerError as error:
        raise DockerError(f"containers and images cannot be taken away: {error}") from error


def _remove_images_of(emulator: Emulator) -> None:
    client = connect()
    try:
        remove_images(client, prefix=f"localhost:{emulator.port}/")
    finally:
        client.close()
