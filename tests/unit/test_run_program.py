"""Whatever runs an update lets the program supply a fresh registry token for the refresh at its beginning.

Without it the refresh would use the token that is in the state, which ECR takes for twelve hours only.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMAND = re.compile(
    r"(?m)^[ \t]*(?:run:|- run:|-|@?exec)?[ \t]*pulumi (?:up|preview|refresh|destroy)\b"
    # Without a command the action only installs the CLI.
    r"|pulumi/actions@.*(?:\n(?![ \t]*- ).*)*?\n[ \t]*command:"
)
SET = re.compile(r"PULUMI_RUN_PROGRAM(?:=| := |: [\"']?)true")
PLACES = (
    ROOT / "Makefile",
    ROOT / "README.md",
    ROOT / ".ci" / "run",
    # The account's own program has no image.
    *sorted(page for page in (ROOT / "docs").glob("*.md") if page.name != "bootstrap.md"),
    *sorted((ROOT / ".github" / "workflows").iterdir()),
)


def runs_without(text: str) -> bool:
    """Whether `text` updates a stack by the CLI before the variable is set."""
    command, set_ = COMMAND.search(text), SET.search(text)
    return command is not None and (set_ is None or set_.start() > command.start())


@pytest.mark.parametrize("file", PLACES, ids=lambda file: file.name)
def test_every_way_to_update_sets_the_variable_first(file: Path) -> None:
    assert not runs_without(file.read_text())


def test_readme_tells_of_an_update_by_the_cli_and_make_sets_the_variable_for_all() -> None:
    assert COMMAND.search((ROOT / "README.md").read_text())
    assert SET.search((ROOT / "Makefile").read_text())


@pytest.mark.parametrize(
    "text",
    [
        "pulumi up -s dev",
        "   pulumi preview\n   export PULUMI_RUN_PROGRAM=true",
        "- run: pulumi up --yes",
        "- uses: pulumi/actions@0123 # v6\n  with:\n    command: up",
    ],
)
def test_a_way_that_forgets_it_would_be_found(text: str) -> None:
    assert runs_without(text)


@pytest.mark.parametrize(
    "text",
    [
        "export PULUMI_RUN_PROGRAM=true\npulumi up",
        "env:\n  PULUMI_RUN_PROGRAM: 'true'\n- run: pulumi up",
        "- uses: pulumi/actions@0123 # v6\n  with:\n    pulumi-version: 3.272.0\n- uses: other\n  with:\n    command: up",
    ],
)
def test_a_way_that_sets_it_is_fine(text: str) -> None:
    assert not runs_without(text)
