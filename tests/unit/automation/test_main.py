"""`python -m automation` with a Python that lacks the project's packages."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def call(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `--help` with the system's Python, without any packages."""
    return subprocess.run(
        [sys._base_executable, "-S", "-m", "automation", "--help"],  # type: ignore[attr-defined]
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_any_python_restarts_with_that_of_the_virtual_environment() -> None:
    run = call(ROOT)

    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("Usage: python -m automation")


def test_without_a_virtual_environment_the_error_names_the_command(tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "automation", tmp_path / "automation", ignore=shutil.ignore_patterns("__pycache__")
    )

    run = call(tmp_path)

    assert (run.returncode, run.stdout) == (1, "")
    assert "has no package click: `make venv` creates one that has all" in run.stderr
    assert run.stderr.count("\n") == 1
