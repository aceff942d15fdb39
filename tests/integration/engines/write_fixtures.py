"""Writes tests/fixtures/cli anew with the Pulumi CLI on PATH: `python -m tests.integration.engines.write_fixtures`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import yaml

from tests.integration.engines.places import PASSPHRASE, ROOT, Place, cli
from tests.integration.engines.same_state import read
from tests.integration.engines.scenarios import RECORDED

FIXTURES: Final = ROOT / "tests" / "fixtures" / "cli"
_OF_THE_MACHINE: Final = ("sourcePosition", "stackTrace")

_SECRETS: Final = """
import pulumi

class Box(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("toys:index:Box", name, None, opts)
        if opts is None:
            Box("inner", pulumi.ResourceOptions(parent=self))
        self.register_outputs({"size": 3, "token": pulumi.Output.secret("hush")})

Box("box")
pulumi.export("password", pulumi.Config().require_secret("password"))
pulumi.export("plain", "text")
pulumi.export("token", pulumi.Output.secret({"nested": ["hush", 1]}))
"""
_CONFIG: Final = (
    ("--secret", "toys:password", "open sesame"),
    ("--secret", "--path", "toys:nested.key", "deep"),
    ("--path", "toys:nested.plain", "shallow"),
)


def main() -> None:
    """Write every fixture."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for stack, recorded in RECORDED.items():
            place = Place(folder, stack)
            for text in recorded.texts:
                outcome = cli(place.program(text))
            if outcome.failed != recorded.fails:
                sys.exit(f"{stack}: {outcome.text}")
            _write(f"{stack}.json", read(place.target.state_path), folder)
    with tempfile.TemporaryDirectory() as name:
        _write_secrets(Path(name))


def _write_secrets(folder: Path) -> None:
    """A stack that is made and configured by nobody but the CLI."""
    runtime = {"name": "python", "options": {"toolchain": "pip", "virtualenv": sys.prefix}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "toys", "runtime": runtime}))
    (folder / "__main__.py").write_text(_SECRETS)
    backend = folder / "backend"
    backend.mkdir()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")},
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_BACKEND_URL": f"file://{backend}",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }

    def pulumi(*arguments: str) -> None:
        command = ["pulumi", "--non-interactive", "--cwd", str(folder), *arguments]
        subprocess.run(command, env=environment, check=True, stdout=sys.stderr)

    pulumi("stack", "init", "test")
    for values in _CONFIG:
        pulumi("config", "set", "--stack", "test", *values)
    pulumi("up", "--stack", "test", "--yes", "--skip-preview")
    _write("secrets.json", read(backend / ".pulumi" / "stacks" / "toys" / "test.json"), folder)
    (FIXTURES / "Pulumi.test.yaml").write_text((folder / "Pulumi.test.yaml").read_text())


def _write(name: str, document: dict[str, Any], folder: Path) -> None:
    for resource in document["checkpoint"]["latest"]["resources"]:
        for key in _OF_THE_MACHINE:
            resource.pop(key, None)
    text = json.dumps(document, indent=1) + "\n"
    if str(folder) in text or str(ROOT) in text:
        sys.exit(f"{name} would hold a path of this machine")
    (FIXTURES / name).write_text(text)


if __name__ == "__main__":
    main()
