"""Which stacks `up` makes and `destroy` removes, and what they refuse."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from automation.errors import AutomationError, ProgramError
from automation.previews.listing import Preview
from automation.promotion.live import Marked
from automation.stacks import commands
from automation.stacks.commands import destroy, up
from automation.stacks.protocol import Known


@dataclass
class World:
    """Dev with a pull request's stack, and what becomes of them."""

    done: list[object] = field(default_factory=list)
    there: bool = True
    failure: AutomationError | None = None
    image: str = ""
    on_this_machine: bool = False

    # As those who drive stacks.

    def known(self) -> Sequence[Known]:
        return [Known(name=name, last_update=None) for name in ("dev", "staging", "pr-1")]

    def up(self, stack: str) -> Mapping[str, Any]:
        self.done.append(f"up {stack}")
        if self.failure:
            raise self.failure
        return {
            "urls": {"web": f"https://{stack}.example.com"},
            **({"image": self.image} if self.image else {}),
        }

    def settings(self, stack: str) -> str:
        return f"the settings of {stack}"

    def clients(self, settings: str) -> str:
        return f"who asks for {settings}"

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


def test_up_for_programs_is_one_document(world: World) -> None:
    document = json.loads(call(world, up, "dev", "--json").stdout)

    assert document == {"stack": "dev", "addresses": {"web": "https://dev.example.com"}}


def test_a_jobs_summary_goes_on_with_the_addresses(world: World, tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    file.write_text("before\n")

    call(world, up, "dev", "--summary", str(file))

    assert file.read_text().startswith("before\n")
    assert "### Update of `dev`\n\n- web: https://dev.example.com\n" in file.read_text()


def test_a_jobs_summary_says_why_an_update_failed(world: World, tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    world.failure = ProgramError("pulumi up", 255, "error: this is why")

    result = call(world, up, "dev", "--summary", str(file))

    assert result.exception is world.failure
    assert "### Update of `dev`: failed\n\n```text\nerror: this is why\n```" in file.read_text()


@pytest.fixture
def marks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Whose images are marked; a mark may have a problem."""
    marked: list[tuple[str, ...]] = []

    def mark(*about: str) -> Marked:
        marked.append(about)
        return Marked(problem="AccessDenied") if about[0] == "staging" else Marked(tag="live-dev-1")

    monkeypatch.setattr(commands, "mark", mark)
    return marked


def test_the_image_that_a_stack_runs_is_marked(world: World, marks: list[tuple[str, ...]]) -> None:
    world.image = "registry/app@sha256:1"

    result = call(world, up, "dev")

    assert marks == [("dev", "registry/app@sha256:1", "who asks for the settings of dev")]
    assert "the image has the tag live-dev-1" in result.stderr


def test_an_image_that_cannot_be_marked_is_a_warning(world: World, marks: list[tuple[str, ...]]) -> None:
    """The stack is up all the same."""
    world.image = "registry/app@sha256:1"

    result = call(world, up, "staging")

    assert result.exception is None
    assert (
        "warning: the image has no tag live-staging-…, and may expire one day: AccessDenied" in result.stderr
    )


@pytest.mark.parametrize(("stack", "here"), [("pr-12", False), ("dev", True)])
def test_images_of_pull_requests_and_of_this_machine_may_go(
    world: World, marks: list[tuple[str, ...]], stack: str, *, here: bool
) -> None:
    world.image, world.on_this_machine = "registry/app@sha256:1", here

    call(world, up, stack)

    assert marks == []
