"""A measurement that flatters is worse than none."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.measure import Command, CommandError, Cost, beside, run


def python(code: str, folder: Path, *, until: Callable[[], bool] | None = None) -> Cost:
    return run(Command((sys.executable, "-c", code), folder, os.environ), until)


def holding(megabytes: int, then: str) -> str:
    return f"x = bytearray({megabytes}_000_000); {then}"


def test_the_memory_of_children_counts(tmp_path: Path) -> None:
    child = holding(60, "import time; time.sleep(0.5)")

    cost = python(
        holding(60, f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"), tmp_path
    )

    if Path("/proc").exists():
        assert cost.peak_mb > 120


def test_what_stays_in_a_session_of_its_own_does_not_count(tmp_path: Path) -> None:
    child = holding(200, "import time; time.sleep(0.5)")

    cost = python(
        "import subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-c', {child!r}], start_new_session=True)\n"
        "time.sleep(0.4)",
        tmp_path,
    )

    assert cost.peak_mb < 150


def test_what_is_waited_for_may_happen_before_the_end(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    code = f"import pathlib, time; pathlib.Path({str(mark)!r}).touch(); time.sleep(0.5)"

    cost = python(code, tmp_path, until=mark.exists)

    assert cost.effect_seconds < cost.seconds - 0.2


def test_what_is_waited_for_may_happen_after_the_end(tmp_path: Path) -> None:
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


def test_a_command_that_fails_is_no_figure(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"ended with 3(.|\n)*no such stack"):
        python("print('no such stack'); raise SystemExit(3)", tmp_path, until=lambda: False)


def test_what_never_happens_is_no_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.measure._LIMIT_SECONDS", 0.2)

    with pytest.raises(CommandError, match="did not have its effect"):
        python("print('done')", tmp_path, until=lambda: False)


def test_what_never_ends_is_no_figure_and_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.measure._LIMIT_SECONDS", 0.2)
    began = time.monotonic()

    with pytest.raises(CommandError, match="ended with -9"):
        python("import time; time.sleep(60)", tmp_path)
    assert time.monotonic() - began < 30


# A command that goes on until Ctrl-C

FOLLOWS = """
import signal, sys, time
print("ready", flush=True)
try:
    time.sleep(0.1)
    print("ready", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    open("ended", "w").close()
"""


def test_a_command_is_ended_by_ctrl_c_after_what_goes_on_beside_it(tmp_path: Path) -> None:
    with beside(Command((sys.executable, "-c", FOLLOWS), tmp_path, os.environ), "ready") as wait_until_ready:
        wait_until_ready()
        before = (tmp_path / "ended").exists()

    assert (before, (tmp_path / "ended").exists()) == (False, True)


def test_a_command_that_ends_before_it_is_ready_is_told(tmp_path: Path) -> None:
    command = Command((sys.executable, "-c", "raise SystemExit(2)"), tmp_path, os.environ)

    with pytest.raises(CommandError, match="ended with 2"), beside(command, "ready"):
        pass
