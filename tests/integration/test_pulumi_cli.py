"""The real Pulumi CLI, however this machine comes by it, and a real build by Go."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from local import go
from local.job import Job
from local.pulumi import ensure
from local.pulumi.versions import is_accepted


def test_the_cli_keeps_a_stack_in_a_folder_without_asking_anybody(tmp_path: Path) -> None:
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


def test_a_real_go_builds_a_program_and_nothing_else_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Pulumi CLI is built by the same function, in minutes instead of seconds."""
    home, module, work = (tmp_path / name for name in ("home", "module", "work"))
    for folder in (home, module, work):
        folder.mkdir()
    (module / "go.mod").write_text("module probe\n\ngo 1.26.6\n")
    (module / "main.go").write_text(
        'package main\n\nvar answer = "none"\n\nfunc main() { println(answer) }\n'
    )
    # Where pip and Go have their settings, which may name the only index that there is.
    monkeypatch.setenv("XDG_CONFIG_HOME", os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config"))
    monkeypatch.setenv("HOME", str(home))

    go.build(
        Job(folder=work, say=print),
        what="a probe",
        module=module,
        package="probe",
        output=tmp_path / "made" / "probe",
        flags=["-ldflags=-X main.answer=built"],
    )
    shutil.rmtree(work)

    run = subprocess.run([tmp_path / "made" / "probe"], capture_output=True, text=True, check=True)
    assert run.stderr == "built\n"
    assert {path.name for path in tmp_path.iterdir()} == {"home", "module", "made"}
    assert list(home.iterdir()) == []
    assert {path.name for path in module.iterdir()} == {"go.mod", "main.go"}
