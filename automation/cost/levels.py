"""Combines the load levels of several services and groups, assumed to be busy at the same hours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import TypeVar

_A = TypeVar("_A")
_B = TypeVar("_B")

Levels = Sequence[tuple[float, _A]]
"""Each state of something after the share of the time at which it is that; the idlest first."""


def side_by_side(one: Levels[_A], other: Levels[_B]) -> Iterator[tuple[float, _A, _B]]:
    """Yield the states of two things, the idle hours of one with the idle hours of the other."""
    begin = 0.0
    for end in sorted({*_ends(one), *_ends(other)}):
        middle = (begin + end) / 2
        yield end - begin, _at(one, middle), _at(other, middle)
        begin = end


def together(curves: Iterable[Levels[_A]]) -> list[tuple[float, tuple[_A, ...]]]:
    """Return the states of several things; of none there is one, which is empty."""
    merged: list[tuple[float, tuple[_A, ...]]] = [(1.0, ())]
    for curve in curves:
        merged = [(share, (*states, state)) for share, states, state in side_by_side(merged, curve)]
    return merged


def _ends(curve: Levels[_A]) -> list[float]:
    # Shares of a year do not add up to 1 to the last digit.
    return [round(end, 9) for end in accumulate(share for share, _ in curve)]


def _at(curve: Levels[_A], moment: float) -> _A:
    states = zip(_ends(curve), (state for _, state in curve), strict=True)
    return next((state for end, state in states if moment < end), curve[-1][1])
