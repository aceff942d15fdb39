"""Where the local run keeps what it needs again, and what it is told by the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local.engine.deployment import Target
from local.engine.project import project_name

ROOT: Final = Path(__file__).resolve().parent.parent
_DEFAULT_PASSPHRASE: Final = "local"  # noqa: S105 -- nothing in the emulator is worth hiding


def passphrase() -> str:
    """The passphrase of the local states and of encrypted config."""
    return os.environ.get("PULUMI_CONFIG_PASSPHRASE", _DEFAULT_PASSPHRASE)


@dataclass(frozen=True)
class Home:
    """`.local` in the project's folder."""

    folder: Path = ROOT / ".local"

    @property
    def backend(self) -> Path:
        """The states, where the CLI's file backend would keep them."""
        return self.folder / "state"

    @property
    def cli(self) -> Path:
        """What the Pulumi CLI needs, where that runs the program."""
        return self.folder / "cli"

    @property
    def identity(self) -> Path:
        """Which emulator the states describe."""
        return self.folder / "emulator-of-the-states"

    def target(self, stack: str, endpoint: str) -> Target:
        """What the engine has to know of a stack."""
        return Target(
            project=project_name(ROOT),
            stack=stack,
            root=ROOT,
            backend=self.backend,
            endpoint=endpoint,
            passphrase=passphrase(),
        )
