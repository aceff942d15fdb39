"""What `previews` prints, and how it ends."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner, Result

from automation.previews import preview_commands
from automation.previews.expiry import Preview
from automation.previews.lifecycle import Removal
from automation.previews.preview_commands import previews

PREVIEW = Preview(
    stack="pr-12",
    base="dev",
    address="https://pr-12.dev.example.com",
    expires=datetime(2026, 11, 24, 12, 0, tzinfo=UTC),
    last_update=datetime(2026, 11, 21, 12, 0, tzinfo=UTC),
)
FAILED = Preview(stack="pr-13", base=None, address=None, expires=None, last_update=None)
GONE = Removal(preview=PREVIEW, reason="pull request 12 is not open")
STUCK = Removal(preview=FAILED, reason="it was never updated", failure="the service does not drain")


@dataclass
class Fake:
    found: list[Preview] = field(default_factory=list)
    outcomes: list[Removal] = field(default_factory=list)
    asked: dict[str, object] = field(default_factory=dict)

    def all(self) -> list[Preview]:
        return self.found

    def clean_up(self, **asked: object) -> list[Removal]:
        self.asked = asked
        return self.outcomes


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    fake = Fake()
    monkeypatch.setattr(preview_commands, "Previews", lambda _stacks: fake)
    return fake


def call(*arguments: str) -> Result:
    return CliRunner().invoke(previews, list(arguments), standalone_mode=False)


def test_each_is_a_line(fake: Fake) -> None:
    fake.found = [PREVIEW, FAILED]

    assert call("list").stdout.splitlines() == [
        (
            "pr-12      https://pr-12.dev.example.com  on dev, expires 2026-11-24 12:00 UTC, "
            "last update 2026-11-21 12:00 UTC"
        ),
        "pr-13      no address  on an unknown base, expires unknown, last update unknown",
    ]


def test_without_any_it_says_so_and_programs_get_an_empty_list(fake: Fake) -> None:
    assert call("list").stderr == "no stacks of pull requests\n"
    assert json.loads(call("list", "--json").stdout) == []


def test_programs_get_times_and_numbers(fake: Fake) -> None:
    fake.found = [PREVIEW]

    assert json.loads(call("list", "--json").stdout) == [
        {
            "stack": "pr-12",
            "number": 12,
            "base": "dev",
            "address": "https://pr-12.dev.example.com",
            "expires": "2026-11-24T12:00:00+00:00",
            "last_update": "2026-11-21T12:00:00+00:00",
            "under_way": False,
        }
    ]


@pytest.mark.parametrize(
    ("given", "numbers"),
    [
        ([], None),
        (["--open", ""], set()),
        (["--open", "12 15"], {12, 15}),
        (["--open", "12,\n15\n"], {12, 15}),
    ],
    ids=["unknown", "none", "some", "in lines"],
)
def test_open_pull_requests_are_read_as_gh_prints_them(
    fake: Fake, given: list[str], numbers: set[int] | None
) -> None:
    call("clean-up", *given)

    assert fake.asked == {"still_open": numbers, "dry_run": False}


def test_what_is_not_a_number_is_refused_before_anything_is_removed(fake: Fake) -> None:
    result = call("clean-up", "--open", "12 error:")

    assert "'error:' is not a number" in str(result.exception)
    assert fake.asked == {}


def test_removed_stacks_are_listed(fake: Fake) -> None:
    fake.outcomes = [GONE]

    result = call("clean-up")

    assert (result.return_value, result.stdout) == (0, "removed: pr-12\n")


def test_one_that_was_not_removed_fails_and_all_are_listed(fake: Fake) -> None:
    fake.outcomes = [GONE, STUCK]

    result = call("clean-up")

    assert (result.return_value, result.stdout) == (1, "removed: pr-12; not removed: pr-13\n")


def test_programs_get_each_removal_with_its_reason(fake: Fake) -> None:
    fake.outcomes = [GONE, STUCK]

    told = json.loads(call("clean-up", "--json").stdout)

    assert [(one["stack"], one["removed"], one["failure"]) for one in told] == [
        ("pr-12", True, None),
        ("pr-13", False, "the service does not drain"),
    ]
    assert told[0]["reason"] == "pull request 12 is not open"


def test_a_dry_run_says_that_it_is_one(fake: Fake) -> None:
    fake.outcomes = [GONE]

    assert call("clean-up", "--dry-run").stdout == "would remove: pr-12\n"
    assert json.loads(call("clean-up", "--dry-run", "--json").stdout)[0]["removed"] is False
