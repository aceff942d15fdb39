"""Drives this project's stacks in an account; for local ones see `automation.stacks.local`."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from automation.console import say, to_type
from automation.errors import AutomationError, ProgramError
from automation.stack_files import project_name, read_config
from automation.stacks.cli import Cli
from automation.stacks.lock_retry import LockRetry

if TYPE_CHECKING:
    from automation.changes.events import Events
    from automation.changes.model import Changes
    from infra.rollout.aws_clients import AwsClients
    from infra.settings import Settings

ROOT: Final = Path(__file__).resolve().parents[2]

_REFERENCE: Final = "pulumi:pulumi:StackReference"
_PASSPHRASE: Final = "passphrase"  # noqa: S105 -- the name of a kind of encryption
_UNPROVEN: Final = "not run what this stack asks for"
"""In the program's error when a service does not come up; the program cannot know how it was started."""
_NO_STACK: Final = "no stack named"
_WITHOUT_PROMPT: Final = ("--yes", "--skip-preview")
_RUN_PROGRAM: Final = "--run-program"
"""For a refresh: providers need values that only the program knows, such as a registry's token."""
_REFRESH: Final = ("--refresh", _RUN_PROGRAM)
_AFTER_A_FAILURE: Final = ("up", "preview")
"""Commands that refresh first when the last update failed; a destroy goes by the state alone."""


FindCli = Callable[[threading.Event | None], Path]
"""Returns the Pulumi CLI; an installation ends when the event is set."""


@dataclass(frozen=True, kw_only=True)
class KnownStack:
    """A stack, as the backend lists it."""

    name: str
    last_update: datetime | None
    under_way: bool = False
    """Whether an update of it runs."""


@dataclass
class Run:
    """One run of the CLI on a stack: what was prepared for it, and how it ended."""

    variables: Mapping[str, str]
    folder: Path
    new: bool = False
    """Whether the stack has to be initialized first."""
    last_update_failed: bool = False
    locks: tuple[int, ...] = ()
    """Descriptors that the CLI holds while it runs."""
    wait_until_ready: Callable[[], object] = lambda: None
    """Returns when the CLI may be started."""
    succeeded: bool = False


@dataclass(frozen=True, kw_only=True)
class Stacks:
    """The stacks of this project in the backend that the user is logged in to.

    Each is in the account that its file names. All failures are `AutomationError`.
    """

    find_cli: FindCli
    root: Path = ROOT
    """The project's folder."""
    lock_retry: LockRetry = field(default_factory=LockRetry)
    extra_variables: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def project(self) -> str:
        """The project's name."""
        return project_name(self.root)

    @property
    def is_local(self) -> bool:
        """Whether the stacks are on this machine, and no account is reached."""
        return False

    def variables(self) -> Mapping[str, str]:
        """Return variables for a CLI that only reads."""
        return {
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            # `--event-log` is one of the commands' options for debugging.
            "PULUMI_DEBUG_COMMANDS": "true",
            **self.extra_variables,
        }

    @contextmanager
    def run(self, stack: str, command: str, *, region: str) -> Generator[Run]:
        """Prepare one run of the CLI, which locks the stack itself."""
        del region
        failed = command == "up" and self._last_update_failed(stack)
        yield Run(variables=self.variables(), folder=self.root, last_update_failed=failed)

    def known(self) -> Sequence[KnownStack]:
        """Return all of them."""
        return [
            KnownStack(
                name=one["name"].rpartition("/")[2],
                last_update=datetime.fromisoformat(one["lastUpdate"]) if one.get("lastUpdate") else None,
                under_way=bool(one.get("updateInProgress")),
            )
            for one in json.loads(self._ask("stack", "ls", "--json"))
        ]

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
        """Return the settings in a stack's file."""
        return settings_of(stack, self.root)

    def clients(self, settings: Settings) -> AwsClients:
        """Return AWS clients for a stack's account."""
        from infra.rollout.aws_clients import Clients

        return Clients(settings.provider)

    def preview(self, stack: str) -> Events:
        """Return the engine's events of a preview."""
        return self._update(stack, "preview", runs_program=True)

    def up(self, stack: str, *, refresh: bool = False) -> Mapping[str, Any]:
        """Update a stack to its file, and return its outputs.

        With `refresh` it reads every resource first, as it always does after a failed update: if ECS has
        rolled a deployment back, the state has the version that failed.
        """
        options = (*_WITHOUT_PROMPT, "--suppress-outputs", *(_REFRESH if refresh else ()))
        return self._update(stack, "up", *options, runs_program=True).outputs

    def refresh(self, stack: str, *, preview_only: bool) -> Changes:
        """Update the state to the existing resources, unless `preview_only`; return the differences."""
        how = ("--preview-only",) if preview_only else _WITHOUT_PROMPT
        found = self._update(stack, "refresh", *how, _RUN_PROGRAM, "--suppress-outputs", runs_program=True)
        return found.changes(refreshed=True)

    def destroy(self, stack: str) -> None:
        """Delete all resources of a stack, by its state alone: program and base may be gone."""
        options = (*_WITHOUT_PROMPT, "--refresh=false", "--suppress-outputs", *self._destroy_options)
        self._update(stack, "destroy", *options)

    def create(self, stack: str, encryption: Mapping[str, str]) -> None:
        """Create an empty stack, whose secrets are encrypted as these lines of a stack file say."""
        provider = encryption.get("secretsprovider") or (
            _PASSPHRASE if "encryptionsalt" in encryption else None
        )
        secrets = ("--secrets-provider", provider) if provider else ()
        self._ask("stack", "init", stack, "--no-select", *secrets)

    def remove(self, stack: str) -> None:
        """Delete a stack without resources, and its history."""
        self._ask("stack", "rm", "--yes", "--preserve-config", stack)

    def cancel(self, stack: str) -> None:
        """Remove the lock that an interrupted update left behind."""
        self._ask("cancel", "--yes", "--stack", stack)

    def wait_until_reachable(self, outputs: Mapping[str, Any]) -> None:
        """Return at once: the load balancer's health checks have passed; DNS may take longer."""

    def address(self, url: str) -> str:
        """Return the address at which this machine reaches `url`."""
        return url

    @property
    def page(self) -> str:
        """The address of a page that shows the stacks; empty where the AWS console does."""
        return ""

    @property
    def _destroy_options(self) -> Sequence[str]:
        return ()

    def _ask(self, *arguments: str) -> str:
        cli = Cli(program=self.find_cli(None), folder=self.root, variables=self.variables())
        return cli.ask(*arguments)

    def _last_update_failed(self, stack: str) -> bool:
        # A stack that was never updated has no history, and a missing one is reported by the update itself.
        with suppress(ProgramError, ValueError, IndexError, KeyError):
            told = self._ask("stack", "history", "--json", "--page-size", "1", "--stack", stack)
            return json.loads(told)[0]["result"] == "failed"
        return False

    def _update(self, stack: str, command: str, *options: str, runs_program: bool = False) -> Events:
        region = read_config(self.root, stack).values["aws:region"] if runs_program else ""
        stop = threading.Event()
        with ThreadPoolExecutor(1) as background:
            # Where it has to be built, the environment is prepared meanwhile.
            finding = background.submit(self.find_cli, stop)

            def update() -> Events:
                with self.run(stack, command, region=region) as prepared:
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
                return self.lock_retry.run(update, stack)
            except ProgramError as error:
                if _UNPROVEN in error.output:
                    again = ("up", "--refresh") if "pulumi up --refresh" in error.output else ("redeploy",)
                    say(
                        f"next: {to_type('up', stack)} when it is fixed, or {to_type(*again, stack)} to try "
                        "the same version once more"
                    )
                raise
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
