"""Changes, secrets and locks of a stack in an account, by Pulumi's own CLI."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from automation.changes.model import Changes
from automation.errors import AutomationError, LockedError
from automation.stacks.account import AccountStacks
from tests.integration.automation.accounts import account_in

pytestmark = pytest.mark.pulumi

# A resource that is a file, which anybody can change by hand.
_PROGRAM = """
import os

import pulumi
from pulumi import dynamic


class Files(dynamic.ResourceProvider):
    def _write(self, inputs):
        with open(inputs["path"], "w") as file:
            file.write(inputs["text"])
        return dict(inputs)

    def create(self, props):
        return dynamic.CreateResult("file", self._write(props))

    def update(self, _id, _olds, news):
        return dynamic.UpdateResult(self._write(news))

    def diff(self, _id, olds, news):
        return dynamic.DiffResult(changes=olds["text"] != news["text"])

    def read(self, id_, props):
        with open(props["path"]) as file:
            return dynamic.ReadResult(id_, {**props, "text": file.read()})

    def delete(self, _id, props):
        os.remove(props["path"])


class File(dynamic.Resource):
    text: pulumi.Output[str]

    def __init__(self, name, path, text):
        super().__init__(Files(), name, {"path": path, "text": text})


config = pulumi.Config()
if config.get("broken"):
    raise pulumi.RunError("broken on purpose")
File("greeting", os.path.abspath("greeting"), config.get("text") or "hello")
pulumi.export("text", config.get("text") or "hello")
pulumi.export("key", pulumi.Output.secret("xyzzy"))
"""


@pytest.fixture
def stacks(tmp_path: Path) -> AccountStacks:
    """The stack dev, up."""
    stacks = account_in(tmp_path, _PROGRAM, minutes=0)
    stacks.create("dev", {"encryptionsalt": "there will be one"})
    stacks.up("dev")
    return stacks


def set_text(stacks: AccountStacks, text: str) -> None:
    stacks._run("config", "set", "text", text, "--stack", "dev")


def kinds(changes: Changes) -> list[tuple[str, str]]:
    return [(one.kind, one.name) for one in changes.changes]


def test_a_preview_tells_what_an_update_would_change_and_changes_nothing(stacks: AccountStacks) -> None:
    set_text(stacks, "good morning")

    # The provider of dynamic resources is told all of the configuration, and so changes too.
    (change,) = (one for one in stacks.preview("dev").changes if one.name == "greeting")

    assert change.kind == "update"
    assert ("text", "hello", "good morning") in [(one.path, one.old, one.new) for one in change.differences]
    assert (stacks.root / "greeting").read_text() == "hello"


def test_what_was_changed_by_hand_is_found_and_mended_by_an_update(stacks: AccountStacks) -> None:
    (stacks.root / "greeting").write_text("by hand")

    found = stacks.refresh("dev", preview_only=True)

    assert kinds(found) == [("update", "greeting")]
    assert ("text", "hello", "by hand") in [
        (one.path, one.old, one.new) for one in found.changes[0].differences
    ]
    stacks.up("dev")
    assert (stacks.root / "greeting").read_text() == "hello"
    assert kinds(stacks.refresh("dev", preview_only=True)) == []


def test_a_refresh_takes_what_is_there_into_the_state(stacks: AccountStacks) -> None:
    (stacks.root / "greeting").write_text("by hand")

    assert kinds(stacks.refresh("dev", preview_only=False)) == [("update", "greeting")]

    assert kinds(stacks.refresh("dev", preview_only=True)) == []
    resources = stacks.state("dev")["deployment"]["resources"]
    (file,) = (one for one in resources if one["urn"].endswith("::greeting"))
    assert file["outputs"]["text"] == "by hand"


def test_a_preview_that_fails_holds_what_was_told(stacks: AccountStacks) -> None:
    stacks._run("config", "set", "broken", "true", "--stack", "dev")

    with pytest.raises(AutomationError, match="broken on purpose"):
        stacks.preview("dev")


def test_what_is_secret_is_shown_as_such(stacks: AccountStacks) -> None:
    assert stacks.shown_outputs("dev") == {"text": "hello", "key": "[secret]"}


def test_a_stack_that_is_not_there_is_refused_and_not_made(stacks: AccountStacks) -> None:
    ways: list[Callable[[], object]] = [
        lambda: stacks.preview("nowhere"),
        lambda: stacks.refresh("nowhere", preview_only=True),
        lambda: stacks.state("nowhere"),
        lambda: stacks.shown_outputs("nowhere"),
        lambda: stacks.up("nowhere"),
    ]
    for way in ways:
        with pytest.raises(AutomationError, match="no stack named 'nowhere' found"):
            way()

    assert [one.name for one in stacks.known()] == ["dev"]


def test_the_stack_that_a_person_has_selected_stays_selected(stacks: AccountStacks) -> None:
    stacks.create("other", {})
    stacks._run("stack", "select", "other")

    stacks.preview("dev")
    stacks.up("dev")
    stacks.state("dev")
    stacks.shown_outputs("dev")

    lines: list[str] = []
    stacks.show = lines.append
    stacks._run("stack", "--show-name")
    assert lines == ["other"]


def test_a_lock_that_was_left_is_told_and_taken_away_on_demand(stacks: AccountStacks) -> None:
    folder = stacks.root / "state" / ".pulumi" / "locks" / "organization" / "toys" / "dev"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "2d2d8f8a-8b2c-4b9d-9d0e-6a4f8c2f7a11.json").write_text(
        json.dumps(
            {
                "pid": os.getpid(),
                "username": "ann",
                "hostname": "laptop",
                "timestamp": "2026-11-21T09:00:00Z",
            }
        )
    )

    with pytest.raises(LockedError) as raised:
        stacks.up("dev")
    stacks.cancel("dev")
    stacks.up("dev")

    assert "ann@laptop" in str(raised.value)
    assert "`python -m automation cancel dev` takes its lock away" in str(raised.value)
