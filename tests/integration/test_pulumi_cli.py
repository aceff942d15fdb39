"""The real Pulumi CLI, however this machine comes by it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from local.backend import Backend
from local.pulumi import ensure
from local.pulumi.versions import is_accepted


def test_the_cli_accepts_the_empty_state_of_a_new_stack(tmp_path: Path) -> None:
    """The local run writes it without the CLI, in a folder that the CLI has never used."""
    cli = ensure()
    (tmp_path / "Pulumi.yaml").write_text("name: probe\nruntime: python\n")
    backend = Backend(tmp_path / "state", "probe")
    backend.create("dev")
    environment = os.environ | {
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": backend.url,
        "PULUMI_CONFIG_PASSPHRASE": "local",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }

    def pulumi(*arguments: str) -> str:
        return subprocess.run(
            [cli.path, "--non-interactive", "--cwd", tmp_path, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout

    pulumi("config", "set", "--secret", "password", "hidden", "--stack", "dev")

    assert [stack["name"] for stack in json.loads(pulumi("stack", "ls", "--json"))] == ["dev"]
    assert pulumi("config", "get", "password", "--stack", "dev").strip() == "hidden"
    assert is_accepted(pulumi("version").strip().removeprefix("v"))
