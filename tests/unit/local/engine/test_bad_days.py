"""A disk that is full, and a state that somebody spoilt."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from pathlib import Path

import pulumi
import pytest

from local.engine.errors import EngineError
from local.engine.state import BrokenStateError
from tests.unit.local.engine.toys import Stage, ThingResource


def three() -> None:
    first = ThingResource("first")
    second = ThingResource("second", needs=first.address)
    ThingResource("third", opts=pulumi.ResourceOptions(depends_on=[second]))


@pytest.fixture
def filled(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A run during which the disk fills up, as soon as the first thing is made; afterwards there is room."""
    noticed = threading.Event()

    def full(path: Path, text: str) -> None:
        noticed.set()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    with monkeypatch.context() as patched:

        def fill(call: str) -> None:
            if call == "created first":
                patched.setattr("local.engine.snapshot.write", full)
            if call == "create second":
                noticed.wait(10)

        stage.world.during = fill
        with pytest.raises(EngineError, match=r"No space left on device.* mend the cause and run it again"):
            stage.up(three)
    stage.world.during = lambda _: None
    return stage


def test_a_state_that_cannot_be_written_stops_the_run(filled: Stage) -> None:
    """Whatever is made after that, nobody would know of."""
    assert "create third" not in filled.world.calls


def test_what_could_not_be_recorded_is_found(filled: Stage) -> None:
    made = set(filled.world.things)

    filled.up(three)

    assert made
    assert made <= filled.world.things.keys()
    assert len(filled.world.things) == 3


@pytest.mark.parametrize(
    "spoilt",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b'{"version": 3}',
        b'{"version": 3, "checkpoint": []}',
        b'{"version": 3, "checkpoint": {"latest": "x"}}',
        b'{"version": 3, "checkpoint": {"latest": {"resources": ["x"]}}}',
        b'{"version": 3, "checkpoint": {"latest": {"resources": [{"type": "t"}]}}}',
        b'{"version": 3, "checkpoint": {"latest": {"pending_operations": [{"type": "creating"}]}}}',
    ],
)
def test_a_spoilt_state_is_refused_with_the_way_out_and_the_way_leads_out(
    stage: Stage, spoilt: bytes
) -> None:
    stage.up(three)
    path = stage.target.state_path
    copy = path.with_suffix(".json.bak")
    path.write_bytes(spoilt)

    with pytest.raises(BrokenStateError) as refusal:
        stage.up(three)

    assert f"`cp {copy} {path}`" in str(refusal.value)
    stage.world.calls.clear()
    shutil.copy(copy, path)
    stage.up(three)
    assert stage.world.calls == []


def test_without_a_copy_the_way_out_is_down(stage: Stage) -> None:
    stage.target.state_path.parent.mkdir(parents=True)
    stage.target.state_path.write_text("")

    with pytest.raises(BrokenStateError) as refusal:
        stage.up(three)

    assert "`cp" not in str(refusal.value)
    assert "let `make down` take everything away" in str(refusal.value)
