"""What `make down` does where there is less than it expects."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from local import teardown
from local.display import Display
from local.docker import DockerError
from local.emulator import Emulator
from local.engine.state import BrokenStateError
from local.home import Home
from local.teardown import take_down


@pytest.fixture(autouse=True)
def _machine_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teardown, "DockerDaemon", lambda: SimpleNamespace(stop_if_unused=lambda: False))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Two stacks of an emulator that does not run."""
    home = Home(tmp_path / ".local")
    stacks = home.backend / ".pulumi" / "stacks" / "node-on-ecs"
    stacks.mkdir(parents=True)
    for stack in ("dev", "staging"):
        (stacks / f"{stack}.json").write_text("{}")
    return home


@pytest.mark.parametrize("chosen", [[], ["staging"]])
def test_without_the_emulator_every_stack_is_gone(home: Home, chosen: list[str]) -> None:
    """What is left of one would be a state that describes nothing."""
    out = io.StringIO()

    take_down(home, chosen, Display(dry_run=False, out=out))

    assert "what it held is gone with it: dev, staging" in out.getvalue()
    assert not home.folder.exists()


@pytest.fixture
def spoilt(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The same with the emulator, whose states say nothing."""
    emulator = SimpleNamespace(identity="it", endpoint="http://127.0.0.1:1")
    monkeypatch.setattr(teardown.Emulator, "running", lambda _folder: emulator)
    home.identity.write_text("it\n")
    return home


def test_down_of_everything_needs_no_readable_state(spoilt: Home) -> None:
    """Whoever follows the way out of a spoilt state must not meet it again there."""
    out = io.StringIO()

    take_down(spoilt, [], Display(dry_run=False, out=out))

    assert "dev goes unread" in out.getvalue()
    assert not spoilt.folder.exists()


def test_down_of_one_stack_among_others_needs_its_state(spoilt: Home) -> None:
    with pytest.raises(BrokenStateError, match="let `make down` take everything away"):
        take_down(spoilt, ["dev"], Display(dry_run=False, out=io.StringIO()))

    assert spoilt.backend.exists()


def test_without_docker_nothing_is_forgotten(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record of the emulator is how its containers and images are found when Docker is back."""

    def connect() -> None:
        raise DockerError("no Docker daemon answers")

    monkeypatch.setattr(teardown, "connect", connect)
    record = home.folder / "emulator.json"
    facts = {"pid": 1, "started": "then", "port": 4566, "region": "us-east-1", "identity": "it"}
    record.write_text(json.dumps(facts))

    with pytest.raises(DockerError, match="containers and images cannot be taken away: no Docker"):
        take_down(home, [], Display(dry_run=False, out=io.StringIO()))

    assert Emulator.recorded(home.folder) is not None
    assert home.backend.exists()
