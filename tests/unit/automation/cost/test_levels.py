"""What several things are at once."""

from __future__ import annotations

import pytest

from automation.cost.levels import side_by_side, together


def test_busy_hours_are_taken_to_coincide() -> None:
    office = [(0.75, 0), (0.25, 4)]
    worker = [(0.5, 1), (0.5, 2)]

    assert together([office, worker]) == [(0.5, (0, 1)), (0.25, (0, 2)), (0.25, (4, 2))]


def test_of_nothing_there_is_one_empty_state() -> None:
    assert together([]) == [(1.0, ())]


def test_things_of_two_kinds_stand_side_by_side() -> None:
    assert list(side_by_side([(0.25, "a"), (0.75, "b")], [(1.0, 7)])) == [(0.25, "a", 7), (0.75, "b", 7)]


def test_shares_that_miss_one_by_a_hair_leave_no_hole() -> None:
    thirds = [(1 / 3, 1), (1 / 3, 2), (1 / 3 - 1e-12, 3)]

    assert together([thirds, [(1.0, 9)]])[-1] == (pytest.approx(1 / 3), (3, 9))
