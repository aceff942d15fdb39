"""Both engines refuse, fail and stop in the same places, and leave the same behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.engines.places import Place, cli, in_process
from tests.integration.engines.same_state import differences, misplaced
from tests.integration.engines.scenarios import BROKEN, FAILURES

pytestmark = pytest.mark.pulumi


@pytest.mark.parametrize("name", FAILURES)
def test_both_engines_fail_in_the_same_place(name: str, tmp_path: Path) -> None:
    texts, message = FAILURES[name]
    ours, theirs = Place(tmp_path / "ours"), Place(tmp_path / "theirs")
    for place, engine in ((ours, in_process), (theirs, cli)):
        if "switched off" in name:
            place.configure({"pulumi:disable-default-providers": '["toy"]'})
        for text in texts[:-1]:
            outcome = engine(place.program(text))
            assert not outcome.failed, outcome.text
        outcome = engine(place.program(texts[-1]))

        assert outcome.failed, outcome.text
        assert message in outcome.text
    assert ours.calls() == theirs.calls()
    assert differences(theirs.document, ours.document) == []
    assert misplaced(ours.document) == []


@pytest.mark.parametrize("name", BROKEN)
def test_what_breaks_is_broken_the_same_way_and_mended_by_the_next_run(name: str, tmp_path: Path) -> None:
    broken, texts = BROKEN[name]
    ours, theirs = Place(tmp_path / "ours"), Place(tmp_path / "theirs")
    for place, engine in ((ours, in_process), (theirs, cli)):
        for text in texts[:-1]:
            engine(place.program(text))
        place.stage.world.broken.add(broken)

        assert engine(place.program(texts[-1])).failed
    assert ours.calls() == theirs.calls()
    assert differences(theirs.document, ours.document) == []
    # The other one mends it.
    for place, engine in ((ours, cli), (theirs, in_process)):
        place.stage.world.broken.clear()
        outcome = engine(place)

        assert not outcome.failed, outcome.text
    # Not the calls: the CLI deletes what is bound to a thing once more, though it is gone.
    assert ours.labels() == theirs.labels()
    assert differences(theirs.document, ours.document) == []
