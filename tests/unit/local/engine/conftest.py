from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.local.engine.toys import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.fixture(autouse=True)
def quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """A million rounds for each key would be most of these tests' time."""
    monkeypatch.setattr("local.engine.secrets.ROUNDS", 1000)
