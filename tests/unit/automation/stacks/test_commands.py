"""Which stacks `up` makes and `destroy` removes, and what they refuse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from automation.errors import AutomationError
from automation.previews.listing import Preview
from automation.stacks import commands
from automation.stacks.commands import destroy, up
from automation.stacks.protocol import Known


@dataclass
class World:
    """Dev with a pull request's stack, and what becomes of them."""

    done: list[object] = field(default_factory=list)
    there: bool = True

    # As those who drive stacks.

    def known(self) -> Sequence[Known]:
        return [Known(name=name, last_update=None) for name in ("dev", "staging", "pr-1")]

    def up(self, stack: str) -> Mapping[str, Any]:
        self.done.append(f"up {stack}")
        return {"urls": {"web": f"https://{stack}.example.com"}}

    def destroy(self, stack: str) -> None:
        self.done.append(f"destroy {stack}")

    def address(self, url: str) -> str:
        return url

    # As the stacks of pull requests.

    def prepare(self, stack: str, *, base: str | None, lifetime: timedelta | None) -> datetime:
        self.done.append(("prepare", stack, base, lifetime))
        return datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

    def remove(self, stack: str) -> bool:
        self.done.append(f"remove {stack}")
        return self.there

    def all(self) -> list[Preview]:
        return [Preview(stack="pr-1", base="dev", address=None, expires=None, last_update=None)]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(commands, "previews_of", lambda _stacks, _say: world)
    return world


def call(world: World, command: Any, *arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments), obj=world, standalone_mode=False)


def test_a_pull_requests_stack_is_prepared_before_it_is_brought_up(world: World) -> None:
    result = call(world, up, "pr-12", "--attach-to", "staging", "--lifetime-hours", "5")

    assert world.done == [("prepare", "pr-12", "staging", timedelta(hours=5)), "up pr-12"]
    assert result.stdout == "web          https://pr-12.example.com\n"
    assert "may stay until 2026-11-24 12:00 UTC" in result.stderr


def test_any_other_stack_has_to_be_there(world: World) -> None:
    call(world, up, "dev")

    assert world.done == ["up dev"]


@pytest.mark.parametrize("option", ["--attach-to=dev", "--lifetime-hours=5"])
def test_only_a_pull_requests_stack_attaches_and_expires(world: World, option: str) -> None:
    result = call(world, up, "staging", option)

    assert isinstance(result.exception, click.UsageError)
    assert world.done == []


def test_a_pull_requests_stack_is_removed_without_a_question(world: World) -> None:
    """In a workflow nobody could answer, and nothing in it lasts anyway."""
    assert "removed pr-1" in call(world, destroy, "pr-1").stderr
    assert world.done == ["remove pr-1"]


def test_one_that_is_not_there_is_no_failure(world: World) -> None:
    world.there = False

    result = call(world, destroy, "pr-12")

    assert (result.exception, result.stderr) == (None, "there is no stack pr-12, nothing to do\n")


def test_what_others_are_attached_to_stays(world: World) -> None:
    result = call(world, destroy, "dev", "--yes")

    assert isinstance(result.exception, AutomationError)
    assert "pr-1 use what dev holds" in str(result.exception)
    assert world.done == []


def test_a_stack_that_lasts_is_destroyed_only_for_who_says_so(world: World) -> None:
    refused = call(world, destroy, "staging")
    done = call(world, destroy, "staging", "--yes")

    assert isinstance(refused.exception, click.UsageError)
    assert done.exception is None
    assert world.done == ["destroy staging"]


def test_a_stack_that_is_not_there_is_told(world: World) -> None:
    assert "there is no stack 'stagign'" in str(call(world, destroy, "stagign", "--yes").exception)
