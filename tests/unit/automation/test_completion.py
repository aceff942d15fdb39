"""Completion of commands, stacks and services in a shell."""

from __future__ import annotations

import subprocess
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from automation import completion
from automation.cli import COMPLETE_VARIABLE, cli

STACK_FILE = """\
config:
  node-on-ecs:services: {worker: {}, api: {}}
  node-on-ecs:multidev: [alice, {name: bob}]
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:  # pyright: ignore[reportUnusedFunction] -- pytest uses it
    """A project with two stacks."""
    (tmp_path / "Pulumi.yaml").write_text("name: node-on-ecs\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(STACK_FILE)
    (tmp_path / "Pulumi.demo.yaml").write_text("config: {}\n")
    monkeypatch.setattr(completion, "_ROOT", tmp_path)
    monkeypatch.setenv(COMPLETE_VARIABLE, "bash_complete")
    return tmp_path


def completed(*words: str) -> list[str]:
    """Return the completions of the last word."""
    *before, incomplete = words
    shell = ShellComplete(cli, {}, "automation", COMPLETE_VARIABLE)
    return [item.value for item in shell.get_completions(before, incomplete)]


def test_commands_and_subcommands_are_completed() -> None:
    assert completed("dri") == ["drift"]
    assert completed("--local", "previews", "cl") == ["clean-up"]


@pytest.mark.parametrize(
    "words", [("up",), ("drift",), ("--local", "down"), ("promote",), ("cost",), ("status", "--json")]
)
def test_stacks_are_completed_by_their_files(words: tuple[str, ...]) -> None:
    assert completed(*words, "d") == ["demo", "dev"]


def test_services_are_completed_by_the_stack_file() -> None:
    assert completed("logs", "dev", "--service", "") == ["web", "worker", "api", "web-alice", "web-bob"]
    assert completed("logs", "demo", "--service", "w") == ["web"]


def test_an_invalid_stack_file_completes_nothing(project: Path) -> None:
    (project / "Pulumi.dev.yaml").write_text("{")

    assert completed("logs", "dev", "--service", "") == []


def script(shell: str) -> str:
    done = CliRunner().invoke(cli, ["completion", shell], prog_name="python -m automation")
    assert done.exit_code == 0, done.output
    return done.stdout


def test_bash_completes_the_command_of_the_script(tmp_path: Path) -> None:
    """Bash calls the function, which runs the project's Python in its folder."""
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    answers = f'echo "plain,$PWD"; echo "plain,${COMPLETE_VARIABLE} $COMP_CWORD $*"'
    python.write_text(f"#!/bin/sh\n{answers}\n")
    python.chmod(0o755)
    (tmp_path / "script").write_text(script("bash"))
    commands = (
        f". {tmp_path}/script; COMP_WORDS=(automation up d); COMP_CWORD=2; _automation_completion automation;"
        ' printf "%s\\n" "${COMPREPLY[@]}"; automation up dev'
    )

    done = subprocess.run(
        ["bash", "-c", commands],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
        env={"PATH": "/usr/bin:/bin"},
    )

    folder, answer, *called = done.stdout.splitlines()
    assert folder == str(tmp_path)
    assert answer == "bash_complete 2 -m automation"
    assert called[-1].endswith("-m automation up dev")


@pytest.mark.parametrize(
    ("shell", "lines"),
    [
        ("zsh", ("automation() {", "$+functions[automation]", f"{COMPLETE_VARIABLE}=zsh_complete sh -c")),
        ("fish", ("function automation;", f"{COMPLETE_VARIABLE}=fish_complete", "(commandline -t) sh -c")),
    ],
)
def test_zsh_and_fish_call_the_projects_python(shell: str, lines: tuple[str, ...]) -> None:
    text = script(shell)

    assert [line for line in lines if line not in text] == []


def test_an_unknown_shell_is_a_usage_error() -> None:
    done = CliRunner().invoke(cli, ["completion", "tcsh"])

    assert done.exit_code == 2
    assert isinstance(done.exception, SystemExit | click.ClickException)
