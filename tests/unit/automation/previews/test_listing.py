"""Which stacks of pull requests have to go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from automation.previews.listing import Preview, why_to_remove

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LIFETIME = 72 * HOUR


def preview(**known: Any) -> Preview:
    return Preview(
        **{
            "stack": "pr-12",
            "base": "dev",
            "address": "https://pr-12.dev.example.com",
            "expires": NOW + HOUR,
            "last_update": NOW - HOUR,
            **known,
        }
    )


def why(found: Preview, still_open: set[int] | None = None) -> str | None:
    return why_to_remove(found, now=NOW, lifetime=LIFETIME, still_open=still_open)


def test_one_that_is_open_and_has_time_stays() -> None:
    assert why(preview(), {12}) is None


def test_without_a_word_of_what_is_open_its_time_alone_counts() -> None:
    assert why(preview()) is None
    assert why(preview(expires=NOW)) == "its time was up at 2026-11-21 12:00 UTC"


@pytest.mark.parametrize("still_open", [set[int](), {1, 123}])
def test_one_whose_pull_request_is_closed_goes_though_it_has_time(still_open: set[int]) -> None:
    assert why(preview(), still_open) == "pull request 12 is not open"


def test_one_whose_time_is_up_goes_though_it_is_open() -> None:
    assert why(preview(expires=NOW - HOUR), {12}) is not None


@pytest.mark.parametrize(("age", "goes"), [(71 * HOUR, False), (72 * HOUR, True)])
def test_one_that_never_came_up_has_a_lifetime_from_its_last_update_on(age: timedelta, *, goes: bool) -> None:
    found = preview(base=None, address=None, expires=None, last_update=NOW - age)

    assert (why(found) is not None) is goes


def test_one_that_was_made_and_never_brought_up_goes() -> None:
    found = preview(expires=None, last_update=None)

    assert why(found) == "it was never brought up"


@pytest.mark.parametrize("known", [{"under_way": True}, {}])
def test_unless_somebody_may_be_about_to_bring_it_up(known: dict[str, Any]) -> None:
    found = preview(expires=None, last_update=None, **known)

    assert why(found, None if known else {12}) is None
