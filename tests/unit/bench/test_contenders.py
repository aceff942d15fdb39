"""A command of the benchmark is the same, whoever runs the benchmark."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.contenders import Ours


def test_a_command_does_not_get_the_stack_of_the_make_around_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`make down` for it alone would leave the emulator behind."""
    monkeypatch.setenv("STACK", "dev")
    monkeypatch.setenv("MAKEFLAGS", "n")

    environment = Ours(tmp_path).make("down").environment

    assert {"STACK", "MAKEFLAGS"}.isdisjoint(environment)
    assert "PATH" in environment
