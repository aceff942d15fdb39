"""How `python -m automation` ends, whatever the command."""

from __future__ import annotations

import errno
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from automation.changes.drift import drift
from automation.cli import _json_requested, cli, main
from automation.errors import AutomationError, ProgramError
from local.docker import DockerError
from local.errors import LocalError

ROOT = Path(__file__).parents[3]


def call(*arguments: str) -> int:
    """Return the exit code of a command."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert isinstance(ended.value.code, int)
    return ended.value.code


def commands() -> dict[str, click.Command]:
    context = click.Context(cli)
    found = {name: cli.get_command(context, name) for name in cli.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}


def test_every_command_of_the_list_exists_and_says_what_it_does() -> None:
    assert [name for name, command in commands().items() if not command.get_short_help_str()] == []
    assert [name for name, command in commands().items() if command.name != name] == []
    assert len(commands()) == len(cli.list_commands(click.Context(cli)))


def test_without_a_command_it_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert call() == 2
    assert re.search(r"^  drift +Detect drift\.$", capsys.readouterr().err, re.MULTILINE)


def test_an_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("deploy") == 2
    assert "No such command 'deploy'" in capsys.readouterr().err


def test_a_misspelt_command_is_refused_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("stauts", "dev") == 2
    assert "No such command 'stauts': did you mean 'status'?" in capsys.readouterr().err


def test_help_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("cost", "-h") == 0
    assert "--budget DOLLARS" in capsys.readouterr().out


def test_an_error_is_one_line_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    code = call("cost", "nowhere")
    error = capsys.readouterr().err

    assert code == 1
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


def fails(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    """Return the exit code of a command that raises an error."""

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(drift, "callback", fail)
    return call("drift", "dev")


@pytest.mark.parametrize(
    "error",
    [
        AutomationError("there is no stack 'dev'"),
        NoCredentialsError(),
        ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeServices"),
        LocalError("the emulator does not run"),
        DockerError("no daemon answers"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_expected_errors_of_libraries_have_no_traceback_either(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    assert fails(monkeypatch, error) == 1
    assert capsys.readouterr().err == f"error: {error}\n"


def test_a_full_disk_is_named_with_the_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    error = OSError(errno.ENOSPC, "No space left on device", "/project/.local/state")

    assert fails(monkeypatch, error) == 1
    assert capsys.readouterr().err == (
        "error: /project/.local/state cannot be written: No space left on device\n"
    )


def test_a_path_that_no_file_can_have_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    error = OSError(errno.ENAMETOOLONG, "File name too long", "/project/aaa")

    assert fails(monkeypatch, error) == 1
    assert capsys.readouterr().err == "error: /project/aaa cannot be the path of a file: File name too long\n"


def test_what_nobody_expects_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ZeroDivisionError):
        fails(monkeypatch, ZeroDivisionError())


def test_ctrl_c_ends_with_130(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert fails(monkeypatch, KeyboardInterrupt()) == 130
    assert "interrupted: " in capsys.readouterr().err


@pytest.mark.parametrize(("returned", "code"), [(None, 0), (1, 1), (3, 3)])
def test_a_command_ends_with_what_it_returns(
    monkeypatch: pytest.MonkeyPatch, returned: int | None, code: int
) -> None:
    """3 is drift."""
    monkeypatch.setattr(drift, "callback", lambda *_, **__: returned)

    assert call("drift", "dev") == code


def test_the_output_of_a_program_is_not_printed_twice(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fails(monkeypatch, ProgramError("pulumi up", 255, "error: this is why", displayed=True)) == 1
    assert capsys.readouterr().err == "error: `pulumi up` ended with exit code 255\n"


def test_the_output_of_a_program_that_was_not_displayed_is_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fails(monkeypatch, ProgramError("pulumi stack ls", 255, "error: no bucket")) == 1
    assert capsys.readouterr().err == (
        "error: `pulumi stack ls` ended with exit code 255:\nerror: no bucket\n"
    )


@pytest.mark.parametrize("displayed", [True, False])
def test_without_a_login_it_says_how_to_go_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *, displayed: bool
) -> None:
    why = "error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions"
    fails(monkeypatch, ProgramError("pulumi stack export", 255, why, displayed=displayed))

    assert capsys.readouterr().err.endswith(
        "\nRun `pulumi login` first; for a stack on this machine: `python -m automation --local drift dev`\n"
    )


def stacks_of(monkeypatch: pytest.MonkeyPatch, *options: str) -> Any:
    """Return what a command with these options works on."""
    seen: list[Any] = []
    monkeypatch.setattr(drift, "callback", lambda **_: seen.append(click.get_current_context().obj))
    call(*options, "drift", "dev")
    return seen[0]


def test_the_wait_for_a_lock_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    stacks = stacks_of(monkeypatch, "--wait-for-lock-minutes", "2.5")

    assert (stacks.is_local, stacks.lock_retry.minutes) == (False, 2.5)


def test_with_local_the_stacks_are_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the process has no AWS account any more, whatever the shell says."""
    isolated: list[bool] = []
    monkeypatch.setattr("local.isolation.isolate", lambda: isolated.append(True))

    assert stacks_of(monkeypatch, "--local").is_local
    assert isolated == [True]


def json_of(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_with_json_a_failure_is_a_document_too(capsys: pytest.CaptureFixture[str]) -> None:
    code = call("cost", "nowhere", "--json")

    document = json_of(capsys)
    assert document["exit_code"] == code == 1
    assert document["error"].startswith("stack 'nowhere' has no file")


def test_with_json_the_output_of_a_program_is_in_the_document(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise ProgramError("pulumi up", 255, "error: this is why", displayed=True)

    monkeypatch.setattr(drift, "callback", fail)

    assert call("drift", "dev", "--json") == 1
    assert json_of(capsys)["error"] == "error: this is why"


def test_with_json_wrong_usage_is_a_document_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("drift", "--json") == 2
    assert json_of(capsys) == {"error": "Missing argument 'STACK'.", "exit_code": 2}


@pytest.mark.parametrize("words", [["run", "dev", "x", "--json"], ["cost", "dev", "--", "--json"], ["cost"]])
def test_json_for_a_program_is_not_for_the_command(words: list[str]) -> None:
    assert not _json_requested(words)


def test_every_command_whose_output_is_not_a_programs_own_has_json() -> None:
    def has_json(command: click.Command) -> bool:
        if isinstance(command, click.Group):
            return all(has_json(one) for one in command.commands.values())
        return any("--json" in parameter.opts for parameter in command.params)

    assert {name for name, command in commands().items() if not has_json(command)} == {
        "dev",
        "run",
        "exec",
        "completion",
    }
