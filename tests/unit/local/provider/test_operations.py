"""One resource created, adopted, changed and compared: what the provider asks of a handler."""

from __future__ import annotations

from typing import Any

import pytest

from local.provider import operations
from local.resources.base import UNKNOWN, ResourceError
from local.resources.cloud import Cloud
from tests.unit.local.provider.client import URN
from tests.unit.local.provider.toys import ENDPOINT, Thing, World

INPUTS: dict[str, Any] = {"label": "one", "name": "one-1", "size": 1, "place": "here"}


@pytest.fixture
def thing(world: World) -> Thing:
    return Thing(world)


@pytest.fixture
def cloud() -> Cloud:
    return Cloud(ENDPOINT)


def leave_behind(world: World, **differs: Any) -> None:
    """Let a run that was killed have made it."""
    world.things["thing-lost"] = {**INPUTS, "urn": URN, "version": 1, **differs}


def create(thing: Thing, cloud: Cloud, *, recovering: bool) -> str:
    return operations.create(thing, cloud, urn=URN, inputs=INPUTS, recovering=recovering)[0]


def test_what_is_made_is_known_from_then_on(thing: Thing, cloud: Cloud) -> None:
    """So that no other resource takes it over."""
    identifier, outputs = operations.create(thing, cloud, urn=URN, inputs=INPUTS, recovering=False)

    assert outputs == {**INPUTS, "version": 1, "address": f"{identifier}.toys"}
    assert cloud.is_known(thing.token, identifier)


def test_what_was_left_behind_otherwise_is_changed(thing: Thing, cloud: Cloud, world: World) -> None:
    leave_behind(world, size=7)

    assert create(thing, cloud, recovering=True) == "thing-lost"
    assert world.calls == ["update one"]
    assert world.things["thing-lost"]["size"] == 1


def test_what_was_left_behind_and_cannot_be_changed_makes_room(
    thing: Thing, cloud: Cloud, world: World
) -> None:
    leave_behind(world, place="there")

    assert create(thing, cloud, recovering=True) != "thing-lost"
    assert world.calls == ["delete one", "create one"]


def named(thing: Thing, cloud: Cloud, asked: dict[str, Any], checked: dict[str, Any]) -> str:
    found = operations.with_name_left_behind(thing, cloud, urn=URN, asked=asked, checked=checked)
    return found["name"]


def test_a_name_that_was_asked_for_stays(thing: Thing, cloud: Cloud, world: World) -> None:
    leave_behind(world, name="one-lost")

    assert named(thing, cloud, {"name": "mine"}, {**INPUTS, "name": "mine"}) == "mine"


def test_nothing_is_looked_for_by_what_is_not_known_yet(thing: Thing, cloud: Cloud, world: World) -> None:
    leave_behind(world, name="one-lost")
    checked = {**INPUTS, "name": "one-new", "needs": UNKNOWN}

    assert named(thing, cloud, {"label": "one"}, checked) == "one-new"


def test_what_is_gone_cannot_be_changed_and_the_way_out_is_told(thing: Thing, cloud: Cloud) -> None:
    with pytest.raises(ResourceError, match="thing-7 is gone: run this again"):
        operations.update(
            thing, cloud, urn=URN, identifier="thing-7", old_outputs={}, inputs=INPUTS, changed=()
        )


def test_what_only_the_creation_could_have_set_asks_for_no_update(
    thing: Thing, cloud: Cloud, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Thing, "settled_at_creation", frozenset({"size"}))
    identifier = create(thing, cloud, recovering=False)
    world.calls.clear()

    for changed in (("size",), ("size", "label")):
        operations.update(
            thing, cloud, urn=URN, identifier=identifier, old_outputs={}, inputs=INPUTS, changed=changed
        )

    assert world.calls == ["update one"]


def test_a_diff_compares_with_what_there_is() -> None:
    """Unless the program ignores its changes: then the engine hands on what was asked for last."""
    there = {**INPUTS, "size": 5, "tags": {"a": "b"}, "address": "one.toys"}
    new = {**INPUTS, "tags": {}}

    assert operations.compared(INPUTS, there, new, []) == {**INPUTS, "size": 5, "tags": {"a": "b"}}
    assert operations.compared(INPUTS, there, new, ["size", "tags.a"]) == {**INPUTS, "tags": None}


def test_drift_is_what_is_another_thing_there_and_nothing_that_is_not_told(thing: Thing) -> None:
    there = {"label": "one", "name": "one-1", "size": 5}

    assert operations.drift(thing, INPUTS, there) == {"size": 5}
