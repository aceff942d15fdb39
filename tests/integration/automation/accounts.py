"""Pulumi's own CLI on a small project and a backend of files, with nothing of the person's."""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

from automation.stacks.account import AccountStacks
from automation.stacks.patience import Patience


def account_in(folder: Path, program: str, *, minutes: float = 10) -> AccountStacks:
    """Write a project, without a stack, and return who drives its stacks."""
    runtime = {"name": "python", "options": {"toolchain": "pip", "virtualenv": sys.prefix}}
    # As the project has it: what needs the program, and what refreshes, is to work without.
    project = {"name": "toys", "runtime": runtime, "options": {"refresh": "always"}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    (folder / "__main__.py").write_text(program)
    (folder / "state").mkdir()
    return AccountStacks(
        root=folder,
        environment={
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_CONFIG_PASSPHRASE": "a passphrase",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK": "true",
        },
        show=lambda _: None,
        patience=Patience(minutes=minutes),
    )
