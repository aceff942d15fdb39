"""The Pulumi CLI reads YAML as `automation.go_yaml` says that it does."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from automation.stack_files import read_config
from automation.stack_text import stack_text
from tests.unit.automation import test_stack_text
from tests.unit.automation.test_go_yaml import INVALID, VALUES

Pulumi = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def pulumi(pulumi_cli: Path, tmp_path: Path) -> Pulumi:
    """Run a command of the CLI on a project with a stack `dev` that has nothing in it."""
    variables = {
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "a passphrase",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [pulumi_cli, *words, "--stack", "dev", "--cwd", tmp_path, "--non-interactive"],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    (tmp_path / "state").mkdir()
    (tmp_path / "Pulumi.yaml").write_text("name: toys\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n")
    initialized = run("stack", "init")
    assert initialized.returncode == 0, initialized.stderr
    return run


def test_the_cli_reads_values_as_go_yaml_does(pulumi: Pulumi, tmp_path: Path) -> None:
    """By themselves and within an object: the CLI has two ways to read a value."""
    file = tmp_path / "Pulumi.dev.yaml"
    lines = [
        line
        for number, text in enumerate(VALUES)
        for line in (f"  toys:alone{number}: {text}", f"  toys:within{number}: {{value: {text or '~'}}}")
    ]
    file.write_text("\n".join([*file.read_text().splitlines()[1:], "config:", *lines, ""]))

    shown = pulumi("config", "--json")

    assert shown.returncode == 0, shown.stderr
    by_cli = {
        key: entry.get("objectValue", entry["value"]) for key, entry in json.loads(shown.stdout).items()
    }
    own = read_config(tmp_path, "dev").values
    assert {key: json.loads(text) if text.startswith("{") else text for key, text in own.items()} == by_cli


def test_the_cli_rejects_what_go_yaml_rejects(pulumi: Pulumi, tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    first_lines = file.read_text()

    def is_read(text: str) -> bool:
        file.write_text(f"{first_lines}config:\n  toys:key: {text}\n")
        return pulumi("config", "--json").returncode == 0

    assert [text for text in INVALID if is_read(text)] == []
    assert is_read("1")


def test_the_cli_reads_converted_stack_files(pulumi: Pulumi, tmp_path: Path) -> None:
    """In one line and in several, as an item of a list and of an object: Go reads less than PyYAML does."""
    file = tmp_path / "Pulumi.dev.yaml"
    texts = [one for one in test_stack_text.VALUES if isinstance(one, str)]
    written = {
        **{f"value{number}": {"it": one} for number, one in enumerate(test_stack_text.VALUES)},
        "short": {f"list{number}": [one, "b"] for number, one in enumerate(texts)},
        "items": [{"a": one, "b": [one]} for one in texts],
    }
    salt = file.read_text().splitlines()[0]
    file.write_text(f"{salt}\n{stack_text('toys', written)}", encoding="utf-8")

    shown = pulumi("config", "--json")

    assert shown.returncode == 0, shown.stderr
    read = {key: json.loads(one["value"]) for key, one in json.loads(shown.stdout).items()}
    assert read == {f"toys:{key}": value for key, value in written.items()}
