"""The front door never leads away from this machine; how it serves is in test_server.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.front_door import FrontDoor
from local.front_door import __main__ as module
from local.resources.cloud import NotLoopbackError

if TYPE_CHECKING:
    from pathlib import Path


def test_an_emulator_elsewhere_is_refused_before_anything_is_started(tmp_path: Path) -> None:
    with pytest.raises(NotLoopbackError, match="is not on this machine"):
        FrontDoor.start_or_join(state_dir=tmp_path, emulator="https://ecs.us-east-1.amazonaws.com")

    assert list(tmp_path.iterdir()) == []


def test_an_emulator_elsewhere_is_refused_by_the_process_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--emulator", "https://sts.amazonaws.com", "--region", "us-east-1"]
    monkeypatch.setattr("sys.argv", ["front_door", *arguments])

    with pytest.raises(SystemExit, match="2"):
        module.main()

    assert "is not on this machine" in capsys.readouterr().err
