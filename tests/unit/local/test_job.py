"""Long-running programs: output, progress, failures, hangs and stops."""

from __future__ import annotations

import errno
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from local import job
from local.job import Job, JobError, JobStoppedError
from tests.unit.local.fake_machine import Witness


def run(folder: Path, code: str, *, stall_seconds: float | None = None, **options: Any) -> list[str]:
    started = Job(folder=folder, say=print, **options)
    return started.run(
        [sys.executable, "-ISc", f"import os, sys, time\n{code}"],
        environment={},
        progress=lambda lines: f"{len(lines)} lines",
        stall_seconds=stall_seconds,
    )


def test_run_returns_the_lines_of_both_outputs(tmp_path: Path) -> None:
    assert run(tmp_path, "print('a\\nb', flush=True); print('c', end='', file=sys.stderr)") == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("code", "message"),
    [("print('first', flush=True); sys.exit('last\\n\\n')", "last"), ("sys.exit(3)", "exit code 3")],
)
def test_a_failure_is_reported_with_the_last_line(tmp_path: Path, code: str, message: str) -> None:
    with pytest.raises(JobError, match=f"^{message}$"):
        run(tmp_path, code)


def test_a_full_disk_is_an_oserror(tmp_path: Path) -> None:
    """As if this process itself had met it."""
    with pytest.raises(OSError, match="No space left on device") as caught:
        run(tmp_path, "print('write x: no space left on device'); sys.exit('failed')")

    assert caught.value.errno == errno.ENOSPC


def test_progress_is_reported_with_the_elapsed_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path, "print('a', flush=True); print('b')", progress_seconds=0.0)

    assert "lines, after 0 s" in capsys.readouterr().out


def test_a_program_that_hangs_is_killed(tmp_path: Path) -> None:
    witness = Witness(tmp_path / "witness")

    with pytest.raises(JobError, match=r"^nothing happened for 2 s$"):
        run(tmp_path, f"{witness.code}; time.sleep(100)", stall_seconds=2.0)

    witness.appears()
    witness.ends()


def test_new_lines_and_growing_files_count_as_progress(tmp_path: Path) -> None:
    stall = job._Stall(tmp_path, limit=20.0, changed=100.0)
    stall.check(0, 119.0)
    stall.check(1, 121.0)
    stall.check(1, 140.0)
    (tmp_path / "download").write_bytes(b"123")
    stall.check(1, 146.0)
    stall.check(1, 165.0)

    with pytest.raises(JobError, match="nothing happened for 20 s"):
        stall.check(1, 170.0)


def test_another_thread_can_stop_a_job(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()

    with pytest.raises(JobStoppedError):
        run(tmp_path, "time.sleep(100)", stop=stop)


def test_the_size_of_a_folder_includes_all_files_below_it(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c").write_bytes(b"12345")
    (tmp_path / "d").write_bytes(b"123")
    (tmp_path / "a" / "loop").symlink_to(tmp_path, target_is_directory=True)

    assert 8 <= job.size(tmp_path) < 8 + 4096
    assert job.size(tmp_path / "nowhere") == 0
