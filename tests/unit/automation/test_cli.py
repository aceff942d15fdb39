"""The command line: help, exit codes and errors of all commands."""

from __future__ import annotations

import errno
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from automation.changes.drift import drift
from automation.cli import _json_requested, _why_ended, cli, main
from automation.errors import AutomationError, ProgramError
from automation.stacks.destroy import destroy
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


def test_every_listed_command_exists_and_has_a_description() -> None:
    assert [name for name, command in commands().items() if not command.get_short_help_str()] == []
    assert [name for name, command in commands().items() if command.name != name] == []
    assert len(commands()) == len(cli.list_commands(click.Context(cli)))


def test_without_a_command_the_commands_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert call() == 2
    assert re.search(r"^  drift +Detect drift\.$", capsys.readouterr().err, re.MULTILINE)


def test_an_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("deploy") == 2
    assert "No such command 'deploy'" in capsys.readouterr().err


def test_the_error_about_an_unknown_command_proposes_a_similar_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert call("stauts", "dev") == 2
    assert "No such command 'stauts': did you mean 'status'?" in capsys.readouterr().err


def test_help_exits_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("cost", "-h") == 0
    assert "--budget DOLLARS" in capsys.readouterr().out


def test_an_error_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    code = call("cost", "nowhere")
    error = capsys.readouterr().err

    assert code == 1
    assert error.startswith("error: stack 'nowhere' has no file Pulumi.nowhere.yaml")
    assert error.count("\n") == 1


def test_cost_runs_without_an_account() -> None:
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
    ("error", "message"),
    [
        (AutomationError("there is no stack 'dev'"), "there is no stack 'dev'"),
        (NoCredentialsError(), "Unable to locate credentials"),
        (
            ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeServices"),
            "An error occurred (AccessDenied) when calling the DescribeServices operation: no",
        ),
        (LocalError("the emulator does not run"), "the emulator does not run"),
        (
            OSError(errno.ENOSPC, "No space left on device", "/project/.local/state"),
            "/project/.local/state cannot be written: No space left on device",
        ),
        (
            OSError(errno.ENAMETOOLONG, "File name too long", "/project/aaa"),
            "/project/aaa cannot be the path of a file: File name too long",
        ),
        (
            ProgramError("pulumi up", 255, "error: this is why", displayed=True),
            "`pulumi up` ended with exit code 255",
        ),
        (
            ProgramError("pulumi stack ls", 255, "error: no bucket"),
            "`pulumi stack ls` ended with exit code 255:\nerror: no bucket",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_expected_errors_are_printed_without_a_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, error: Exception, message: str
) -> None:
    """The output of a program that was displayed is not printed again."""
    assert fails(monkeypatch, error) == 1
    assert capsys.readouterr().err == f"error: {message}\n"


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", [["--help"], ["completion", "bash"], ["cost", "dev", "--json"]])
def test_a_full_disk_behind_standard_output_is_named(arguments: list[str], unbuffered: str) -> None:
    with Path("/dev/full").open("w") as full:
        run = subprocess.run(
            [sys.executable, "-m", "automation", *arguments],
            cwd=ROOT,
            env={"HOME": "/nonexistent", "PYTHONUNBUFFERED": unbuffered},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert (run.returncode, run.stderr) == (
        1,
        "error: standard output cannot be written: No space left on device\n",
    )


def test_unexpected_exceptions_have_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ZeroDivisionError):
        fails(monkeypatch, ZeroDivisionError())


def test_ctrl_c_exits_with_130(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert fails(monkeypatch, KeyboardInterrupt()) == 130
    assert capsys.readouterr().err.splitlines()[-1] == "interrupted"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (KeyboardInterrupt(), "interrupted: the next run continues from here"),
        (click.Abort(), "cancelled: nothing was changed"),
    ],
)
def test_the_end_of_a_command_that_continues_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, error: BaseException, message: str
) -> None:
    def raise_error(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(destroy, "callback", raise_error)

    assert call("destroy", "dev") == 130
    assert capsys.readouterr().err.splitlines()[-1] == message


@pytest.mark.parametrize(("arguments", "continues"), [(["list"], False), (["clean-up", "--open", "1"], True)])
def test_of_the_previews_commands_only_clean_up_continues(arguments: list[str], *, continues: bool) -> None:
    ended = _why_ended(KeyboardInterrupt(), ["previews", *arguments])

    assert ended.endswith("the next run continues from here") is continues


@pytest.mark.parametrize(("returned", "code"), [(None, 0), (1, 1), (3, 3)])
def test_the_exit_code_is_the_commands_return_value(
    monkeypatch: pytest.MonkeyPatch, returned: int | None, code: int
) -> None:
    """`drift` returns 3."""
    monkeypatch.setattr(drift, "callback", lambda *_, **__: returned)

    assert call("drift", "dev") == code


@pytest.mark.parametrize("displayed", [True, False])
def test_without_a_login_the_commands_to_type_are_printed(
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


def test_wait_for_lock_minutes_is_passed_to_the_stacks(monkeypatch: pytest.MonkeyPatch) -> None:
    stacks = stacks_of(monkeypatch, "--wait-for-lock-minutes", "2.5")

    assert (stacks.is_local, stacks.lock_retry.minutes) == (False, 2.5)


def test_local_option_selects_local_stacks_and_hides_the_aws_account(monkeypatch: pytest.MonkeyPatch) -> None:
    isolated: list[bool] = []
    monkeypatch.setattr("local.isolation.isolate", lambda: isolated.append(True))

    assert stacks_of(monkeypatch, "--local").is_local
    assert isolated == [True]


def json_of(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_json_of_a_failure_has_error_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    code = call("cost", "nowhere", "--json")

    document = json_of(capsys)
    assert document["exit_code"] == code == 1
    assert document["error"].startswith("stack 'nowhere' has no file")


def test_json_of_a_failed_program_has_its_output(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise ProgramError("pulumi up", 255, "error: this is why", displayed=True)

    monkeypatch.setattr(drift, "callback", fail)

    assert call("drift", "dev", "--json") == 1
    assert json_of(capsys)["error"] == "error: this is why"


def test_json_of_a_usage_error_has_error_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("drift", "--json") == 2
    assert json_of(capsys) == {"error": "Missing argument 'STACK'.", "exit_code": 2}


@pytest.mark.parametrize(
    "arguments", [["run", "dev", "x", "--json"], ["cost", "dev", "--", "--json"], ["cost"]]
)
def test_json_after_a_double_dash_is_not_the_commands_option(arguments: list[str]) -> None:
    assert not _json_requested(arguments)


def test_every_command_has_json_unless_its_output_is_a_programs() -> None:
    def has_json(command: click.Command) -> bool:
        if isinstance(command, click.Group):
            return all(has_json(subcommand) for subcommand in command.commands.values())
        return any("--json" in parameter.opts for parameter in command.params)

    assert {name for name, command in commands().items() if not has_json(command)} == {
        "dev",
        "run",
        "exec",
        "completion",
    }


@pytest.mark.parametrize("redirection", [">&-", "<&- >&- 2>&-"])
def test_streams_that_the_caller_has_closed_are_no_error(redirection: str) -> None:
    command = f"{shlex.quote(sys.executable)} -m automation cost dev {redirection}"
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
