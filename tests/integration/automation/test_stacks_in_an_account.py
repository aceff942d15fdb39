"""Changes, secrets, failures and locks of a stack in an account, by the Pulumi CLI."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from automation.changes.model import Changes
from automation.errors import AutomationError, LockedError
from tests.integration.automation.conftest import Toys

PROGRAM = """
import pulumi


class Thing(pulumi.CustomResource):
    def __init__(self, name, **properties):
        super().__init__("toy:index:Thing", name, {"label": name, **properties})


config = pulumi.Config("toys")
if config.get("broken"):
    raise pulumi.RunError("broken on purpose")
Thing("greeting", size=config.get_int("size") or 1)
pulumi.export("size", config.get_int("size") or 1)
pulumi.export("key", pulumi.Output.secret("xyzzy"))
"""


def begin(toys: Toys) -> None:
    toys.stacks.create("dev", {"encryptionsalt": "there will be one"})
    toys.stacks.up("dev")


@pytest.fixture
def dev(toys: Toys) -> Toys:
    """The stack dev, up."""
    return toys


def configure(dev: Toys, key: str, value: str) -> None:
    dev.pulumi("config", "set", f"toys:{key}", value, "--stack", "dev")


def greeting(dev: Toys) -> dict[str, Any]:
    """Return what exists."""
    (thing,) = dev.world.things.values()
    return thing


def differences(changes: Changes) -> list[tuple[str, str, str, str | None, str | None]]:
    return [
        (change.kind, change.name, one.path, one.old, one.new)
        for change in changes.changes
        for one in change.differences
    ]


def test_preview_shows_pending_changes_and_changes_nothing(dev: Toys) -> None:
    configure(dev, "size", "2")

    assert differences(dev.stacks.preview("dev").changes()) == [("update", "greeting", "size", "1", "2")]
    assert greeting(dev)["size"] == 1


def test_drift_is_reported_then_recorded_or_corrected_on_demand(dev: Toys) -> None:
    greeting(dev)["size"] = 5
    drift = [("update", "greeting", "size", "1", "5")]

    assert differences(dev.stacks.refresh("dev", preview_only=True)) == drift
    assert differences(dev.stacks.refresh("dev", preview_only=False)) == drift
    assert not dev.stacks.refresh("dev", preview_only=True)

    dev.stacks.up("dev")

    assert greeting(dev)["size"] == 1


def test_an_update_after_a_failed_one_refreshes_first(dev: Toys) -> None:
    """What the failure has left need not be what the state says."""
    configure(dev, "size", "2")
    dev.world.broken.add("finish greeting")
    with pytest.raises(AutomationError, match="greeting is not finished"):
        dev.stacks.up("dev")
    dev.world.broken.clear()
    greeting(dev)["size"] = 1

    dev.stacks.up("dev")

    assert greeting(dev)["size"] == 2


def test_a_failed_preview_contains_the_programs_error(dev: Toys) -> None:
    configure(dev, "broken", "true")

    with pytest.raises(AutomationError, match="broken on purpose"):
        dev.stacks.preview("dev")


def test_secret_outputs_are_shown_only_on_demand(dev: Toys) -> None:
    assert dev.stacks.outputs("dev", show_secrets=False) == {"size": 1, "key": "[secret]"}
    assert dev.stacks.outputs("dev") == {"size": 1, "key": "xyzzy"}


def test_a_destroyed_stack_exists_until_it_is_removed(dev: Toys) -> None:
    dev.stacks.destroy("dev")
    there = [one.name for one in dev.stacks.summaries()]
    dev.stacks.remove("dev")

    assert (dev.world.things, there) == ({}, ["dev"])
    assert list(dev.stacks.summaries()) == []


def test_an_unknown_stack_is_refused_and_not_created(dev: Toys) -> None:
    (dev.root / "Pulumi.nowhere.yaml").write_text("config: {}\n")
    ways: list[Callable[[], object]] = [
        lambda: dev.stacks.preview("nowhere"),
        lambda: dev.stacks.refresh("nowhere", preview_only=True),
        lambda: dev.stacks.up("nowhere"),
    ]
    for way in ways:
        with pytest.raises(AutomationError, match="no stack named 'nowhere' found"):
            way()

    assert dev.stacks.outputs("nowhere") == {}
    assert [one.name for one in dev.stacks.summaries()] == ["dev"]


def test_the_stack_that_the_user_selected_stays_selected(dev: Toys) -> None:
    dev.stacks.create("other", {})
    dev.pulumi("stack", "select", "other")

    dev.stacks.preview("dev")
    dev.stacks.up("dev")
    dev.stacks.resources("dev")
    dev.stacks.outputs("dev")

    assert dev.pulumi("stack", "--show-name") == "other\n"


def test_a_stale_lock_is_explained_and_removed_on_demand(dev: Toys) -> None:
    folder = dev.root / "state" / ".pulumi" / "locks" / "organization" / "node-on-ecs" / "dev"
    folder.mkdir(parents=True, exist_ok=True)
    lock = {"pid": os.getpid(), "username": "ann", "hostname": "laptop", "timestamp": "2026-11-21T09:00:00Z"}
    (folder / "2d2d8f8a-8b2c-4b9d-9d0e-6a4f8c2f7a11.json").write_text(json.dumps(lock))

    with pytest.raises(LockedError) as raised:
        dev.stacks.up("dev")
    dev.stacks.cancel("dev")
    dev.stacks.up("dev")

    assert "ann@laptop" in str(raised.value)
    assert "cancel dev` removes its lock" in str(raised.value)
