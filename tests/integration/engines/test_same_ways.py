"""What both engines do besides `up`: previews, deletions, references to other stacks, interruptions."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from local.engine import wire
from tests.integration.engines.places import Place, cli, in_process
from tests.integration.engines.same_state import differences
from tests.integration.engines.scenarios import CHAIN, SECRETS, TWO

pytestmark = pytest.mark.pulumi


def pair(folder: Path, text: str) -> tuple[Place, Place]:
    """Two places, each brought to the same program by its engine."""
    ours, theirs = Place(folder / "ours"), Place(folder / "theirs")
    for place, engine in ((ours, in_process), (theirs, cli)):
        outcome = engine(place.program(text))
        assert not outcome.failed, outcome.text
        place.calls()
    return ours, theirs


def test_a_preview_changes_nothing(tmp_path: Path) -> None:
    ours, theirs = pair(tmp_path, CHAIN.format(size=1, place="here"))
    for place, engine in ((ours, in_process), (theirs, cli)):
        before = place.target.state_path.read_text()
        outcome = engine(place.program(CHAIN.format(size=2, place="there")), "preview")

        assert not outcome.failed, outcome.text
        assert place.calls() == []
        assert place.target.state_path.read_text() == before


def test_a_preview_fails_where_a_protected_resource_would_go(tmp_path: Path) -> None:
    ours, theirs = pair(tmp_path, TWO % {"size": 1, "place": "here", "protect": True})
    for place, engine in ((ours, in_process), (theirs, cli)):
        outcome = engine(place.program("pass\n"), "preview")

        assert outcome.failed
        assert "protect" in outcome.text


def test_a_deletion_leaves_the_same(tmp_path: Path) -> None:
    ours, theirs = pair(tmp_path, CHAIN.format(size=1, place="here"))
    for place, engine in ((ours, cli), (theirs, in_process)):
        outcome = engine(place, "destroy")

        assert not outcome.failed, outcome.text
    assert ours.calls() == theirs.calls() == ["delete one", "delete two"]
    assert differences(theirs.document, ours.document) == []


def test_what_is_protected_is_deleted_only_when_that_is_asked_for(tmp_path: Path) -> None:
    ours, theirs = pair(tmp_path, TWO % {"size": 1, "place": "here", "protect": True})
    for place, engine in ((ours, in_process), (theirs, cli)):
        refused = engine(place, "destroy")
        assert refused.failed
        assert "protected" in refused.text
    assert differences(theirs.document, ours.document) == []
    for place, engine in ((ours, cli), (theirs, in_process)):
        outcome = engine(place, "destroy", unprotect=True)
        assert not outcome.failed, outcome.text
    assert ours.labels() == theirs.labels() == ["found"]


def test_a_stack_that_refers_to_another_one_ends_the_same(tmp_path: Path) -> None:
    for folder, engine in (("ours", in_process), ("theirs", cli)):
        other = Place(tmp_path / folder, "other")
        assert not engine(other.program(SECRETS)).failed
    ours, theirs = Place(tmp_path / "ours"), Place(tmp_path / "theirs")
    text = """
other = pulumi.StackReference("other", stack_name="organization/toys/other")
thing = ThingResource("thing", needs=other.get_output("secret"))
pulumi.export("seen", other.require_output("nested"))
"""
    for place, engine in ((ours, in_process), (theirs, cli)):
        outcome = engine(place.program(text))
        assert not outcome.failed, outcome.text
    assert differences(theirs.document, ours.document) == []
    assert wire.secret_paths(ours.checkpoint.outputs())
    for place, engine in ((ours, cli), (theirs, in_process)):
        before = place.document
        assert not engine(place).failed
        assert differences(before, place.document) == []


def test_an_interrupted_run_ends_what_is_under_way_and_the_other_engine_goes_on(tmp_path: Path) -> None:
    ours, theirs = Place(tmp_path / "ours"), Place(tmp_path / "theirs")
    for place, engine in ((ours, in_process), (theirs, cli)):

        def interrupt(call: str) -> None:
            if call == "create one":
                os.kill(os.getpid(), signal.SIGINT)

        place.stage.world.during = interrupt
        outcome = engine(place.program(CHAIN.format(size=1, place="here")))
        place.stage.world.during = lambda _call: None

        assert outcome.failed
        assert "interrupted" in outcome.text
        assert place.calls() == ["create one"]
    assert differences(theirs.document, ours.document) == []
    for place, engine in ((ours, cli), (theirs, in_process)):
        outcome = engine(place)
        assert not outcome.failed, outcome.text
        assert place.calls() == ["create two"]


def test_what_was_made_before_a_kill_is_taken_over(tmp_path: Path) -> None:
    """A killed run leaves a state that does not know what it made, and word that it did not end."""
    ours, theirs = pair(tmp_path, CHAIN.format(size=1, place="here"))
    for place, engine in ((ours, cli), (theirs, in_process)):
        place.forget("two")
        outcome = engine(place)

        assert not outcome.failed, outcome.text
        assert place.calls() == []
        assert place.checkpoint.pending == []
        assert not place.target.marker_path.exists()
    assert differences(theirs.document, ours.document) == []
