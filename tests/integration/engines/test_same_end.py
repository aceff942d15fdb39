"""Whatever a program asks for, both engines make the same calls and leave the same state."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.engines.places import Place, cli, in_process
from tests.integration.engines.same_state import differences, misplaced
from tests.integration.engines.scenarios import SAME_END

pytestmark = pytest.mark.pulumi


@pytest.mark.parametrize("name", SAME_END)
def test_both_engines_come_to_the_same_end(name: str, tmp_path: Path) -> None:
    ours, theirs = Place(tmp_path / "ours"), Place(tmp_path / "theirs")
    for text in SAME_END[name]:
        outcomes = in_process(ours.program(text)), cli(theirs.program(text))

        assert not any(outcome.failed for outcome in outcomes), outcomes
        assert ours.calls() == theirs.calls()
        assert differences(theirs.document, ours.document) == []
        assert misplaced(ours.document) == []
    # Whoever comes after the other finds nothing to do, and leaves what it found.
    for place, engine in ((ours, cli), (theirs, in_process)):
        before = place.document
        outcome = engine(place)

        assert not outcome.failed, outcome.text
        assert place.calls() == []
        assert differences(before, place.document) == []
