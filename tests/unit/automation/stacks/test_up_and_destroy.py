"""`up`, `destroy` and `cancel`: what they do to stacks of pull requests and others, and what they reject."""

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
from automation.stacks.stacks import StackSummary
from automation.stacks.up import up


@dataclass
class Fake:
    """Stands for `Stacks` and `Previews`, and records what is done; pr-1 is attached to dev."""

    done: list[object] = field(default_factory=list)
    preview_exists: bool = True
    failure: AutomationError | None = None
    image: str = ""
    is_local: bool = False
    waited_for: list[str] = field(default_factory=list)

    # `Stacks`

    def wait_until_reachable(self, outputs: Mapping[str, Any]) -> None:
        self.waited_for += outputs["urls"].values()

    def exists(self, stack: str) -> bool:
        return stack in ("dev", "staging", "pr-1")

    def summaries(self) -> list[StackSummary]:
        return [StackSummary(name=name, last_update=None) for name in ("dev", "staging", "pr-1")]

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

    # `Previews`

    def prepare(self, stack: str, *, base: str | None, lifetime: timedelta | None) -> datetime:
        self.done.append(("prepare", stack, base, lifetime))
        return datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

    def remove(self, stack: str) -> bool:
        self.done.append(f"remove {stack}")
        return self.preview_exists

    def all(self) -> list[Preview]:
        return [Preview(stack="pr-1", base="dev", address=None, expires=None, last_update=None)]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    fake = Fake()
    monkeypatch.setattr(lifecycle, "Previews", lambda _stacks: fake)
    monkeypatch.setattr(destroy_module, "Previews", lambda _stacks: fake)
    monkeypatch.setattr(quota, "vcpu_warning", lambda _stacks, stack: f"may {stack} take so many?")
    return fake


def call(fake: Fake, command: Any, *arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments), obj=fake, standalone_mode=False)


def test_up_prepares_a_preview_stack_first(fake: Fake) -> None:
    result = call(fake, up, "pr-12", "--attach-to", "staging", "--lifetime-hours", "5")

    assert fake.done == [("prepare", "pr-12", "staging", timedelta(hours=5)), "up pr-12"]
    assert result.stdout == "web   https://pr-12.example.com\n"
    assert "pr-12 expires at 2026-11-24 12:00 UTC" in result.stderr


def test_up_updates_the_stack_waits_until_it_is_reachable_and_prints_its_addresses(fake: Fake) -> None:
    result = call(fake, up, "dev")

    assert (fake.done, fake.waited_for) == (["up dev"], ["https://dev.example.com"])
    assert result.stdout == "web   https://dev.example.com\n"
    assert result.stderr == "may dev take so many?\n", "the vCPU warning"


def test_up_prints_the_page_of_local_stacks_last_on_standard_error(fake: Fake) -> None:
    fake.page = "http://localhost:8080"

    result = call(fake, up, "dev")

    assert result.stdout == "web   https://dev.example.com\n"
    assert result.stderr.splitlines()[-1] == "page  http://localhost:8080"


@pytest.mark.parametrize(
    ("arguments", "done", "document"),
    [
        ((up, "dev", "--refresh"), "up dev with refresh", {"addresses": {"web": "https://dev.example.com"}}),
        ((destroy, "staging", "--yes"), "destroy staging", {"destroyed": True}),
        ((destroy, "pr-1"), "remove pr-1", {"destroyed": True}),
        ((cancel, "dev", "--yes"), "cancel dev", {"unlocked": True}),
    ],
    ids=["up with a refresh", "destroy", "destroy a preview stack, without a question", "cancel"],
)
def test_a_command_changes_the_stack_and_prints_the_result_as_json(
    fake: Fake, arguments: tuple[Any, ...], done: str, document: dict[str, object]
) -> None:
    result = call(fake, *arguments, "--json")

    assert fake.done == [done]
    assert json.loads(result.stdout) == {"stack": arguments[1], **document}


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((up, "staging", "--attach-to=dev"), click.UsageError, "are for pr-<number>"),
        ((up, "staging", "--lifetime-hours=5"), click.UsageError, "are for pr-<number>"),
        ((destroy, "dev", "--yes"), AutomationError, "stacks are attached to dev: pr-1"),
        ((destroy, "stagign", "--yes"), AutomationError, "there is no stack 'stagign'"),
        ((cancel, "stagign", "--yes"), AutomationError, "there is no stack 'stagign': there are dev, pr-1"),
        ((destroy, "staging"), click.UsageError, "add --yes"),
        ((cancel, "dev"), click.UsageError, "add --yes"),
    ],
    ids=[
        "attach",
        "lifetime",
        "attached stacks",
        "unknown stack",
        "lock of an unknown stack",
        "destroy unconfirmed",
        "cancel unconfirmed",
    ],
)
def test_a_command_is_rejected_and_does_nothing(
    fake: Fake, arguments: tuple[Any, ...], error: type[Exception], message: str
) -> None:
    result = call(fake, *arguments)

    assert isinstance(result.exception, error)
    assert message in str(result.exception)
    assert fake.done == []


def test_destroy_of_a_missing_preview_stack_succeeds(fake: Fake) -> None:
    fake.preview_exists = False

    result = call(fake, destroy, "pr-12")

    assert (result.exception, result.stderr) == (None, "there is no stack pr-12: nothing to do\n")


def test_up_appends_the_addresses_to_the_summary(fake: Fake, tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    file.write_text("before\n")

    call(fake, up, "dev", "--summary", str(file))

    assert file.read_text().startswith("before\n")
    assert "### Update of `dev`\n\n- web: https://dev.example.com\n" in file.read_text()


def test_up_appends_its_failure_to_the_summary(fake: Fake, tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    fake.failure = ProgramError("pulumi up", 255, "error: this is why")

    result = call(fake, up, "dev", "--summary", str(file))

    assert result.exception is fake.failure
    assert "### Update of `dev`: failed\n\n```text\nerror: this is why\n```" in file.read_text()


@pytest.fixture
def tags(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The images that were tagged."""
    tagged: list[tuple[str, ...]] = []

    def tag(*about: str) -> str:
        tagged.append(about)
        return "tagged"

    monkeypatch.setattr(live_tag, "tag_live_image", tag)
    return tagged


def test_up_tags_the_stacks_image(fake: Fake, tags: list[tuple[str, ...]]) -> None:
    fake.image = "registry/app@sha256:1"

    result = call(fake, up, "dev")

    assert tags == [("dev", "registry/app@sha256:1", "clients for the settings of dev")]
    assert result.stderr.endswith("tagged\n")


@pytest.mark.parametrize(("stack", "is_local"), [("pr-12", False), ("dev", True)])
def test_up_does_not_tag_images_of_preview_and_local_stacks(
    fake: Fake, tags: list[tuple[str, ...]], stack: str, *, is_local: bool
) -> None:
    fake.image, fake.is_local = "registry/app@sha256:1", is_local

    call(fake, up, stack)

    assert tags == []
