"""A program that is run for a stack: what it tells is shown at once, and is there when it failed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from automation.errors import AutomationError
from automation.stacks.child import run_to_its_end


def run(script: str, folder: Path) -> list[str]:
    shown: list[str] = []
    command = [sys.executable, "-c", script]
    run_to_its_end(command, folder=folder, environment=os.environ, show=shown.append)
    return shown


def test_both_of_its_outputs_are_shown_by_line(tmp_path: Path) -> None:
    script = "import sys; print('one', flush=True); print('two', file=sys.stderr)"

    assert run(script, tmp_path) == ["one", "two"]


def test_a_failure_holds_all_that_was_told(tmp_path: Path) -> None:
    with pytest.raises(AutomationError, match=r"(?s)ended with exit code 3:\nwhy$"):
        run("print('why'); raise SystemExit(3)", tmp_path)


def test_ctrl_c_waits_for_the_program_to_end(tmp_path: Path) -> None:
    """It ends what it is about, and nobody may begin anything else until then."""
    # The terminal sends the signal to both; the program goes on for a moment.
    script = (
        "import os, pathlib, signal, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "os.kill(os.getppid(), signal.SIGINT)\n"
        "time.sleep(0.2)\n"
        "pathlib.Path('ended').touch()\n"
    )

    with pytest.raises(KeyboardInterrupt):
        run(script, tmp_path)

    assert (tmp_path / "ended").exists()
