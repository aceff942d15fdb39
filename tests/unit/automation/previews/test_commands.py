"""`previews`: output and exit codes."""

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
REMOVED = Removal(preview=PREVIEW, reason="pull request 12 is not open")
FAILED_REMOVAL = Removal(preview=FAILED, reason="it was never updated", failure="the service does not drain")


@dataclass
class Fake:
    found: list[Preview] = field(default_factory=list)
    outcomes: list[Removal] = field(default_factory=list)
    arguments: dict[str, object] = field(default_factory=dict)

    def all(self) -> list[Preview]:
        return self.found

    def clean_up(self, **arguments: object) -> list[Removal]:
        self.arguments = arguments
        return self.outcomes


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    fake = Fake()
    monkeypatch.setattr(preview_commands, "Previews", lambda _stacks: fake)
    return fake


def call(*arguments: str) -> Result:
    return CliRunner().invoke(previews, list(arguments), standalone_mode=False)


def test_list_prints_a_line_for_each_stack(fake: Fake) -> None:
    fake.found = [PREVIEW, FAILED]

    assert call("list").stdout.splitlines() == [
        (
            "pr-12      https://pr-12.dev.example.com  on dev, expires 2026-11-24 12:00 UTC, "
            "last update 2026-11-21 12:00 UTC"
        ),
        "pr-13      no address  on an unknown base, expires unknown, last update unknown",
    ]


def test_list_without_stacks_prints_so_and_json_is_empty(fake: Fake) -> None:
    assert call("list").stderr == "no stacks of pull requests\n"
    assert json.loads(call("list", "--json").stdout) == []


def test_list_json_has_times_and_numbers(fake: Fake) -> None:
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
    ("arguments", "numbers"),
    [
        ([], None),
        (["--open", ""], set()),
        (["--open", "12 15"], {12, 15}),
        (["--open", "12,\n15\n"], {12, 15}),
    ],
    ids=["unknown", "none", "some", "in lines"],
)
def test_clean_up_parses_numbers_as_gh_prints_them(
    fake: Fake, arguments: list[str], numbers: set[int] | None
) -> None:
    call("clean-up", *arguments)

    assert fake.arguments == {"open_numbers": numbers, "dry_run": False}


def test_clean_up_rejects_other_text_before_it_removes_anything(fake: Fake) -> None:
    result = call("clean-up", "--open", "12 error:")

    assert "'error:' is not a number" in str(result.exception)
    assert fake.arguments == {}


def test_clean_up_prints_removed_stacks(fake: Fake) -> None:
    fake.outcomes = [REMOVED]

    result = call("clean-up")

    assert (result.return_value, result.stdout) == (0, "removed: pr-12\n")


def test_clean_up_fails_if_a_stack_was_not_removed(fake: Fake) -> None:
    fake.outcomes = [REMOVED, FAILED_REMOVAL]

    result = call("clean-up")

    assert (result.return_value, result.stdout) == (1, "removed: pr-12; not removed: pr-13\n")


def test_clean_up_json_has_each_removal_with_its_reason(fake: Fake) -> None:
    fake.outcomes = [REMOVED, FAILED_REMOVAL]

    document = json.loads(call("clean-up", "--json").stdout)

    assert [(item["stack"], item["removed"], item["failure"]) for item in document] == [
        ("pr-12", True, None),
        ("pr-13", False, "the service does not drain"),
    ]
    assert document[0]["reason"] == "pull request 12 is not open"


def test_a_dry_run_prints_what_would_be_removed(fake: Fake) -> None:
    fake.outcomes = [REMOVED]

    assert call("clean-up", "--dry-run").stdout == "would remove: pr-12\n"
    assert json.loads(call("clean-up", "--dry-run", "--json").stdout)[0]["removed"] is False
