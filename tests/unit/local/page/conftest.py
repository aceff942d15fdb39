"""Tests of the page run without Docker."""

from __future__ import annotations

import pytest

from local.page import reading


@pytest.fixture(autouse=True)
def _without_docker(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction] -- pytest uses it
    monkeypatch.setattr(reading, "_with_containers", lambda _arns: None)
