"""Lengths of time on the command line."""

from __future__ import annotations

from datetime import timedelta

import click
import pytest

from automation.operations.duration import Duration


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("30s", timedelta(seconds=30)),
        ("10m", timedelta(minutes=10)),
        ("2h", timedelta(hours=2)),
        ("1d", timedelta(days=1)),
    ],
)
def test_each_unit_is_read(typed: str, meant: timedelta) -> None:
    assert Duration().convert(typed, None, None) == meant


@pytest.mark.parametrize("typed", ["", "10", "m", "-1m", "1 m", "1w", "1.5h", "9999999d"])
def test_anything_else_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(click.BadParameter, match="such as 10m"):
        Duration().convert(typed, None, None)
