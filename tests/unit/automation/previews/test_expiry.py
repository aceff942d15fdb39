"""Reasons to remove a pull request's stack."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from automation.previews.expiry import Preview, reason_to_remove

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LIFETIME = 72 * HOUR


def preview(**fields: Any) -> Preview:
    return Preview(
        **{
            "stack": "pr-12",
            "base": "dev",
            "address": "https://pr-12.dev.example.com",
            "expires": NOW + HOUR,
            "last_update": NOW - HOUR,
            **fields,
        }
    )


def reason(found: Preview, open_numbers: set[int] | None = None) -> str | None:
    return reason_to_remove(found, now=NOW, lifetime=LIFETIME, open_numbers=open_numbers)


def test_an_open_and_unexpired_stack_is_kept() -> None:
    assert reason(preview(), {12}) is None


def test_only_the_expiry_counts_if_open_pull_requests_are_unknown() -> None:
    assert reason(preview()) is None
    assert reason(preview(expires=NOW)) == "it expired at 2026-11-21 12:00 UTC"


@pytest.mark.parametrize("open_numbers", [set[int](), {1, 123}])
def test_a_stack_of_a_closed_pull_request_is_removed(open_numbers: set[int]) -> None:
    assert reason(preview(), open_numbers) == "pull request 12 is not open"


def test_an_expired_stack_of_an_open_pull_request_is_removed() -> None:
    assert reason(preview(expires=NOW - HOUR), {12}) is not None


@pytest.mark.parametrize(("age", "removed"), [(71 * HOUR, False), (72 * HOUR, True)])
def test_a_stack_whose_first_update_failed_is_removed_after_its_lifetime(
    age: timedelta, *, removed: bool
) -> None:
    found = preview(base=None, address=None, expires=None, last_update=NOW - age)

    assert (reason(found) is not None) is removed


def test_a_stack_that_was_never_updated_is_removed() -> None:
    found = preview(expires=None, last_update=None)

    assert reason(found) == "it was never updated"


@pytest.mark.parametrize(
    ("under_way", "open_numbers"), [(True, None), (False, {12})], ids=["update running", "pull request open"]
)
def test_a_stack_whose_first_update_may_follow_is_kept(
    *, under_way: bool, open_numbers: set[int] | None
) -> None:
    found = preview(expires=None, last_update=None, under_way=under_way)

    assert reason(found, open_numbers) is None
