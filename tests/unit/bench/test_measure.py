"""Time and memory of commands."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.measure import Command, CommandError, Cost, run, running


def python(code: str, folder: Path, *, until: Callable[[], bool] | None = None) -> Cost:
    return run(Command((sys.executable, "-c", code), folder, os.environ), until)


def holding(megabytes: int, then: str) -> str:
    return f"x = bytearray({megabytes}_000_000); {then}"


def test_the_memory_of_child_processes_counts(tmp_path: Path) -> None:
    child = holding(60, "import time; time.sleep(0.5)")

    cost = python(
        holding(60, f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"), tmp_path
    )

    if Path("/proc").exists():
        assert cost.peak_mb > 120


def test_the_memory_of_another_session_does_not_count(tmp_path: Path) -> None:
    child = holding(200, "import time; time.sleep(0.5)")

    cost = python(
        "import subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-c', {child!r}], start_new_session=True)\n"
        "time.sleep(0.4)",
        tmp_path,
    )

    assert cost.peak_mb < 150


def test_the_effect_may_be_before_the_commands_end(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    code = f"import pathlib, time; pathlib.Path({str(mark)!r}).touch(); time.sleep(0.5)"

    cost = python(code, tmp_path, until=mark.exists)

    assert cost.effect_seconds < cost.seconds - 0.2


def test_the_effect_may_be_after_the_commands_end(tmp_path: Path) -> None:
    ended: list[float] = []

    def a_while_after_the_end() -> bool:
        if not ended and (tmp_path / "mark").exists():
            ended.append(time.monotonic())
        return bool(ended) and time.monotonic() > ended[0] + 0.5

    cost = python(
        f"import pathlib; pathlib.Path({str(tmp_path / 'mark')!r}).touch()",
        tmp_path,
        until=a_while_after_the_end,
    )

    assert cost.effect_seconds > cost.seconds


def test_a_failed_command_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"ended with 3(.|\n)*no such stack"):
        python("print('no such stack'); raise SystemExit(3)", tmp_path, until=lambda: False)


def test_a_missing_effect_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.measure._LIMIT_SECONDS", 0.2)

    with pytest.raises(CommandError, match="did not have its effect"):
        python("print('done')", tmp_path, until=lambda: False)


def test_a_command_that_takes_too_long_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.measure._LIMIT_SECONDS", 0.2)
    started = time.monotonic()

    with pytest.raises(CommandError, match="ended with -9"):
        python("import time; time.sleep(60)", tmp_path)
    assert time.monotonic() - started < 30


UNTIL_CTRL_C = """
import signal, sys, time
print("ready", flush=True)
try:
    time.sleep(0.1)
    print("ready", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    open("ended", "w").close()
"""


def test_running_sends_ctrl_c_at_the_end_of_the_block(tmp_path: Path) -> None:
    with running(
        Command((sys.executable, "-c", UNTIL_CTRL_C), tmp_path, os.environ), "ready"
    ) as wait_until_ready:
        wait_until_ready()
        before = (tmp_path / "ended").exists()

    assert (before, (tmp_path / "ended").exists()) == (False, True)


def test_a_command_that_exits_before_it_is_ready_is_an_error(tmp_path: Path) -> None:
    command = Command((sys.executable, "-c", "raise SystemExit(2)"), tmp_path, os.environ)

    with pytest.raises(CommandError, match="ended with 2"), running(command, "ready"):
        pass
