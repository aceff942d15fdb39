"""Ctrl-C leaves nothing of the tests running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local.emulator import Emulator
from tests.integration.project import ROOT

pytestmark = pytest.mark.docker

HANGS = """
import threading
from pathlib import Path
from local.emulator import Emulator

def test_waits_forever(tmp_path):
    Emulator.start_or_join(port=0, state_dir=tmp_path)
    Path({pipe!r}).write_text(str(tmp_path))
    threading.Event().wait()
"""


def test_ctrl_c_stops_the_servers_of_all_workers(tmp_path: Path) -> None:
    """Pressed in a terminal it reaches every process, and the workers end before their fixtures do their part."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "test_waits_forever.py").write_text(HANGS.format(pipe=str(pipe)))
    options = ("-n", "1", "-p", "tests.conftest", f"--basetemp={tmp_path / 'base'}")
    tests = subprocess.Popen(
        (sys.executable, "-m", "pytest", *options, str(tmp_path / "test_waits_forever.py")),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    state_dir = Path(pipe.read_text())
    server = Emulator.running(state_dir)

    os.killpg(tests.pid, signal.SIGINT)
    out, _ = tests.communicate(timeout=60)

    assert tests.returncode == pytest.ExitCode.INTERRUPTED, out.decode()
    assert server is not None
    assert not server.process.alive
