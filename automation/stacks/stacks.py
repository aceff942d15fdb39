"""Drives the stacks of this project by the Pulumi CLI, wherever they are."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from automation.errors import AutomationError, ProgramError
from automation.stack_files import project_name, read_config
from automation.stacks.cli import Cli
from automation.stacks.lock_retry import LockRetry

if TYPE_CHECKING:
    from automation.changes.events import Events
    from automation.changes.model import Changes
    from automation.stacks.environment import AwsEnvironment, KnownStack, Run
    from automation.stacks.local import OnThisMachine
    from infra.rollout.aws_clients import AwsClients
    from infra.settings import Settings

_REFERENCE: Final = "pulumi:pulumi:StackReference"
_PASSPHRASE: Final = "passphrase"  # noqa: S105 -- the name of a kind of encryption
_NO_STACK: Final = "no stack named"
_WITHOUT_PROMPT: Final = ("--yes", "--skip-preview")
_REFRESH: Final = ("--refresh", "--run-program")
"""The program runs for it, as providers need what only the program knows (a registry's token)."""
_AFTER_A_FAILURE: Final = ("up", "preview")
"""Commands that refresh first when the last update failed; a destroy goes by the state alone."""


@dataclass(frozen=True, kw_only=True)
class Stacks:
    """The stacks of this project in one environment. Whatever does not work is an `AutomationError`."""

    environment: AwsEnvironment | OnThisMachine
    lock_retry: LockRetry = field(default_factory=LockRetry)

    @property
    def root(self) -> Path:
        """The project's folder."""
        return self.environment.root

    @property
    def project(self) -> str:
        """The project's name."""
        return project_name(self.root)

    @property
    def is_local(self) -> bool:
        """Whether the stacks are on this machine, and no account is reached."""
        return self.environment.is_local

    def known(self) -> Sequence[KnownStack]:
        """Return all of them."""
        return self.environment.known()

    def exists(self, stack: str) -> bool:
        """Whether the backend has a stack of this name."""
        return any(known.name == stack for known in self.known())

    def outputs(self, stack: str, *, show_secrets: bool = True) -> Mapping[str, Any]:
        """Return a stack's outputs; none if it never came up."""
        secrets = ("--show-secrets",) if show_secrets else ()
        try:
            return json.loads(self._ask("stack", "output", "--json", *secrets, "--stack", stack))
        except ProgramError as error:
            if _NO_STACK in str(error):
                return {}
            raise

    def resources(self, stack: str) -> Sequence[Mapping[str, Any]]:
        """Return the resources in a stack's state; none if there is no such stack."""
        try:
            state: Mapping[str, Any] = json.loads(self._ask("stack", "export", "--stack", stack))
        except ProgramError as error:
            if _NO_STACK in str(error):
                return ()
            raise
        deployment: Mapping[str, Any] = state.get("deployment") or {}
        return deployment.get("resources") or ()

    def references(self, stack: str) -> Sequence[str]:
        """Return the stacks whose outputs a stack has read, by its state."""
        found = (resource for resource in self.resources(stack) if resource["type"] == _REFERENCE)
        return [str(resource.get("id", "")).rpartition("/")[2] for resource in found]

    def settings(self, stack: str) -> Settings:
        """Return what a stack's file says, by the rules of the program itself."""
        return settings_of(stack, self.root)

    def clients(self, settings: Settings) -> AwsClients:
        """Return AWS clients for a stack's account."""
        return self.environment.clients(settings)

    def preview(self, stack: str) -> Events:
        """Return what the engine tells of an `up` that changes nothing."""
        return self._update(stack, "preview", runs_program=True)

    def up(self, stack: str, *, refresh: bool = False) -> Mapping[str, Any]:
        """Bring a stack to what its file says, and return its outputs.

        Args:
            stack: its name.
            refresh: whether to read every resource first. After an update that failed that is always done:
                where ECS has rolled a deployment back, the state has the version that failed.
        """
        options = (*_WITHOUT_PROMPT, "--suppress-outputs", *(_REFRESH if refresh else ()))
        return self._update(stack, "up", *options, runs_program=True).outputs

    def refresh(self, stack: str, *, preview_only: bool) -> Changes:
        """Bring the state to what exists, or leave it as it is; return how it differed."""
        how = ("--preview-only",) if preview_only else _WITHOUT_PROMPT
        # The program runs for it, as providers need what only the program knows (a registry's token).
        found = self._update(stack, "refresh", *how, "--run-program", "--suppress-outputs", runs_program=True)
        return found.changes(refreshed=True)

    def destroy(self, stack: str) -> None:
        """Delete all that a stack holds, by its state alone: its program may be gone, and its base too."""
        # Protection keeps systems that matter from harm; the emulator is thrown away, and its stacks with it.
        locally = ("--ignore-protect", "--remove") if self.is_local else ()
        self._update(stack, "destroy", *_WITHOUT_PROMPT, "--refresh=false", "--suppress-outputs", *locally)

    def create(self, stack: str, encryption: Mapping[str, str]) -> None:
        """Make an empty stack, whose secrets are encrypted as these lines of a stack file say."""
        if self.is_local:
            # `up` makes it there, with the passphrase of local states.
            return
        provider = encryption.get("secretsprovider") or (
            _PASSPHRASE if "encryptionsalt" in encryption else None
        )
        secrets = ("--secrets-provider", provider) if provider else ()
        self._ask("stack", "init", stack, "--no-select", *secrets)

    def remove(self, stack: str) -> None:
        """Forget a stack that holds nothing, and its history."""
        if not self.is_local:
            self._ask("stack", "rm", "--yes", "--preserve-config", stack)

    def cancel(self, stack: str) -> None:
        """Remove the lock that an interrupted update left behind."""
        if self.is_local:
            raise AutomationError(
                f"{stack} has no stale lock: on this machine a lock ends with the process that holds it"
            )
        self._ask("cancel", "--yes", "--stack", stack)

    def address(self, url: str) -> str:
        """Return where this machine finds what is at `url`."""
        return self.environment.address(url)

    def _ask(self, *arguments: str) -> str:
        program = self.environment.find_cli(None)
        cli = Cli(program=program, folder=self.root, variables=self.environment.variables())
        return cli.ask(*arguments)

    def _update(self, stack: str, command: str, *options: str, runs_program: bool = False) -> Events:
        region = read_config(self.root, stack).values["aws:region"] if runs_program else ""
        stop = threading.Event()
        with ThreadPoolExecutor(1) as background:
            # Where it has to be built, the environment is prepared meanwhile.
            finding = background.submit(self.environment.find_cli, stop)

            def run() -> Events:
                with self.environment.run(stack, command, region=region) as prepared:
                    cli = Cli(
                        program=finding.result(),
                        folder=prepared.folder,
                        variables=prepared.variables,
                        inherited=prepared.locks,
                    )
                    if prepared.new:
                        cli.ask("stack", "init", stack, "--no-select")
                    prepared.wait_until_ready()
                    found = cli.update(
                        *(command, *_with_refresh(command, options, prepared), "--stack", stack),
                        source=self.root / "__main__.py" if runs_program else None,
                    )
                    prepared.succeeded = True
                    return found

            try:
                return self.lock_retry.run(run, stack)
            finally:
                stop.set()


def settings_of(stack: str, root: Path) -> Settings:
    """Return a stack's settings.

    Raises:
        AutomationError: it has no file, or one that is wrong.
    """
    import pulumi

    from infra.settings import parse

    config = read_config(root, stack)
    try:
        return parse(config.values, project=config.project, stack=stack, secret_keys=config.secret_keys)
    except pulumi.RunError as error:
        raise AutomationError(str(error)) from error


def _with_refresh(command: str, options: Sequence[str], run: Run) -> Sequence[str]:
    needed = run.last_update_failed and command in _AFTER_A_FAILURE and not {*_REFRESH} <= {*options}
    return (*options, *_REFRESH) if needed else options
