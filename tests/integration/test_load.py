"""Replacing the app loses no request: its own part of a rollout without a failure."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.load.__main__ import replace_containers
from bench.load.app import App

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def app() -> Iterator[App]:
    with App.built() as app:
        yield app


@pytest.mark.parametrize("stop_first", [False, True], ids=["traffic moves first", "SIGTERM first"])
@pytest.mark.parametrize("keep_alive", [True, False], ids=["connections kept open", "one for each request"])
def test_no_request_fails_while_the_container_is_replaced(
    app: App,
    keep_alive: bool,  # noqa: FBT001 -- pytest's
    stop_first: bool,  # noqa: FBT001 -- pytest's
) -> None:
    """With all that it can carry: what a stop may lose are connections that came an instant before it."""
    tally = replace_containers(app, times=2, rate=None, keep_alive=keep_alive, stop_first=stop_first)

    assert tally.failures == {}
    assert tally.requests >= 600
