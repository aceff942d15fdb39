"""The stacks of `--local`, which run in the environment of `local`."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from automation.errors import AutomationError
from automation.stacks.stacks import Run, Stacks, StackSummary
from local.resources.cloud import Cloud

if TYPE_CHECKING:
    from automation.changes.events import Events
    from infra.settings import Settings
    from local.environment import LocalEnvironment

_STACK: Final = "pulumi:pulumi:Stack"
_SECRET: Final = "4dabf18193072939515e22adb298388d"  # noqa: S105 -- key of secrets in a state


@dataclass(frozen=True, kw_only=True)
class LocalStacks(Stacks):
    """The stacks of this project on this machine."""

    local: LocalEnvironment

    @property
    def is_local(self) -> bool:
        """Whether the stacks are on this machine, without an AWS account."""
        return True

    def variables(self) -> Mapping[str, str]:
        """Return the environment variables of a CLI that only reads."""
        return self.local.variables()

    @contextmanager
    def run(self, stack: str, command: str, *, region: str) -> Generator[Run]:
        """Prepare one run of the CLI."""
        with self.local.run(stack, command, Run, region=region) as run:
            yield run

    def summaries(self) -> Sequence[StackSummary]:
        """Return all stacks in the running emulator."""
        paths = {name: self.local.backend.path(name) for name in self.local.stacks()}
        return [
            StackSummary(name=name, last_update=datetime.fromtimestamp(path.stat().st_mtime, UTC))
            for name, path in paths.items()
        ]

    def preview(self, stack: str) -> Events:
        """Return the engine's events of a preview; servers that only the preview needs are stopped again."""
        with self.local.servers_stopped_afterwards():
            return super().preview(stack)

    def resources(self, stack: str) -> Sequence[Mapping[str, Any]]:
        """Return the resources in a stack's state. Read from the file: the CLI takes a third of a second."""
        # Without the emulator the resources no longer exist.
        self.local.emulator()
        return self.local.backend.read(stack).resources

    def outputs(self, stack: str, *, show_secrets: bool = True) -> Mapping[str, Any]:
        """Return a stack's outputs, from its state's file; by the CLI if one is a secret."""
        stacks = (resource for resource in self.resources(stack) if resource["type"] == _STACK)
        outputs: Mapping[str, Any] = next(stacks, dict[str, Any]()).get("outputs") or {}
        if _SECRET in json.dumps(outputs):
            return super().outputs(stack, show_secrets=show_secrets)
        return outputs

    def clients(self, settings: Settings) -> Cloud:
        """Return clients of the emulator; the settings' account is not used."""
        return Cloud(self.local.emulator().endpoint, region=settings.provider.region)

    def create(self, stack: str, encryption: Mapping[str, str]) -> None:
        """Return at once: `up` creates a local stack, with the passphrase of local states."""

    def remove(self, stack: str) -> None:
        """Return at once: `destroy` also removes a local stack."""

    def cancel(self, stack: str) -> None:
        """Raise `AutomationError`: on this machine a lock ends with the process that holds it."""
        raise AutomationError(
            f"{stack} has no stale lock: on this machine a lock ends with the process that holds it"
        )

    def wait_until_reachable(self, outputs: Mapping[str, Any]) -> None:
        """Request each service's address through the front door until the app answers."""
        self.local.wait_until_reachable(outputs)

    def address(self, url: str) -> str:
        """Return the address at which this machine reaches `url`."""
        return self.local.address(url)

    @property
    def page(self) -> str:
        """The address of the front door's own page."""
        return self.local.front_door().page

    @property
    def _destroy_options(self) -> Sequence[str]:
        # `protect` is for stacks in an account.
        return ("--ignore-protect", "--remove")
