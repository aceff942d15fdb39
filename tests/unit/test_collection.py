"""Tests that nobody runs are worse than none."""

from __future__ import annotations

import ast
import tomllib
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]


@cache
def _has_tests(file: Path) -> bool:
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and node.name.startswith(("test_", "Test"))
        for node in ast.parse(file.read_text()).body
    )


def test_every_file_with_tests_is_one_that_pytest_collects() -> None:
    """Pytest passes over a file with another name in silence."""
    files = [file for file in TESTS.rglob("*.py") if _has_tests(file)]

    assert [str(file) for file in files if not file.name.startswith("test_")] == []
    assert Path(__file__) in files


def test_every_test_file_contains_tests() -> None:
    """A file whose tests lost their prefix looks green for ever."""
    files = TESTS.rglob("test_*.py")

    assert [str(file) for file in files if not _has_tests(file)] == []


def test_pytest_collects_from_every_folder_by_these_names() -> None:
    options = tomllib.loads((TESTS.parent / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]

    assert options["testpaths"] == ["tests"]
    assert not options.keys() & {"python_files", "python_functions", "norecursedirs", "collect_ignore"}
