"""Which stacks `up` creates and `destroy` deletes, and what they and `cancel` refuse."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from automation.errors import AutomationError, ProgramError
from automation.previews import lifecycle
from automation.previews.expiry import Preview
from automation.promotion import live_tag
from automation.services import quota
from automation.stacks import destroy as destroy_module
from automation.stacks.destroy import cancel, destroy
from automation.stacks.stacks import KnownStack
from automation.stacks.up import up


@dataclass
class World:
    """Dev with a pull request's stack, and what becomes of them."""

    done: list[object] = field(default_factory=list)
    there: bool = True
    failure: AutomationError | None = None
    image: str = ""
    is_local: bool = False
    waited_for: list[str] = field(default_factory=list)

    # As `Stacks`.

    def wait_until_reachable(self, outputs: Mapping[str, Any]) -> None:
        self.waited_for += outputs["urls"].values()

    def exists(self, stack: str) -> bool:
        return stack in ("dev", "staging", "pr-1")

    def known(self) -> list[KnownStack]:
        return [KnownStack(name=name, last_update=None) for name in ("dev", "staging", "pr-1")]

    def up(self, stack: str, *, refresh: bool) -> Mapping[str, Any]:
        self.done.append(f"up {stack}{' with refresh' if refresh else ''}")
        if self.failure:
            raise self.failure
        return {
            "urls": {"web": f"https://{stack}.example.com"},
            **({"image": self.image} if self.image else {}),
        }

    def settings(self, stack: str) -> str:
        return f"the settings of {stack}"

    def clients(self, settings: str) -> str:
        return f"clients for {settings}"

    def destroy(self, stack: str) -> None:
        self.done.append(f"destroy {stack}")

    def cancel(self, stack: str) -> None:
        self.done.append(f"cancel {stack}")

    page = ""

    def address(self, url: str) -> str:
        return url

    # As `Previews`.

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
    monkeypatch.setattr(lifecycle, "Previews", lambda _stacks: world)
    monkeypatch.setattr(destroy_module, "Previews", lambda _stacks: world)
    monkeypatch.setattr(quota, "vcpu_warning", lambda _stacks, stack: f"may {stack} take so many?")
    return world


def call(world: World, command: Any, *arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments), obj=world, standalone_mode=False)


def test_a_pull_requests_stack_is_prepared_before_it_is_brought_up(world: World) -> None:
    result = call(world, up, "pr-12", "--attach-to", "staging", "--lifetime-hours", "5")

    assert world.done == [("prepare", "pr-12", "staging", timedelta(hours=5)), "up pr-12"]
    assert result.stdout == "web  https://pr-12.example.com\n"
    assert "pr-12 expires at 2026-11-24 12:00 UTC" in result.stderr


def test_any_other_stack_is_not_prepared(world: World) -> None:
    call(world, up, "dev")

    assert world.done == ["up dev"]


def test_too_few_vcpus_are_told_before_anything_waits_for_them(world: World) -> None:
    assert call(world, up, "dev").stderr == "may dev take so many?\n"


def test_its_addresses_are_printed_when_they_can_be_reached(world: World) -> None:
    call(world, up, "dev")

    assert world.waited_for == ["https://dev.example.com"]


def test_where_the_stacks_have_a_page_it_is_named_last_and_is_no_address(world: World) -> None:
    world.page = "http://localhost:8080"

    result = call(world, up, "dev")

    assert result.stdout == "web  https://dev.example.com\n"
    assert result.stderr.splitlines()[-1] == "page  http://localhost:8080"


def test_it_can_be_told_to_read_every_resource_first(world: World) -> None:
    call(world, up, "dev", "--refresh")

    assert world.done == ["up dev with refresh"]


@pytest.mark.parametrize("option", ["--attach-to=dev", "--lifetime-hours=5"])
def test_only_a_pull_requests_stack_attaches_and_expires(world: World, option: str) -> None:
    result = call(world, up, "staging", option)

    assert isinstance(result.exception, click.UsageError)
    assert world.done == []


def test_a_pull_requests_stack_is_removed_without_a_question(world: World) -> None:
    """In a workflow nobody could answer."""
    assert "removed pr-1" in call(world, destroy, "pr-1").stderr
    assert world.done == ["remove pr-1"]


def test_a_missing_one_is_no_failure(world: World) -> None:
    world.there = False

    result = call(world, destroy, "pr-12")

    assert (result.exception, result.stderr) == (None, "there is no stack pr-12: nothing to do\n")


def test_what_others_are_attached_to_is_not_destroyed(world: World) -> None:
    result = call(world, destroy, "dev", "--yes")

    assert isinstance(result.exception, AutomationError)
    assert "stacks are attached to dev: pr-1" in str(result.exception)
    assert world.done == []


def test_any_other_stack_is_destroyed_only_with_consent(world: World) -> None:
    refused = call(world, destroy, "staging")
    done = call(world, destroy, "staging", "--yes")

    assert isinstance(refused.exception, click.UsageError)
    assert done.exception is None
    assert world.done == ["destroy staging"]


def test_a_missing_stack_is_an_error(world: World) -> None:
    assert "there is no stack 'stagign'" in str(call(world, destroy, "stagign", "--yes").exception)


def test_programs_get_the_addresses_in_one_document(world: World) -> None:
    document = json.loads(call(world, up, "dev", "--json").stdout)

    assert document == {"stack": "dev", "addresses": {"web": "https://dev.example.com"}}


def test_the_addresses_are_appended_to_a_jobs_summary(world: World, tmp_path: Path) -> None:
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
def tags(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The images that were tagged."""
    tagged: list[tuple[str, ...]] = []

    def tag(*about: str) -> str:
        tagged.append(about)
        return "what became of it"

    monkeypatch.setattr(live_tag, "tag_live_image", tag)
    return tagged


def test_the_image_that_a_stack_runs_is_tagged(world: World, tags: list[tuple[str, ...]]) -> None:
    world.image = "registry/app@sha256:1"

    result = call(world, up, "dev")

    assert tags == [("dev", "registry/app@sha256:1", "clients for the settings of dev")]
    assert result.stderr.endswith("what became of it\n")


@pytest.mark.parametrize(("stack", "here"), [("pr-12", False), ("dev", True)])
def test_images_of_pull_requests_and_of_this_machine_may_expire(
    world: World, tags: list[tuple[str, ...]], stack: str, *, here: bool
) -> None:
    world.image, world.is_local = "registry/app@sha256:1", here

    call(world, up, stack)

    assert tags == []


def test_a_lock_is_removed_only_with_consent(world: World) -> None:
    """An update that runs would lose it."""
    refused = call(world, cancel, "dev")
    done = call(world, cancel, "dev", "--yes")

    assert isinstance(refused.exception, click.UsageError)
    assert done.exception is None
    assert world.done == ["cancel dev"]
    assert "`python -m automation up dev` continues" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "document"),
    [
        ((destroy, "staging", "--yes"), {"stack": "staging", "destroyed": True}),
        ((destroy, "pr-1"), {"stack": "pr-1", "destroyed": True}),
        ((cancel, "dev", "--yes"), {"stack": "dev", "unlocked": True}),
    ],
)
def test_with_json_what_was_done_is_a_document(
    world: World, arguments: tuple[Any, ...], document: dict[str, object]
) -> None:
    assert json.loads(call(world, *arguments, "--json").stdout) == document
