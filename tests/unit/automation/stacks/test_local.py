"""What differs for the stacks on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from automation.errors import AutomationError
from automation.stacks.local import LocalStacks


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    return tmp_path / "calls"


@pytest.fixture
def stacks(tmp_path: Path, calls: Path) -> LocalStacks:
    """Local stacks, with a script for the CLI that writes down its arguments."""
    script = tmp_path / "pulumi"
    script.write_text(f'#!/bin/sh\necho "$*" >> "{calls}"\n')
    script.chmod(0o755)

    @contextmanager
    def run(stack: str, command: str, make: Any, *, region: str) -> Iterator[Any]:
        yield make(variables={}, folder=tmp_path)

    local: Any = SimpleNamespace(run=run, variables=dict)
    return LocalStacks(find_cli=lambda _: script, root=tmp_path, local=local)


def test_a_stack_is_destroyed_though_it_is_protected_and_deleted_at_once(
    stacks: LocalStacks, calls: Path
) -> None:
    """Protection keeps systems that matter from harm."""
    stacks.destroy("prod")
    stacks.remove("prod")

    (call,) = calls.read_text().splitlines()
    assert {"--ignore-protect", "--remove"} <= {*call.split()}


def test_a_stack_is_made_by_its_first_update(stacks: LocalStacks, calls: Path) -> None:
    stacks.create("pr-1", {"encryptionsalt": "v1:of-a-real-one"})

    assert not calls.exists()


def test_a_lock_ends_with_its_process(stacks: LocalStacks) -> None:
    with pytest.raises(AutomationError, match="dev has no stale lock"):
        stacks.cancel("dev")
