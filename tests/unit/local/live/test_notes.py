"""The notes by which `dev` instructs the emulator and the front door."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from local.live.notes import LONGEST_RESTART_SECONDS, Live, Notes

LIVE = Live("/here/app", "/app")


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes.of(tmp_path)


def test_images_of_all_stacks_are_noted(notes: Notes) -> None:
    before = notes.images()
    notes.write("dev", {"sha256:1": LIVE})
    notes.write("staging", {"sha256:2": LIVE})

    assert (before, notes.images()) == ({}, {"sha256:1": LIVE, "sha256:2": LIVE})


def test_a_removed_stack_has_no_notes(notes: Notes) -> None:
    notes.write("dev", {"sha256:1": LIVE})
    notes.note_restart("dev", under_way=True)
    notes.remove("dev")

    assert (notes.images(), notes.restarting_stacks()) == ({}, frozenset())


def test_the_note_of_a_killed_process_is_ignored(notes: Notes) -> None:
    """Otherwise tasks would run from a folder that is not kept up to date."""
    notes.write("dev", {"sha256:1": LIVE})
    path = notes.folder / "dev.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"started": "earlier"}))

    assert notes.images() == {}


def test_a_stack_is_restarting_until_its_restart_has_ended(notes: Notes) -> None:
    before = notes.restarting_stacks()
    notes.note_restart("dev", under_way=True)
    during = notes.restarting_stacks()
    notes.note_restart("dev", under_way=False)

    assert [before, during, notes.restarting_stacks()] == [frozenset(), {"dev"}, frozenset()]


def test_a_restart_that_does_not_end_is_ignored_after_a_while(notes: Notes) -> None:
    notes.note_restart("dev", under_way=True)
    before = time.time() - LONGEST_RESTART_SECONDS - 1
    os.utime(notes.folder / "dev.restarting", (before, before))

    assert notes.restarting_stacks() == frozenset()


def test_a_process_finds_the_notes_by_its_environment(notes: Notes, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Notes.from_environment() is None
    for name, value in notes.variables.items():
        monkeypatch.setenv(name, value)

    assert Notes.from_environment() == notes
