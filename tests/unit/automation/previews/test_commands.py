"""What `previews` prints, and how it ends."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner, Result

from automation.previews import commands
from automation.previews.commands import previews
from automation.previews.lifecycle import Reaped
from automation.previews.listing import Preview

PREVIEW = Preview(
    stack="pr-12",
    base="dev",
    address="https://pr-12.dev.example.com",
    expires=datetime(2026, 11, 24, 12, 0, tzinfo=UTC),
    last_update=datetime(2026, 11, 21, 12, 0, tzinfo=UTC),
)
FAILED = Preview(stack="pr-13", base=None, address=None, expires=None, last_update=None)
GONE = Reaped(preview=PREVIEW, why="pull request 12 is not open")
STUCK = Reaped(preview=FAILED, why="it was never brought up", failure="the service does not drain")


@dataclass
class Fake:
    found: list[Preview] = field(default_factory=list)
    outcomes: list[Reaped] = field(default_factory=list)
    asked: dict[str, object] = field(default_factory=dict)

    def all(self) -> list[Preview]:
        return self.found

    def reap(self, **asked: object) -> list[Reaped]:
        self.asked = asked
        return self.outcomes


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    fake = Fake()
    monkeypatch.setattr(commands, "previews_of", lambda _stacks, _say: fake)
    return fake


def call(*arguments: str) -> Result:
    return CliRunner().invoke(previews, list(arguments), standalone_mode=False)


def test_each_is_a_line(fake: Fake) -> None:
    fake.found = [PREVIEW, FAILED]

    assert call("list").stdout.splitlines() == [
        (
            "pr-12      https://pr-12.dev.example.com  on dev, until 2026-11-24 12:00 UTC, "
            "last update 2026-11-21 12:00 UTC"
        ),
        "pr-13      did not come up  on an unknown base, until unknown, last update unknown",
    ]


def test_none_at_all_is_said_and_for_programs_an_empty_list(fake: Fake) -> None:
    assert "There is no stack of a pull request." in call("list").stderr
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
def test_what_is_open_is_read_as_it_is_printed(
    fake: Fake, given: list[str], numbers: set[int] | None
) -> None:
    call("reap", *given)

    assert fake.asked == {"still_open": numbers, "dry_run": False}


def test_what_is_no_number_is_refused_before_anything_goes(fake: Fake) -> None:
    result = call("reap", "--open", "12 error:")

    assert "'error:' is no number" in str(result.exception)
    assert fake.asked == {}


def test_all_that_went_is_well(fake: Fake) -> None:
    fake.outcomes = [GONE]

    result = call("reap")

    assert (result.return_value, result.stdout) == (0, "removed: pr-12\n")


def test_one_that_did_not_go_fails_and_all_are_told(fake: Fake) -> None:
    fake.outcomes = [GONE, STUCK]

    result = call("reap")

    assert (result.return_value, result.stdout) == (1, "removed: pr-12; still there: pr-13\n")


def test_programs_learn_what_became_of_each_and_why(fake: Fake) -> None:
    fake.outcomes = [GONE, STUCK]

    told = json.loads(call("reap", "--json").stdout)

    assert [(one["stack"], one["removed"], one["failure"]) for one in told] == [
        ("pr-12", True, None),
        ("pr-13", False, "the service does not drain"),
    ]
    assert told[0]["why"] == "pull request 12 is not open"


def test_a_rehearsal_says_that_it_is_one(fake: Fake) -> None:
    fake.outcomes = [GONE]

    assert call("reap", "--dry-run").stdout == "would go: pr-12\n"
    assert json.loads(call("reap", "--dry-run", "--json").stdout)[0]["removed"] is False
