"""The environment of `--local`: that of `local`, with what the commands need besides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automation.stacks.environment import FindCli, KnownStack, Run
from local.resources.cloud import Cloud

if TYPE_CHECKING:
    from infra.settings import Settings
    from local.environment import LocalEnvironment


@dataclass(frozen=True)
class OnThisMachine:
    """What :class:`automation.stacks.environment.AwsEnvironment` has, for the stacks on this machine."""

    local: LocalEnvironment
    find_cli: FindCli

    @property
    def is_local(self) -> bool:
        """Whether the stacks are on this machine, and no account is reached."""
        return True

    @property
    def root(self) -> Path:
        """The project's folder."""
        return self.local.root

    def known(self) -> Sequence[KnownStack]:
        """Return all stacks of the emulator that runs."""
        paths = {name: self.local.backend.path(name) for name in self.local.stacks()}
        return [
            KnownStack(name=name, last_update=datetime.fromtimestamp(path.stat().st_mtime, UTC))
            for name, path in paths.items()
        ]

    def variables(self) -> Mapping[str, str]:
        """Return variables for a CLI that only reads."""
        return self.local.variables()

    def run(self, stack: str, command: str, *, region: str) -> AbstractContextManager[Run]:
        """Have all that one run of the CLI needs."""
        return self.local.run(stack, command, Run, region=region)

    def clients(self, settings: Settings) -> Cloud:
        """Return clients of the emulator, whatever account the settings name."""
        return Cloud(self.local.emulator().endpoint, region=settings.provider.region)

    def wait_until_reachable(self, outputs: Mapping[str, Any]) -> None:
        """Ask each service's address through the front door until the app answers."""
        self.local.wait_until_reachable(outputs)

    def address(self, url: str) -> str:
        """Return where this machine finds what is at `url`."""
        return self.local.address(url)
