"""The stacks of `--local`, which run in the environment of `local`."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from automation.errors import AutomationError
from automation.stacks.stacks import KnownStack, Run, Stacks
from local.resources.cloud import Cloud

if TYPE_CHECKING:
    from infra.settings import Settings
    from local.environment import LocalEnvironment


@dataclass(frozen=True, kw_only=True)
class LocalStacks(Stacks):
    """The stacks of this project on this machine."""

    local: LocalEnvironment

    @property
    def is_local(self) -> bool:
        """Whether the stacks are on this machine, and no account is reached."""
        return True

    def variables(self) -> Mapping[str, str]:
        """Return variables for a CLI that only reads."""
        return self.local.variables()

    @contextmanager
    def run(self, stack: str, command: str, *, region: str) -> Generator[Run]:
        """Prepare one run of the CLI."""
        with self.local.run(stack, command, Run, region=region) as prepared:
            yield prepared

    def known(self) -> Sequence[KnownStack]:
        """Return all stacks of the emulator that runs."""
        paths = {name: self.local.backend.path(name) for name in self.local.stacks()}
        return [
            KnownStack(name=name, last_update=datetime.fromtimestamp(path.stat().st_mtime, UTC))
            for name, path in paths.items()
        ]

    def clients(self, settings: Settings) -> Cloud:
        """Return clients of the emulator, whatever account the settings name."""
        return Cloud(self.local.emulator().endpoint, region=settings.provider.region)

    def create(self, stack: str, encryption: Mapping[str, str]) -> None:
        """Return at once: `up` makes a stack here, with the passphrase of local states."""

    def remove(self, stack: str) -> None:
        """Return at once: `destroy` has removed it."""

    def cancel(self, stack: str) -> None:
        """Refuse: on this machine a lock ends with the process that holds it."""
        raise AutomationError(
            f"{stack} has no stale lock: on this machine a lock ends with the process that holds it"
        )

    def wait_until_reachable(self, outputs: Mapping[str, Any]) -> None:
        """Ask each service's address through the front door until the app answers."""
        self.local.wait_until_reachable(outputs)

    def address(self, url: str) -> str:
        """Return where this machine finds what is at `url`."""
        return self.local.address(url)

    @property
    def page(self) -> str:
        """The address of the front door's own page."""
        return self.local.front_door().page

    @property
    def _destroy_options(self) -> Sequence[str]:
        # Protection is for stacks in an account; local ones are meant to be deleted.
        return ("--ignore-protect", "--remove")
