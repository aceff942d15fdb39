"""Changes less what the program leaves to others, and as programs read them."""

from __future__ import annotations

from automation.changes.model import Change, Changes, Difference

URN = "urn:pulumi:dev::node-on-ecs::aws:ecs/service:Service::web"


def update(*paths: str) -> Change:
    return Change(
        kind="update",
        urn=URN,
        type="aws:ecs/service:Service",
        differences=tuple(Difference(path=path, old="1", new="2") for path in paths),
    )


def test_what_the_program_leaves_to_others_is_left_out_however_deep_it_is() -> None:
    changes = Changes(changes=(update("desiredCount", "actions[0].forward.weight", "tags.Name"),))

    (left,) = changes.without({URN: ["desiredCount", "actions"]}).changes

    assert [one.path for one in left.differences] == ["tags.Name"]


def test_a_resource_of_which_nothing_else_differs_is_unchanged() -> None:
    changes = Changes(changes=(update("desiredCount"),), same=4).without({URN: ["desiredCount"]})

    assert (bool(changes), changes.same) == (False, 5)


def test_a_property_of_the_same_name_of_another_resource_counts() -> None:
    changes = Changes(changes=(update("desiredCount"),))

    assert changes.without({f"{URN}-alice": ["desiredCount"]}) == changes


def test_what_is_gone_counts_whatever_is_left_to_others() -> None:
    gone = Changes(changes=(Change(kind="delete", urn=URN, type="aws:ecs/service:Service"),))

    assert gone.without({URN: ["*"]}) == gone


def test_a_path_that_cannot_be_read_is_told_rather_than_left_out() -> None:
    changes = Changes(changes=(update("a/b"),))

    assert changes.without({URN: ["a"]}) == changes


def test_for_programs_everything_has_a_name() -> None:
    assert Changes(changes=(update("cpu"),), same=2).as_json() == {
        "counts": {"update": 1},
        "same": 2,
        "changes": [
            {
                "kind": "update",
                "type": "aws:ecs/service:Service",
                "name": "web",
                "urn": URN,
                "differences": ({"path": "cpu", "old": "1", "new": "2"},),
                "cause": "",
            }
        ],
    }
