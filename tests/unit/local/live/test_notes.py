"""What `dev` tells the emulator and the front door."""

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


def test_what_is_noted_of_all_stacks_is_found(notes: Notes) -> None:
    notes.write("dev", {"sha256:1": LIVE})
    notes.write("staging", {"sha256:2": LIVE})

    assert notes.images() == {"sha256:1": LIVE, "sha256:2": LIVE}


def test_a_stack_that_is_removed_runs_its_image(notes: Notes) -> None:
    notes.write("dev", {"sha256:1": LIVE})
    notes.note_restart("dev", under_way=True)
    notes.remove("dev")

    assert notes.images() == {}
    assert not notes.restart_under_way()


def test_a_note_of_a_process_that_was_killed_does_not_count(notes: Notes) -> None:
    """Else its tasks would run a folder that nobody keeps."""
    notes.write("dev", {"sha256:1": LIVE})
    path = notes.folder / "dev.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"started": "earlier"}))

    assert notes.images() == {}


def test_without_notes_there_is_nothing(notes: Notes) -> None:
    assert notes.images() == {}
    assert not notes.restart_under_way()


def test_a_restart_is_under_way_until_it_has_ended(notes: Notes) -> None:
    notes.note_restart("dev", under_way=True)
    during = notes.restart_under_way()
    notes.note_restart("dev", under_way=False)

    assert during
    assert not notes.restart_under_way()


def test_a_restart_that_never_ends_keeps_requests_for_a_while_only(notes: Notes) -> None:
    notes.note_restart("dev", under_way=True)
    before = time.time() - LONGEST_RESTART_SECONDS - 1
    os.utime(notes.folder / "dev.restarting", (before, before))

    assert not notes.restart_under_way()


def test_a_server_that_is_started_with_the_variables_finds_them(
    notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Notes.told() is None
    for name, value in notes.variables.items():
        monkeypatch.setenv(name, value)

    assert Notes.told() == notes
