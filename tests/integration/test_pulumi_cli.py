"""The real Pulumi CLI, however this machine comes by it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from local.pulumi import ensure
from local.pulumi.versions import is_accepted


def test_the_cli_creates_a_stack_in_a_local_backend(tmp_path: Path) -> None:
    """That is what the local run needs of it before it runs a program."""
    cli = ensure()
    (tmp_path / "Pulumi.yaml").write_text("name: probe\nruntime: python\n")
    environment = os.environ | {
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": tmp_path.as_uri(),
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

    pulumi("stack", "init", "dev")

    assert [stack["name"] for stack in json.loads(pulumi("stack", "ls", "--json"))] == ["dev"]
    assert is_accepted(pulumi("version").strip().removeprefix("v"))
