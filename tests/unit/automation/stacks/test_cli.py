"""The Pulumi CLI as a child process: its display, its errors, and Ctrl-C. A script replaces it."""

from __future__ import annotations

from pathlib import Path

import pytest

from automation.errors import ProgramError
from automation.stacks.cli import Cli


def cli(folder: Path, script: str) -> Cli:
    program = folder / "pulumi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return Cli(executable=program, folder=folder, variables={"WORD": "hello"})


def test_output_returns_the_standard_output(tmp_path: Path) -> None:
    assert cli(tmp_path, 'echo "$WORD"; echo noise >&2').output("version") == "hello\n"


@pytest.mark.parametrize("own", [None, "100"])
def test_the_cli_collects_garbage_early_unless_the_user_chooses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: str | None
) -> None:
    monkeypatch.delenv("GOGC", raising=False)
    if own:
        monkeypatch.setenv("GOGC", own)

    assert cli(tmp_path, 'echo "$GOGC"').output("version") == f"{own or '25'}\n"


def test_update_displays_all_output_on_standard_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    cli(tmp_path, "echo one; echo two >&2").update("up")

    out, err = capfd.readouterr()
    assert out == ""
    assert sorted(err.split()) == ["one", "two"]


@pytest.mark.parametrize("method", ["output", "update"])
def test_a_failure_has_the_errors_and_the_exit_code(tmp_path: Path, method: str) -> None:
    failing = cli(tmp_path, "echo 'error: this is why' >&2; exit 3")

    with pytest.raises(ProgramError, match=r"(?s)`pulumi up` ended with exit code 3:\nerror: this is why$"):
        getattr(failing, method)("up")


def test_ctrl_c_is_forwarded_and_the_clis_end_is_awaited(tmp_path: Path) -> None:
    """The CLI finishes what is under way; no other run may begin until then."""
    script = (
        f"trap 'touch {tmp_path}/ended; kill $!; exit 1' INT\n"
        "sleep 60 >/dev/null 2>&1 &\n"
        # The parent, which is this process, gets the signal and forwards it.
        "kill -INT $PPID\n"
        "wait\n"
    )

    with pytest.raises(KeyboardInterrupt):
        cli(tmp_path, script).update("up")

    assert (tmp_path / "ended").exists()
