"""What the local run writes down is what the CLI would, so that one reader is enough."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from automation.changes.events import read
from automation.changes.model import Difference
from local.engine.errors import EngineError
from local.engine.events import Change, Event, Operation, Phase
from local.event_log import EventLog
from local.resources.base import UNKNOWN

SERVICE = "aws:ecs/service:Service"
_SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "xyzzy"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "events.json"


def event(operation: Operation, phase: Phase = "done", name: str = "web", **changes: Any) -> Event:
    urn = f"urn:pulumi:dev::node-on-ecs::{SERVICE}::{name}"
    return Event(
        phase, operation, urn, SERVICE, changes={key: Change(*pair) for key, pair in changes.items()}
    )


def written(file: Path, *events: Event) -> list[dict[str, Any]]:
    log = EventLog(file)
    for one in events:
        log.listen(one)
    log.close()
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.mark.parametrize("operation", ["create", "update", "replace", "delete"])
def test_a_step_is_read_as_what_it_is(operation: Operation, file: Path) -> None:
    written(file, event(operation, cpu=("256", "512")))

    (change,) = read(file).changes

    assert (change.kind, change.type, change.name) == (operation, SERVICE, "web")
    assert change.differences == (
        (Difference(path="cpu", old="256", new="512"),) if operation in ("update", "replace") else ()
    )


def test_what_stays_is_counted(file: Path) -> None:
    written(file, event("same"))

    assert read(file).same == 1


@pytest.mark.parametrize("phase", ["begin", "progress", "failed"])
def test_only_what_was_done_is_written(phase: Phase, file: Path) -> None:
    assert written(file, event("create", phase)) == []


@pytest.mark.parametrize("operation", ["read", "hook"])
def test_what_changes_nothing_is_left_out(operation: Operation, file: Path) -> None:
    assert written(file, event(operation)) == []


def test_secrets_and_what_is_not_known_yet_are_words(file: Path) -> None:
    written(file, event("update", key=("a", _SECRET), arn=("a", UNKNOWN)))

    assert "xyzzy" not in file.read_text()
    assert [one.new for one in read(file).changes[0].differences] == ["computed", "[secret]"]


def test_what_a_refresh_found_changed_is_read_as_drift(file: Path) -> None:
    written(file, event("refresh", cpu=("256", "512")))

    (change,) = read(file, refreshed=True).changes

    assert (change.kind, change.differences) == ("update", (Difference(path="cpu", old="256", new="512"),))
    assert not read(file), "it is no step of an update"


def test_what_a_refresh_did_not_find_is_read_as_gone(file: Path) -> None:
    written(file, event("refresh", id=("web-1", None)))

    assert [one.kind for one in read(file, refreshed=True).changes] == ["delete"]


def test_a_property_that_forces_a_replacement_says_so(file: Path) -> None:
    log = EventLog(file)
    log.listen(
        Event("done", "replace", "urn:a", SERVICE, changes={"family": Change("a", "b", replaces=True)})
    )
    log.close()

    difference = json.loads(file.read_text())["resourcePreEvent"]["metadata"]["detailedDiff"]["family"]
    assert difference["diffKind"] == "update-replace"


def test_each_event_is_in_the_file_at_once(file: Path) -> None:
    """A run that is killed has told what it did until then."""
    log = EventLog(file)

    log.listen(event("create"))

    assert [one.kind for one in read(file).changes] == ["create"]
    log.close()


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"--event-log .*/none/events.json cannot be written: No such file"):
        EventLog(tmp_path / "none" / "events.json")
