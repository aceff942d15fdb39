"""A preview tells and does nothing; a refresh reads back what is."""

from __future__ import annotations

from collections.abc import Callable

import pulumi
import pytest

from local.engine import wire
from tests.unit.local.engine.toys import Stage, Thing, ThingResource


def program(size: int = 1, place: str = "here") -> Callable[[], None]:
    def run() -> None:
        first = ThingResource("first", size=size, place=place)
        ThingResource("second", needs=first.address)
        pulumi.export("address", first.address)

    return run


def test_a_preview_tells_what_would_be_made_and_makes_nothing(stage: Stage) -> None:
    stage.preview(program())

    assert stage.steps() == ["create first", "create second"]
    assert stage.world.calls == []
    assert not stage.target.state_path.exists()


def test_values_that_do_not_exist_yet_are_unknown_in_a_preview(stage: Stage) -> None:
    seen: list[object] = []

    def run() -> None:
        ThingResource("a").address.apply(seen.append)

    stage.preview(run)

    assert seen == []


def test_a_preview_of_an_update_names_the_property_with_both_values(stage: Stage) -> None:
    stage.up(program(size=1))

    stage.preview(program(size=2))

    (update,) = [event for event in stage.events if event.operation == "update"]
    assert (update.changes["size"].old, update.changes["size"].new) == (1, 2)
    assert stage.world.things["thing-0"]["size"] == 1


def test_outputs_that_an_update_keeps_are_known_in_its_preview(stage: Stage) -> None:
    stage.up(program(size=1))

    stage.preview(program(size=2))

    assert stage.steps() == ["update first"]


def test_a_preview_of_a_replacement_carries_the_unknowns_on(stage: Stage) -> None:
    stage.up(program(place="here"))

    stage.preview(program(place="there"))

    assert stage.steps() == ["delete first", "replace first", "update second"]
    assert stage.world.things["thing-0"]["place"] == "here"


def test_secrets_are_masked_in_what_a_preview_tells(stage: Stage) -> None:
    def run(password: str) -> Callable[[], None]:
        return lambda: ThingResource("a", password=pulumi.Output.secret(password)) and None

    stage.up(run("one"))
    stage.preview(run("two"))

    (update,) = [event for event in stage.events if event.operation == "update"]
    assert (update.changes["password"].old, update.changes["password"].new) == ("[secret]", "[secret]")


def test_what_differs_without_being_a_change_is_kept_as_the_program_has_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a state would keep the registry token of its first run for ever, long expired."""
    monkeypatch.setattr(Thing, "same", lambda _, key, old, new: key == "password" or old == new)

    def run(password: str) -> Callable[[], None]:
        return lambda: ThingResource("a", password=pulumi.Output.secret(password)) and None

    stage.up(run("expired"))
    checkpoint = stage.up(run("fresh"))

    (thing,) = (one for one in checkpoint.resources if one.type == Thing.token)
    assert stage.steps() == []
    assert wire.reveal(thing.inputs)["password"] == "fresh"


def test_what_was_changed_by_hand_is_told_and_mended(stage: Stage) -> None:
    stage.up(program(size=1))
    stage.world.things["thing-0"]["size"] = 9

    stage.up(program(size=1), refresh=True)

    (drift,) = [event for event in stage.events if event.operation == "refresh"]
    assert (drift.changes["size"].old, drift.changes["size"].new) == (1, 9)
    assert stage.world.things["thing-0"]["size"] == 1


def test_what_the_program_leaves_to_others_is_no_news(stage: Stage) -> None:
    def run() -> None:
        ThingResource("a", size=1, opts=pulumi.ResourceOptions(ignore_changes=["size"]))

    stage.up(run)
    stage.world.things["thing-0"]["size"] = 9

    stage.up(run, refresh=True)

    assert [event for event in stage.events if event.operation == "refresh"] == []
    assert stage.world.things["thing-0"]["size"] == 9


def test_what_was_deleted_by_hand_is_told_and_made_anew(stage: Stage) -> None:
    stage.up(program())
    del stage.world.things["thing-0"]

    stage.up(program(), refresh=True)

    assert stage.steps() == ["create first", "refresh first", "update second"]


def test_a_preview_shows_drift_and_leaves_the_state_alone(stage: Stage) -> None:
    stage.up(program(size=1))
    before = stage.target.state_path.read_text()
    stage.world.things["thing-0"]["size"] = 9

    stage.preview(program(size=1), refresh=True)

    assert stage.steps() == ["refresh first", "update first"]
    assert stage.target.state_path.read_text() == before
