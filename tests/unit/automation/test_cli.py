"""How `python -m automation` ends, whatever the command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from automation.cli import cli, main
from automation.errors import ProgramError
from local.docker import DockerError
from local.engine.errors import EngineError

ROOT = Path(__file__).parents[3]


def test_every_command_says_what_it_does() -> None:
    assert [name for name, command in cli.commands.items() if not command.get_short_help_str()] == []


def test_without_a_command_it_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([])

    assert ended.value.code == 2
    assert "Tell what a stack costs in a month." in capsys.readouterr().err


def test_help_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["cost", "-h"])

    assert ended.value.code == 0
    assert "--budget DOLLARS" in capsys.readouterr().out


def test_a_refusal_is_one_line_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["cost", "nowhere"])
    error = capsys.readouterr().err

    assert ended.value.code == 1
    assert error.startswith("error: stack 'nowhere' has no file Pulumi.nowhere.yaml")
    assert error.count("\n") == 1


def test_it_runs_from_the_command_line_and_needs_no_account() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "automation", "cost", "prod"],
        cwd=ROOT,
        env={"HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("prod in us-east-1: $")


@pytest.mark.parametrize(
    "error",
    [
        NoCredentialsError(),
        ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeServices"),
        EngineError("the state is broken"),
        DockerError("no daemon answers"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_others_refuse_is_told_without_a_traceback_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(cli.commands["cost"], "callback", fail)

    with pytest.raises(SystemExit) as ended:
        main(["cost", "dev"])

    assert ended.value.code == 1
    assert capsys.readouterr().err == f"error: {error}\n"


@pytest.mark.parametrize(("returned", "code"), [(None, 0), (1, 1), (3, 3)])
def test_a_command_ends_with_what_it_returns(
    monkeypatch: pytest.MonkeyPatch, returned: int | None, code: int
) -> None:
    """3 is drift."""
    monkeypatch.setattr(cli.commands["drift"], "callback", lambda *_, **__: returned)

    with pytest.raises(SystemExit) as ended:
        main(["drift", "dev"])

    assert ended.value.code == code


def test_a_program_that_failed_is_not_told_twice(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lines were shown when they came."""

    def fail(*_: object, **__: object) -> None:
        raise ProgramError("pulumi up", 255, "error: this is why")

    monkeypatch.setattr(cli.commands["up"], "callback", fail)

    with pytest.raises(SystemExit) as ended:
        main(["up", "dev"])

    assert ended.value.code == 1
    assert capsys.readouterr().err == "error: `pulumi up` ended with exit code 255\n"


def test_how_long_to_wait_for_a_lock_can_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(
        cli.commands["drift"], "callback", lambda **_: seen.append(click.get_current_context().obj)
    )

    with pytest.raises(SystemExit):
        main(["--wait-for-lock-minutes", "2.5", "drift", "dev"])

    assert [stacks.patience.minutes for stacks in seen] == [2.5]
