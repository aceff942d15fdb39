"""A run that fails keeps what it made, and the next one goes on from there."""

from __future__ import annotations

import json
from collections.abc import Callable

import pulumi
import pytest

from local.engine.errors import StepFailedError
from local.engine.state import BrokenStateError
from local.resources.base import Properties
from local.resources.cloud import Cloud
from tests.unit.local.engine.toys import Stage, Thing, ThingResource


def chain() -> None:
    first = ThingResource("first")
    second = ThingResource("second", needs=first.address)
    ThingResource("third", needs=second.address)


def test_a_failed_step_stops_what_needs_it_and_keeps_what_was_made(stage: Stage) -> None:
    stage.world.broken.add("second")

    with pytest.raises(StepFailedError, match="second is broken"):
        stage.up(chain)

    assert stage.world.calls == ["create first", "create second"]
    stage.world.broken.clear()
    stage.world.calls.clear()
    stage.up(chain)
    assert stage.world.calls == ["create second", "create third"]


def test_a_failed_step_is_told_with_its_reason(stage: Stage) -> None:
    stage.world.broken.add("second")

    with pytest.raises(StepFailedError):
        stage.up(chain)

    (failed,) = [event for event in stage.events if event.phase == "failed"]
    assert (failed.urn.rsplit("::", 1)[1], failed.message) == ("second", "second is broken")


def test_nothing_is_deleted_by_a_run_that_failed(stage: Stage) -> None:
    stage.up(lambda: ThingResource("old") and None)
    stage.world.broken.add("new")

    with pytest.raises(StepFailedError):
        stage.up(lambda: ThingResource("new") and None)

    assert [thing["label"] for thing in stage.world.things.values()] == ["old"]


def test_a_failed_replacement_keeps_the_old_one(stage: Stage) -> None:
    def program(place: str) -> Callable[[], None]:
        return lambda: ThingResource("a", place=place) and None

    stage.up(program("here"))
    stage.world.broken.add("create a")

    with pytest.raises(StepFailedError):
        stage.up(program("there"))

    stage.world.broken.clear()
    stage.up(program("here"))
    assert stage.steps() == []
    assert [thing["place"] for thing in stage.world.things.values()] == ["here"]


def test_a_failed_deletion_is_tried_again(stage: Stage) -> None:
    stage.up(chain)
    stage.world.broken.add("delete second")

    with pytest.raises(StepFailedError, match="second is broken"):
        stage.destroy()

    assert [thing["label"] for thing in stage.world.things.values()] == ["first", "second"]
    stage.world.broken.clear()
    stage.destroy()
    assert stage.world.things == {}


def test_what_a_cut_off_run_had_made_is_found_and_not_made_twice(stage: Stage) -> None:
    def cut_off(call: str) -> None:
        if call == "created second":
            raise KeyboardInterrupt

    stage.world.during = cut_off
    with pytest.raises(BaseException):  # noqa: B017, PT011 -- the run is cut off, however it ends
        stage.up(chain)
    stage.world.during = lambda _call: None
    stage.world.calls.clear()

    stage.up(chain)

    assert stage.world.calls == ["create third"]
    assert sorted(thing["label"] for thing in stage.world.things.values()) == ["first", "second", "third"]


def test_what_a_cut_off_run_had_made_is_brought_to_what_is_wanted_now(stage: Stage) -> None:
    def program(size: int) -> Callable[[], None]:
        return lambda: ThingResource("a", size=size) and None

    def cut_off(call: str) -> None:
        if call == "created a":
            raise KeyboardInterrupt

    stage.world.during = cut_off
    with pytest.raises(BaseException):  # noqa: B017, PT011 -- the run is cut off, however it ends
        stage.up(program(1))
    stage.world.during = lambda _call: None

    stage.up(program(2))

    assert [thing["size"] for thing in stage.world.things.values()] == [2]


def test_an_error_of_the_program_is_its_own(stage: Stage) -> None:
    def program() -> None:
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        stage.up(program)


def test_a_run_error_in_an_apply_fails_the_run(stage: Stage) -> None:
    def program() -> None:
        def refuse(_address: str) -> None:
            raise pulumi.RunError("not good enough")

        pulumi.export("address", ThingResource("a").address.apply(refuse))

    with pytest.raises(pulumi.RunError, match="not good enough"):
        stage.up(program)

    assert len(stage.world.things) == 1


def test_a_state_file_that_is_cut_off_is_refused_with_the_way_out(stage: Stage) -> None:
    stage.up(chain)
    text = stage.target.state_path.read_text()
    stage.target.state_path.write_text(text[: len(text) // 2])

    with pytest.raises(BrokenStateError, match=r"test\.json\.bak"):
        stage.up(chain)


def test_the_last_good_copy_of_the_state_is_kept(stage: Stage) -> None:
    stage.up(chain)
    stage.up(lambda: None)

    backup = stage.target.state_path.with_suffix(".json.bak")

    assert json.loads(backup.read_text())["version"] == 3


def test_a_state_of_a_later_version_is_refused(stage: Stage) -> None:
    stage.up(chain)
    stage.target.state_path.write_text('{"version": 9, "checkpoint": {}}')

    with pytest.raises(BrokenStateError, match="version 9"):
        stage.up(chain)


def test_what_goes_whatever_it_holds_loses_both_protections(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A protected stack's repository has AWS's own protection besides Pulumi's."""
    forced: list[object] = []
    delete = Thing.delete

    def noting(self: Thing, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        forced.append(outputs["forceDelete"])
        delete(self, cloud, id=id, outputs=outputs)

    def program() -> None:
        ThingResource("full", pulumi.ResourceOptions(protect=True), forceDelete=False)

    monkeypatch.setattr(Thing, "delete", noting)
    stage.up(program)
    with pytest.raises(StepFailedError, match="protected"):
        stage.destroy()
    stage.destroy(unprotect=True)

    assert forced == [True]
