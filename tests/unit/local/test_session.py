"""A state belongs to the emulator that it describes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from local.home import Home
from local.session import set_aside_foreign_states


def emulator(identity: str) -> Any:
    return SimpleNamespace(identity=identity)


def test_the_state_of_an_emulator_that_is_gone_is_set_aside_and_said_so(tmp_path: Path) -> None:
    home, said = Home(tmp_path), list[str]()
    set_aside_foreign_states(home, emulator("one"), said.append)
    home.backend.mkdir()
    (home.backend / "state").write_text("of one")

    set_aside_foreign_states(home, emulator("two"), said.append)

    assert not home.backend.exists()
    assert (tmp_path / "state-of-one" / "state").read_text() == "of one"
    assert len(said) == 1


def test_the_state_of_the_emulator_that_runs_stays(tmp_path: Path) -> None:
    home, said = Home(tmp_path), list[str]()
    set_aside_foreign_states(home, emulator("one"), said.append)
    home.backend.mkdir()

    set_aside_foreign_states(home, emulator("one"), said.append)

    assert home.backend.exists()
    assert said == []
