"""Two runs at once would spoil the state: the second one is refused."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from local.lock import BusyError, locked

ROOT = Path(__file__).resolve().parents[3]


def test_a_second_run_is_refused_and_told_of_the_first(tmp_path: Path) -> None:
    with (
        locked(tmp_path, "up dev"),
        pytest.raises(BusyError, match=rf"`up dev`, process {os.getpid()}"),
        locked(tmp_path, "down"),
    ):
        pass


def test_the_lock_is_free_when_the_run_is_over(tmp_path: Path) -> None:
    with locked(tmp_path, "up dev"):
        pass

    with locked(tmp_path, "up dev"):
        pass


def test_the_lock_of_a_process_that_was_killed_is_free(tmp_path: Path) -> None:
    program = (
        "import os, pathlib, sys; from local.lock import locked\n"
        "with locked(pathlib.Path(sys.argv[1]), 'up dev'): os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, check=False)

    with locked(tmp_path, "up dev"):
        pass


def test_a_run_waits_for_the_plugins_of_one_that_was_killed(tmp_path: Path) -> None:
    """They end what they are about: the next run has to find it."""
    (tmp_path / "cli").mkdir()
    program = (
        "import pathlib, sys; from local.lock import hold_as_plugin\n"
        "hold_as_plugin(sys.argv[1]); print('holds', flush=True); sys.stdin.read()\n"
        "pathlib.Path(sys.argv[2]).touch()"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "cli" / "plugins.lock"), str(tmp_path / "made")]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as plugin:
        assert plugin.stdin is not None
        assert plugin.stdout is not None
        assert plugin.stdout.readline() == "holds\n"
        threading.Timer(0.2, plugin.stdin.close).start()

        with locked(tmp_path, "up dev"):
            assert (tmp_path / "made").exists()
