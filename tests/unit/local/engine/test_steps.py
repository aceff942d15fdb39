"""What the engine does with a resource: create, leave alone, update, replace, delete."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pulumi
import pytest
from pulumi import ResourceOptions

from local.engine.errors import StepFailedError
from tests.unit.local.engine.toys import Stage, ThingResource


def one(name: str = "a", opts: ResourceOptions | None = None, **props: object) -> Callable[[], None]:
    def program() -> None:
        ThingResource(name, opts, **props)

    return program


def test_a_new_resource_is_created_with_an_automatic_name(stage: Stage) -> None:
    stage.up(one())

    (thing,) = stage.world.things.values()
    assert thing["name"].startswith("a-")
    assert stage.steps() == ["create a"]


def test_a_second_run_changes_nothing(stage: Stage) -> None:
    stage.up(one(size=1))
    stage.world.calls.clear()

    stage.up(one(size=1), refresh=True)

    assert stage.steps() == []
    assert stage.world.calls == []


def test_an_output_of_one_resource_reaches_the_next(stage: Stage) -> None:
    def program() -> None:
        first = ThingResource("first")
        pulumi.export("address", ThingResource("second", needs=first.address).address)

    state = stage.up(program)

    assert stage.world.calls == ["create first", "create second"]
    assert stage.world.things["thing-1"]["needs"] == "thing-0.toys"
    assert state.outputs() == {"address": "thing-1.toys"}


def test_whole_numbers_reach_a_handler_as_integers(stage: Stage) -> None:
    stage.up(one(size=3, tags={"ratio": 0.5, "count": 2}))

    (thing,) = stage.world.things.values()
    assert repr(thing["size"]) == "3"
    assert repr(thing["tags"]) in ("{'ratio': 0.5, 'count': 2}", "{'count': 2, 'ratio': 0.5}")


def test_independent_resources_are_made_at_once(stage: Stage) -> None:
    meeting = threading.Barrier(12, timeout=10)
    stage.world.during = lambda call: meeting.wait() if call.startswith("create ") else None

    def program() -> None:
        for number in range(12):
            ThingResource(f"thing{number}")

    stage.up(program)

    assert len(stage.world.things) == 12


def test_a_changed_property_is_updated_in_place(stage: Stage) -> None:
    stage.up(one(size=1))

    stage.up(one(size=2))

    assert stage.steps() == ["update a"]
    assert stage.world.things["thing-0"]["size"] == 2


def test_a_removed_property_is_updated_in_place(stage: Stage) -> None:
    stage.up(one(size=1))

    stage.up(one())

    assert stage.world.things["thing-0"]["size"] is None


def test_a_property_that_cannot_change_makes_a_new_one_before_the_old_goes(stage: Stage) -> None:
    stage.up(one(place="here"))
    stage.world.calls.clear()

    stage.up(one(place="there"))

    assert stage.world.calls == ["create a", "delete a"]
    assert stage.steps() == ["delete a", "replace a"]
    assert [thing["place"] for thing in stage.world.things.values()] == ["there"]


def test_a_replacement_gets_a_name_of_its_own(stage: Stage) -> None:
    stage.up(one(place="here"))
    before = stage.world.things["thing-0"]["name"]

    stage.up(one(place="there"))

    assert stage.world.things["thing-1"]["name"] != before


def test_a_type_that_allows_only_one_is_deleted_before_it_is_replaced(stage: Stage) -> None:
    stage.up(one(place="here", solo=True))
    stage.world.calls.clear()

    stage.up(one(place="there", solo=True))

    assert stage.world.calls == ["delete a", "create a"]


def test_delete_before_replace_can_be_asked_for(stage: Stage) -> None:
    opts = ResourceOptions(delete_before_replace=True)
    stage.up(one(place="here", opts=opts))
    stage.world.calls.clear()

    stage.up(one(place="there", opts=opts))

    assert stage.world.calls == ["delete a", "create a"]


def test_whoever_hangs_on_a_resource_that_goes_first_goes_before_it_and_comes_back(stage: Stage) -> None:
    def program(place: str) -> Callable[[], None]:
        def run() -> None:
            base = ThingResource("base", solo=True, place=place)
            ThingResource("bound", place=base.address)

        return run

    stage.up(program("here"))
    stage.world.calls.clear()

    stage.up(program("there"))

    assert stage.world.calls == ["delete bound", "delete base", "create base", "create bound"]


def test_a_replaced_resource_moves_its_dependents_in_place_where_they_can(stage: Stage) -> None:
    def program(place: str) -> Callable[[], None]:
        def run() -> None:
            base = ThingResource("base", place=place)
            ThingResource("loose", needs=base.address)

        return run

    stage.up(program("here"))
    stage.world.calls.clear()

    stage.up(program("there"))

    assert stage.world.calls == ["create base", "update loose", "delete base"]


def test_ignored_changes_are_left_alone(stage: Stage) -> None:
    opts = ResourceOptions(ignore_changes=["size"])
    stage.up(one(size=1, opts=opts))
    stage.world.things["thing-0"]["size"] = 7

    stage.up(one(size=2, opts=opts), refresh=True)

    assert stage.world.things["thing-0"]["size"] == 7


def test_replace_on_changes_makes_a_new_one_of_what_could_be_updated(stage: Stage) -> None:
    opts = ResourceOptions(replace_on_changes=["size"])
    stage.up(one(size=1, opts=opts))

    stage.up(one(size=2, opts=opts))

    assert stage.steps() == ["delete a", "replace a"]


def test_replace_with_follows_another_resource(stage: Stage) -> None:
    def program(place: str) -> Callable[[], None]:
        def run() -> None:
            leader = ThingResource("leader", place=place)
            ThingResource("follower", ResourceOptions(replace_with=[leader], depends_on=[leader]))

        return run

    stage.up(program("here"))

    stage.up(program("there"))

    assert stage.steps() == ["delete follower", "delete leader", "replace follower", "replace leader"]


def test_what_the_program_no_longer_has_is_deleted_after_those_that_need_it(stage: Stage) -> None:
    def chain() -> None:
        first = ThingResource("first")
        second = ThingResource("second", needs=first.address)
        ThingResource("third", ResourceOptions(depends_on=[second]))

    stage.up(chain)
    stage.world.calls.clear()

    stage.up(lambda: None)

    assert stage.world.calls == ["delete third", "delete second", "delete first"]
    assert stage.world.things == {}


def test_independent_resources_are_deleted_at_once(stage: Stage) -> None:
    def program() -> None:
        for number in range(8):
            ThingResource(f"thing{number}")

    stage.up(program)
    meeting = threading.Barrier(8, timeout=10)
    stage.world.during = lambda call: meeting.wait() if call.startswith("delete ") else None

    stage.destroy()

    assert stage.world.things == {}


def test_retain_on_delete_forgets_without_deleting(stage: Stage) -> None:
    stage.up(one(opts=ResourceOptions(retain_on_delete=True)))
    stage.world.calls.clear()

    state = stage.up(lambda: None)

    assert stage.world.calls == []
    assert [r.name for r in state.resources if r.type.startswith("toy:")] == []


def test_a_protected_resource_is_not_deleted_nor_what_it_needs(stage: Stage) -> None:
    def program() -> None:
        needed = ThingResource("needed")
        ThingResource("kept", ResourceOptions(protect=True, depends_on=[needed]))

    stage.up(program)

    with pytest.raises(StepFailedError, match="kept: it is protected"):
        stage.destroy()

    assert len(stage.world.things) == 2


def test_a_protected_resource_is_not_replaced(stage: Stage) -> None:
    opts = ResourceOptions(protect=True)
    stage.up(one(place="here", opts=opts))

    with pytest.raises(StepFailedError, match="protected"):
        stage.up(one(place="there", opts=opts))

    assert [thing["place"] for thing in stage.world.things.values()] == ["here"]


def test_an_alias_keeps_the_resource_that_was_renamed(stage: Stage) -> None:
    stage.up(one("old", size=1, label="same"))

    stage.up(one("new", size=1, label="same", opts=ResourceOptions(aliases=[pulumi.Alias(name="old")])))

    assert stage.steps() == []
    assert list(stage.world.things) == ["thing-0"]


def test_an_alias_of_a_component_keeps_its_children(stage: Stage) -> None:
    class Box(pulumi.ComponentResource):
        def __init__(self, name: str, opts: ResourceOptions | None = None) -> None:
            super().__init__("toys:index:Box", name, None, opts)
            ThingResource("inside", ResourceOptions(parent=self))
            self.register_outputs({})

    stage.up(lambda: Box("old") and None)

    stage.up(lambda: Box("new", ResourceOptions(aliases=[pulumi.Alias(name="old")])) and None)

    assert stage.steps() == []
    assert list(stage.world.things) == ["thing-0"]


def test_a_property_that_the_handler_does_not_know_is_refused_by_name(stage: Stage) -> None:
    with pytest.raises(StepFailedError, match="colour"):
        stage.up(one(colour="red"))


def test_a_type_without_a_handler_fails_with_its_name(stage: Stage) -> None:
    def program() -> None:
        pulumi.CustomResource("toy:index:Unheard", "x", {})

    with pytest.raises(StepFailedError, match="toy:index:Unheard"):
        stage.up(program)


def test_the_same_name_twice_is_refused(stage: Stage) -> None:
    def program() -> None:
        ThingResource("twin")
        ThingResource("twin")

    with pytest.raises(StepFailedError, match="registered twice"):
        stage.up(program)


def test_a_function_is_answered(stage: Stage) -> None:
    def program() -> None:
        result = pulumi.runtime.invoke("toy:index:count", {"items": [1, 2, 3]})
        pulumi.export("count", result.value["count"])

    assert stage.up(program).outputs() == {"count": 3}


def test_a_function_that_is_missing_fails_with_its_name(stage: Stage) -> None:
    def program() -> None:
        pulumi.runtime.invoke("toy:index:unheard", {})

    with pytest.raises(Exception, match="toy:index:unheard"):
        stage.up(program)


def test_the_program_gets_its_configuration(stage: Stage) -> None:
    state = stage.up(lambda: pulumi.export("colour", pulumi.Config("toys").require("colour")))

    assert state.outputs() == {"colour": "red"}
