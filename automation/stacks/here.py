"""Stacks on this machine: the same commands, and no account anywhere near."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from automation.changes import events
from automation.errors import AutomationError
from automation.operations.shell import Invocation, in_container
from automation.stacks.child import run_to_its_end
from automation.stacks.progress import shown, to_stderr
from automation.stacks.protocol import Known
from automation.stacks.settings import settings_of
from local.display import Display
from local.docker import container_of
from local.emulator import Emulator
from local.engine import state as states
from local.engine import wire
from local.engine.errors import EngineError
from local.engine.project import project_name
from local.front_door import FrontDoor
from local.home import ROOT, Home
from local.lock import locked
from local.resources.base import ResourceError
from local.resources.cloud import Cloud
from local.session import local_address
from local.teardown import destroy_stack

if TYPE_CHECKING:
    from automation.changes.model import Changes
    from automation.operations.place import Place
    from infra.rollout.clients import AwsService
    from infra.settings import Settings

_REFERENCE: Final = "pulumi:pulumi:StackReference"


@dataclass(frozen=True)
class EmulatorClients:
    """Asks the emulator, and nobody else."""

    cloud: Cloud

    def get(self, service: AwsService, /) -> Any:
        """Return the boto3 client of a service."""
        return self.cloud.client(service)


@dataclass(kw_only=True)
class LocalStacks:
    """The stacks of the local run, which `python -m local` knows too."""

    home: Home = field(default_factory=Home)
    root: Path = ROOT
    show: Callable[[str], None] = to_stderr
    """Told each line of the local run while it works."""

    @property
    def on_this_machine(self) -> bool:
        """Whether they run here, and reach no account."""
        return True

    def known(self) -> Sequence[Known]:
        """Return all of them: none if there is no emulator, for they are gone with it."""
        if Emulator.running(self.home.folder) is None:
            return []
        project = project_name(self.root)
        return [
            Known(name=name, last_update=self._changed(states.path_of(self.home.backend, project, name)))
            for name in states.stacks(self.home.backend, project)
        ]

    def outputs(self, stack: str) -> Mapping[str, Any]:
        """Return what a stack tells; nothing if it never came up."""
        checkpoint = self._checkpoint(stack)
        return wire.reveal(checkpoint.outputs()) if checkpoint is not None else {}

    def shown_outputs(self, stack: str) -> Mapping[str, Any]:
        """Return what a stack tells, with [secret] for what nobody is to see."""
        checkpoint = self._there(stack)
        return wire.map_secrets(checkpoint.outputs(), lambda _: "[secret]")

    def state(self, stack: str) -> Mapping[str, Any]:
        """Return what is known of a stack, as `pulumi stack export` writes it."""
        self._there(stack)
        path = self.home.target(stack, self._emulator().endpoint).state_path
        document = json.loads(path.read_text(encoding="utf-8"))
        return {"version": document["version"], "deployment": document["checkpoint"]["latest"]}

    def preview(self, stack: str) -> Changes:
        """Return what `up` would change; an error holds all that was told."""
        return self._changes("preview", stack)

    def refresh(self, stack: str, *, preview_only: bool) -> Changes:
        """Bring the state to what is there, or leave it as it is; return how it differed."""
        self._there(stack)
        return self._changes("refresh", stack, *(("--preview-only",) if preview_only else ()), refreshed=True)

    def cancel(self, stack: str) -> None:
        """Say that there is nothing to take away."""
        raise AutomationError(
            f"{stack} cannot be locked by an update that was cut off: on this machine a lock ends with the "
            "process that holds it"
        )

    def refers_to(self, stack: str) -> Sequence[str]:
        """Return the stacks whose outputs a stack has read, by its state."""
        checkpoint = self._checkpoint(stack)
        found = checkpoint.resources if checkpoint is not None else []
        return [str(one.id).rpartition("/")[2] for one in found if one.type == _REFERENCE]

    def settings(self, stack: str) -> Settings:
        """Return what a stack's file says."""
        return settings_of(stack, self.root)

    def clients(self, settings: Settings) -> EmulatorClients:
        """Return who asks the emulator, whatever account the settings lead to."""
        emulator = self._emulator()
        return EmulatorClients(Cloud(emulator.endpoint, region=settings.provider.region))

    def create(self, stack: str, encryption: Mapping[str, str]) -> None:
        """Do nothing: here `up` makes the stack, and local states have a key of their own."""

    def up(self, stack: str) -> Mapping[str, Any]:
        """Bring a stack to what its file says, and return its outputs; an error holds all that was told."""
        self._run("up", stack)
        return self.outputs(stack)

    def destroy(self, stack: str) -> None:
        """Delete all that a stack holds, by its state alone: its program may be gone, and its base too."""
        display = Display(dry_run=False, out=sys.stderr)
        try:
            with locked(self.home.folder, f"destroy {stack}") as lock:
                destroy_stack(
                    self.home,
                    stack,
                    self._emulator(),
                    display,
                    last=False,
                    lock=lock,
                    output=sys.stderr.fileno(),
                )
        except (EngineError, ResourceError) as error:
            raise AutomationError(f"{stack} could not be destroyed: {error or 'see above'}") from error

    def remove(self, stack: str) -> None:
        """Do nothing: with what it held, a local stack is gone."""

    def enter(self, settings: Settings, place: Place, service: str, command: Sequence[str]) -> Invocation:
        """Return what runs a command in a task of a service."""
        del settings
        return in_container(place, service, command, container_of)

    def address(self, url: str) -> str:
        """Return where this machine finds what is at `url`."""
        door = FrontDoor.running(self.home.folder)
        if door is None:
            raise AutomationError("the front door does not run: `make up` starts it")
        return local_address(door, url)

    def _changes(self, *arguments: str, refreshed: bool = False) -> Changes:
        with TemporaryDirectory() as folder:
            log = Path(folder, "events.json")
            self._run(*arguments, "--event-log", str(log))
            return events.read(log, refreshed=refreshed)

    def _run(self, *arguments: str) -> None:
        # In a process of its own: the program of one run is not to meet what another has left behind.
        command = [sys.executable, "-m", "local", *arguments]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        with shown(" ".join(arguments[:2]), self.show) as show:
            run_to_its_end(command, folder=self.root, environment=environment, show=show)

    def _emulator(self) -> Emulator:
        emulator = Emulator.running(self.home.folder)
        if emulator is None:
            raise AutomationError(
                "the emulator does not run, and what it held is gone with it: `make up` starts it"
            )
        return emulator

    def _checkpoint(self, stack: str) -> states.Checkpoint | None:
        target = self.home.target(stack, self._emulator().endpoint)
        if not target.state_path.exists():
            return None
        try:
            return states.load(target.state_path, target.project, stack, target.passphrase)
        except EngineError as error:
            raise AutomationError(str(error)) from error

    def _there(self, stack: str) -> states.Checkpoint:
        checkpoint = self._checkpoint(stack)
        if checkpoint is None:
            raise AutomationError(f"there is no local stack {stack!r}: `make up STACK={stack}` makes it")
        return checkpoint

    @staticmethod
    def _changed(path: Path) -> datetime:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
