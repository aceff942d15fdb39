"""Creation, adoption, update and comparison of one resource by its handler."""

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
    """Create it as a killed run did."""
    world.things["thing-lost"] = {**INPUTS, "urn": URN, "version": 1, **differs}


def create(thing: Thing, cloud: Cloud, *, recovering: bool) -> str:
    return operations.create(thing, cloud, urn=URN, inputs=INPUTS, recovering=recovering)[0]


def test_a_created_resource_is_known(thing: Thing, cloud: Cloud) -> None:
    """So that it is not adopted for another resource."""
    identifier, outputs = operations.create(thing, cloud, urn=URN, inputs=INPUTS, recovering=False)

    assert outputs == {**INPUTS, "version": 1, "address": f"{identifier}.toys"}
    assert cloud.is_known(thing.token, identifier)


def test_a_left_behind_resource_is_adopted_and_updated(thing: Thing, cloud: Cloud, world: World) -> None:
    leave_behind(world, size=7)

    assert create(thing, cloud, recovering=True) == "thing-lost"
    assert world.calls == ["update one"]
    assert world.things["thing-lost"]["size"] == 1


def test_a_left_behind_resource_that_requires_replacement_is_deleted_first(
    thing: Thing, cloud: Cloud, world: World
) -> None:
    leave_behind(world, place="there")

    assert create(thing, cloud, recovering=True) != "thing-lost"
    assert world.calls == ["delete one", "create one"]


def named(thing: Thing, cloud: Cloud, inputs: dict[str, Any], checked: dict[str, Any]) -> str:
    named = operations.with_left_behind_name(thing, cloud, urn=URN, inputs=inputs, checked=checked)
    return named["name"]


def test_a_configured_name_is_kept(thing: Thing, cloud: Cloud, world: World) -> None:
    leave_behind(world, name="one-lost")

    assert named(thing, cloud, {"name": "mine"}, {**INPUTS, "name": "mine"}) == "mine"


def test_nothing_is_searched_with_unknown_inputs(thing: Thing, cloud: Cloud, world: World) -> None:
    leave_behind(world, name="one-lost")
    checked = {**INPUTS, "name": "one-new", "needs": UNKNOWN}

    assert named(thing, cloud, {"label": "one"}, checked) == "one-new"


def test_updating_a_missing_resource_is_an_error_with_advice(thing: Thing, cloud: Cloud) -> None:
    with pytest.raises(ResourceError, match="thing-7 does not exist any more: run this again"):
        operations.update(thing, cloud, identifier="thing-7", old={}, new=INPUTS, changed=())


def test_creation_only_properties_cause_no_update(
    thing: Thing, cloud: Cloud, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Thing, "creation_only", frozenset({"size"}))
    identifier = create(thing, cloud, recovering=False)
    world.calls.clear()

    for changed in (("size",), ("size", "label")):
        operations.update(thing, cloud, identifier=identifier, old={}, new=INPUTS, changed=changed)

    assert world.calls == ["update one"]


def test_a_diff_compares_with_the_outputs_in_the_state() -> None:
    """Unless the program ignores changes: the engine then passes the previous inputs."""
    there = {**INPUTS, "size": 5, "tags": {"a": "b"}, "address": "one.toys"}
    new = {**INPUTS, "tags": {}}

    assert operations.compared(INPUTS, there, new, []) == {**INPUTS, "size": 5, "tags": {"a": "b"}}
    assert operations.compared(INPUTS, there, new, ["size", "tags.a"]) == {**INPUTS, "tags": None}


def test_drift_has_differing_outputs_and_no_missing_ones(thing: Thing) -> None:
    there = {"label": "one", "name": "one-1", "size": 5}

    assert operations.drift(thing, INPUTS, there) == {"size": 5}
