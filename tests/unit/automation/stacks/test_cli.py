"""The Pulumi CLI as a child process: its display, its errors, and Ctrl-C; a script stands for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from automation.errors import ProgramError
from automation.stacks.cli import Cli


def cli(folder: Path, script: str) -> Cli:
    program = folder / "pulumi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return Cli(program=program, folder=folder, variables={"SAID": "hello"})


def test_what_is_asked_is_answered_with_the_standard_output(tmp_path: Path) -> None:
    assert cli(tmp_path, 'echo "$SAID"; echo noise >&2').ask("version") == "hello\n"


def test_the_display_of_an_update_is_on_standard_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    cli(tmp_path, "echo one; echo two >&2").update("up")

    out, err = capfd.readouterr()
    assert out == ""
    assert sorted(err.split()) == ["one", "two"]


@pytest.mark.parametrize("how", ["ask", "update"])
def test_a_failure_has_its_errors_and_its_exit_code(tmp_path: Path, how: str) -> None:
    failing = cli(tmp_path, "echo 'error: this is why' >&2; exit 3")

    with pytest.raises(ProgramError, match=r"(?s)`pulumi up` ended with exit code 3:\nerror: this is why$"):
        getattr(failing, how)("up")


def test_ctrl_c_reaches_it_and_its_end_is_waited_for(tmp_path: Path) -> None:
    """It finishes what is under way, and no other run may begin until then."""
    script = (
        f"trap 'touch {tmp_path}/ended; kill $!; exit 1' INT\n"
        "sleep 60 >/dev/null 2>&1 &\n"
        # The signal reaches this process by the one that runs it.
        "kill -INT $PPID\n"
        "wait\n"
    )

    with pytest.raises(KeyboardInterrupt):
        cli(tmp_path, script).update("up")

    assert (tmp_path / "ended").exists()
