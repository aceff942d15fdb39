"""Stacks in an account, by Pulumi's Automation API and its CLI."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from pulumi import automation

from automation.changes import events
from automation.errors import AutomationError
from automation.operations.shell import Invocation, by_ecs_exec
from automation.stacks.child import run_to_its_end
from automation.stacks.patience import Patience
from automation.stacks.progress import shown, to_stderr
from automation.stacks.protocol import Known
from automation.stacks.settings import settings_of
from infra.rollout.clients import Clients, session_for
from local.home import ROOT

if TYPE_CHECKING:
    from automation.changes.model import Changes
    from automation.operations.place import Place
    from infra.settings import Settings

_ENVIRONMENT: Final = {
    # The image is read with the registry token of the program: the one in the state expires.
    "PULUMI_RUN_PROGRAM": "true",
    "PULUMI_SKIP_UPDATE_CHECK": "true",
    # `--event-log`, which the Automation API uses too, is one of them.
    "PULUMI_DEBUG_COMMANDS": "true",
}
_REFERENCE: Final = "pulumi:pulumi:StackReference"
_PASSPHRASE: Final = "passphrase"  # noqa: S105 -- the name of a kind of encryption

T = TypeVar("T")


@dataclass(kw_only=True)
class AccountStacks:
    """The stacks in the backend that the person is logged in to."""

    root: Path = ROOT
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Variables for the CLI, besides those of this process."""
    show: Callable[[str], None] = to_stderr
    """Told each line of the CLI while it works."""
    patience: Patience = field(default_factory=Patience)
    """With a stack that somebody else's update has locked."""

    @property
    def on_this_machine(self) -> bool:
        """Whether they run here, and reach no account."""
        return False

    def known(self) -> Sequence[Known]:
        """Return all of them."""
        return [
            Known(
                name=one.name.rpartition("/")[2],
                last_update=one.last_update.replace(tzinfo=UTC) if one.last_update else None,
                under_way=bool(one.update_in_progress),
            )
            for one in self._asked(lambda workspace: workspace.list_stacks())
        ]

    def outputs(self, stack: str) -> Mapping[str, Any]:
        """Return what a stack tells; nothing if it never came up."""
        try:
            told = self._asked(lambda workspace: workspace.stack_outputs(stack))
        except _NoStackError:
            return {}
        return {name: output.value for name, output in told.items()}

    def shown_outputs(self, stack: str) -> Mapping[str, Any]:
        """Return what a stack tells, with [secret] for what nobody is to see."""
        told = self._asked(lambda workspace: workspace.stack_outputs(stack))
        return {name: "[secret]" if output.secret else output.value for name, output in told.items()}

    def state(self, stack: str) -> Mapping[str, Any]:
        """Return what is known of a stack, as `pulumi stack export` writes it."""
        exported = self._asked(lambda workspace: workspace.export_stack(stack))
        return {"version": exported.version, "deployment": exported.deployment or {}}

    def preview(self, stack: str) -> Changes:
        """Return what `up` would change; an error holds all that was told."""
        return self._changes("preview", "--diff", "--stack", stack)

    def refresh(self, stack: str, *, preview_only: bool) -> Changes:
        """Bring the state to what is there, or leave it as it is; return how it differed."""
        how = ("--preview-only",) if preview_only else ("--yes", "--skip-preview")
        return self._changes("refresh", *how, "--stack", stack, refreshed=True)

    def cancel(self, stack: str) -> None:
        """Take away the lock that an update has left which was cut off."""
        self._run("cancel", "--yes", "--stack", stack)

    def refers_to(self, stack: str) -> Sequence[str]:
        """Return the stacks whose outputs a stack has read, by its state."""
        resources = cast("list[dict[str, Any]]", self.state(stack)["deployment"].get("resources") or [])
        return [
            str(resource.get("id", "")).rpartition("/")[2]
            for resource in resources
            if resource["type"] == _REFERENCE
        ]

    def settings(self, stack: str) -> Settings:
        """Return what a stack's file says."""
        return settings_of(stack, self.root)

    def clients(self, settings: Settings) -> Clients:
        """Return who asks the account of a stack with these settings."""
        return Clients(settings.provider)

    def create(self, stack: str, encryption: Mapping[str, str]) -> None:
        """Make a stack with nothing in it, whose secrets are encrypted as these lines of a stack file say."""
        provider = encryption.get("secretsprovider") or (
            _PASSPHRASE if "encryptionsalt" in encryption else None
        )
        self._run(
            "stack", "init", stack, "--no-select", *(("--secrets-provider", provider) if provider else ())
        )

    def up(self, stack: str) -> Mapping[str, Any]:
        """Bring a stack to what its file says, and return its outputs; an error holds all that was told."""
        self._run("up", "--yes", "--skip-preview", "--stack", stack)
        return self.outputs(stack)

    def destroy(self, stack: str) -> None:
        """Delete all that a stack holds, by its state alone: its program may be gone, and its base too."""
        self._run(
            "destroy", "--yes", "--skip-preview", "--refresh=false", "--run-program=false", "--stack", stack
        )

    def remove(self, stack: str) -> None:
        """Forget a stack that holds nothing, and its history."""
        self._run("stack", "rm", "--yes", "--preserve-config", stack)

    def enter(self, settings: Settings, place: Place, service: str, command: Sequence[str]) -> Invocation:
        """Return what runs a command in a task of a service."""
        return by_ecs_exec(place, service, command, session_for(settings.provider), settings.provider.region)

    def address(self, url: str) -> str:
        """Return where this machine finds what is at `url`."""
        return url

    def _asked(self, ask: Callable[[automation.LocalWorkspace], T]) -> T:
        try:
            workspace = automation.LocalWorkspace(
                work_dir=str(self.root), env_vars={**_ENVIRONMENT, **self.environment}
            )
            return ask(workspace)
        except automation.StackNotFoundError as error:
            raise _NoStackError(str(error)) from error
        except automation.CommandError as error:
            raise AutomationError(f"Pulumi does not answer: {_without_noise(str(error))}") from error
        except FileNotFoundError as error:
            raise _no_cli() from error

    def _changes(self, *arguments: str, refreshed: bool = False) -> Changes:
        with TemporaryDirectory() as folder:
            log = Path(folder, "events.json")
            self._run(*arguments, "--event-log", str(log))
            return events.read(log, refreshed=refreshed)

    def _run(self, *arguments: str) -> None:
        command = ["pulumi", *arguments, "--non-interactive", "--color", "never"]
        environment = {**os.environ, **_ENVIRONMENT, **self.environment}

        named = arguments[arguments.index("--stack") + 1] if "--stack" in arguments else arguments[-1]

        def run() -> None:
            try:
                with shown(f"pulumi {arguments[0]} {named}", self.show) as show:
                    run_to_its_end(command, folder=self.root, environment=environment, show=show)
            except FileNotFoundError as error:
                raise _no_cli() from error

        self.patience.run(run, named, self.show)


class _NoStackError(AutomationError):
    """The backend has no such stack."""


def _no_cli() -> AutomationError:
    return AutomationError(
        "there is no `pulumi` on PATH: install the Pulumi CLI (https://www.pulumi.com/docs/install/), or say "
        "--local for the stack on this machine"
    )


def _without_noise(told: str) -> str:
    """Return what a failed command told on its error output."""
    return told.partition("stderr:")[2].strip() or told.strip()
