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
_SERVICES_DO_NOT_RUN: Final = "not run what this stack asks for"
"""In the error of `infra.rollout.verification`, which knows neither the stack's name nor `--local`."""
_NO_STACK: Final = "no stack named"
_WITHOUT_PROMPT: Final = ("--yes", "--skip-preview")
_RUN_PROGRAM: Final = "--run-program"
"""For a refresh: providers need values that only the program knows, such as a registry's token."""
_REFRESH: Final = ("--refresh", _RUN_PROGRAM)
_REFRESH_AFTER_A_FAILURE: Final = ("up", "preview")
"""Commands that refresh first after a failed update: the state may have a version that ECS rolled back."""

FindCli = Callable[[threading.Event | None], Path]
"""Returns the Pulumi CLI; an installation stops when the event is set."""


@dataclass(frozen=True, kw_only=True)
class StackSummary:
    """A stack, as the backend lists it."""

    name: str
    last_update: datetime | None
    under_way: bool = False
    """Whether an update of it runs."""


@dataclass
class Run:
    """One run of the CLI on a stack: what was prepared for it, and whether it succeeded."""

    variables: Mapping[str, str]
    folder: Path
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
        """Whether the stacks are on this machine, without an AWS account."""
        return False

    def variables(self) -> Mapping[str, str]:
        """Return the environment variables of a CLI that only reads."""
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
        failed = command in _REFRESH_AFTER_A_FAILURE and self._last_update_failed(stack)
        yield Run(variables=self.variables(), folder=self.root, last_update_failed=failed)

    def summaries(self) -> Sequence[StackSummary]:
        """Return all stacks."""
        return [
            StackSummary(
                name=stack["name"].rpartition("/")[2],
                last_update=datetime.fromisoformat(stack["lastUpdate"]) if stack.get("lastUpdate") else None,
                under_way=bool(stack.get("updateInProgress")),
            )
            for stack in json.loads(self._output("stack", "ls", "--json"))
        ]

    def exists(self, stack: str) -> bool:
        """Whether the backend has a stack of this name."""
        return any(summary.name == stack for summary in self.summaries())

    def outputs(self, stack: str, *, show_secrets: bool = True) -> Mapping[str, Any]:
        """Return a stack's outputs; none if there is no such stack, or no update of it succeeded."""
        secrets = ("--show-secrets",) if show_secrets else ()
        return self._json_of_stack("output", "--json", *secrets, "--stack", stack)

    def resources(self, stack: str) -> Sequence[Mapping[str, Any]]:
        """Return the resources in a stack's state; none if there is no such stack."""
        deployment: Mapping[str, Any] = (
            self._json_of_stack("export", "--stack", stack).get("deployment") or {}
        )
        return deployment.get("resources") or ()

    def references(self, stack: str) -> Sequence[str]:
        """Return the stacks whose outputs a stack has read, by its state."""
        references = (resource for resource in self.resources(stack) if resource["type"] == _REFERENCE)
        return [str(reference.get("id", "")).rpartition("/")[2] for reference in references]

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

        With `refresh`, and always after a failed update, every resource is read first.
        """
        options = (*_WITHOUT_PROMPT, "--suppress-outputs", *(_REFRESH if refresh else ()))
        return self._update(stack, "up", *options, runs_program=True).outputs

    def refresh(self, stack: str, *, preview_only: bool) -> Changes:
        """Update the state to the existing resources, unless `preview_only`; return the differences."""
        how = ("--preview-only",) if preview_only else _WITHOUT_PROMPT
        options = (*how, _RUN_PROGRAM, "--suppress-outputs")
        return self._update(stack, "refresh", *options, runs_program=True).changes(refreshed=True)

    def destroy(self, stack: str) -> None:
        """Delete all resources of a stack, by its state alone: program and base may be missing."""
        options = (*_WITHOUT_PROMPT, "--refresh=false", "--suppress-outputs", *self._destroy_options)
        self._update(stack, "destroy", *options)

    def create(self, stack: str, encryption: Mapping[str, str]) -> None:
        """Create an empty stack, whose secrets are encrypted as these lines of a stack file say."""
        passphrase = "passphrase" if "encryptionsalt" in encryption else None
        provider = encryption.get("secretsprovider") or passphrase
        secrets = ("--secrets-provider", provider) if provider else ()
        self._output("stack", "init", stack, "--no-select", *secrets)

    def remove(self, stack: str) -> None:
        """Delete a stack without resources, and its history."""
        self._output("stack", "rm", "--yes", "--preserve-config", stack)

    def cancel(self, stack: str) -> None:
        """Remove the lock that an interrupted update left behind."""
        self._output("cancel", "--yes", "--stack", stack)

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

    def _output(self, *arguments: str) -> str:
        cli = Cli(executable=self.find_cli(None), folder=self.root, variables=self.variables())
        return cli.output(*arguments)

    def _json_of_stack(self, *arguments: str) -> dict[str, Any]:
        """Return the JSON that a command about a stack prints; empty if there is no such stack."""
        try:
            return json.loads(self._output("stack", *arguments))
        except ProgramError as error:
            if _NO_STACK in str(error):
                return {}
            raise

    def _last_update_failed(self, stack: str) -> bool:
        # A stack that was never updated has no history, and a missing one is reported by the update itself.
        with suppress(ProgramError, ValueError, IndexError, KeyError):
            history = self._output("stack", "history", "--json", "--page-size", "1", "--stack", stack)
            return json.loads(history)[0]["result"] == "failed"
        return False

    def _update(self, stack: str, command: str, *options: str, runs_program: bool = False) -> Events:
        region = read_config(self.root, stack).values["aws:region"] if runs_program else ""
        stop = threading.Event()
        with ThreadPoolExecutor(1) as background:
            # The environment is prepared meanwhile: the CLI may have to be built.
            executable = background.submit(self.find_cli, stop)

            def update() -> Events:
                with self.run(stack, command, region=region) as run:
                    cli = Cli(
                        executable=executable.result(),
                        folder=run.folder,
                        variables=run.variables,
                        inherited_descriptors=run.locks,
                    )
                    run.wait_until_ready()
                    events = cli.update(
                        *(command, *_with_refresh(command, options, run), "--stack", stack),
                        program=self.root / "__main__.py" if runs_program else None,
                    )
                    run.succeeded = True
                    return events

            try:
                return self.lock_retry.run(update, stack)
            except ProgramError as error:
                if _SERVICES_DO_NOT_RUN in error.output:
                    again = ("up", "--refresh") if "pulumi up --refresh" in error.output else ("redeploy",)
                    say(
                        f"next: {to_type('up', stack)} when it is fixed, or {to_type(*again, stack)} to try "
                        "the same version once more"
                    )
                raise
            finally:
                stop.set()


def require_existing(stacks: Stacks, stack: str) -> None:
    """Raise `AutomationError` if the backend has no stack of this name."""
    names = sorted(summary.name for summary in stacks.summaries())
    if stack not in names:
        listed = f"there are {', '.join(names)}" if names else "no stack exists yet"
        raise AutomationError(f"there is no stack {stack!r}: {listed}")


def settings_of(stack: str, root: Path) -> Settings:
    """Return a stack's settings.

    Raises:
        AutomationError: it has no file, or an invalid one.
    """
    import pulumi

    from infra.settings import parse

    config = read_config(root, stack)
    try:
        return parse(config.values, project=config.project, stack=stack, secret_keys=config.secret_keys)
    except pulumi.RunError as error:
        raise AutomationError(str(error)) from error


def _with_refresh(command: str, options: Sequence[str], run: Run) -> Sequence[str]:
    needed = run.last_update_failed and command in _REFRESH_AFTER_A_FAILURE and "--refresh" not in options
    return (*options, *_REFRESH) if needed else options
