"""Which stacks of pull requests are removed, and why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from automation.previews.expiry import Preview, reason_to_remove

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
    return reason_to_remove(found, now=NOW, lifetime=LIFETIME, still_open=still_open)


def test_one_that_is_open_and_has_not_expired_stays() -> None:
    assert why(preview(), {12}) is None


def test_without_the_open_pull_requests_its_expiry_alone_counts() -> None:
    assert why(preview()) is None
    assert why(preview(expires=NOW)) == "it expired at 2026-11-21 12:00 UTC"


@pytest.mark.parametrize("still_open", [set[int](), {1, 123}])
def test_one_whose_pull_request_is_closed_is_removed_before_it_expires(still_open: set[int]) -> None:
    assert why(preview(), still_open) == "pull request 12 is not open"


def test_one_that_has_expired_is_removed_though_it_is_open() -> None:
    assert why(preview(expires=NOW - HOUR), {12}) is not None


@pytest.mark.parametrize(("age", "goes"), [(71 * HOUR, False), (72 * HOUR, True)])
def test_one_whose_first_update_failed_expires_a_lifetime_after_it(age: timedelta, *, goes: bool) -> None:
    found = preview(base=None, address=None, expires=None, last_update=NOW - age)

    assert (why(found) is not None) is goes


def test_one_that_was_created_and_never_updated_is_removed() -> None:
    found = preview(expires=None, last_update=None)

    assert why(found) == "it was never updated"


@pytest.mark.parametrize("known", [{"under_way": True}, {}])
def test_unless_its_first_update_may_be_about_to_begin(known: dict[str, Any]) -> None:
    found = preview(expires=None, last_update=None, **known)

    assert why(found, None if known else {12}) is None
