"""Replacing the app loses no request: its own part of a rollout without a failure."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.load.app import App
from bench.load.scenarios import containers_replaced

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def app() -> Iterator[App]:
    with App.built() as app:
        yield app


@pytest.mark.parametrize("late_stop", [False, True], ids=["stop known before", "stop known late"])
@pytest.mark.parametrize("keep_alive", [True, False], ids=["connections kept open", "one for each request"])
def test_no_request_fails_while_the_container_is_replaced(
    app: App,
    keep_alive: bool,  # noqa: FBT001 -- pytest's
    late_stop: bool,  # noqa: FBT001 -- pytest's
) -> None:
    """With all that it can carry: what a stop may lose are connections that came an instant before it."""
    tally = containers_replaced(
        app, times=2, connections=8, rate=None, keep_alive=keep_alive, late_stop=late_stop
    )

    assert tally.failures == {}
    assert tally.requests >= 600
