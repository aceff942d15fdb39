"""Changes as text and JSON, and without ignored properties."""

from __future__ import annotations

from dataclasses import replace

import pytest

from automation.changes.model import Change, Changes, Difference, Kind, parse_path

SERVICE = "aws:ecs/service:Service"
URN = f"urn:pulumi:dev::node-on-ecs::{SERVICE}::web"


def change(kind: Kind, token: str = SERVICE) -> Change:
    return Change(kind=kind, urn=f"urn:pulumi:dev::node-on-ecs::{token}::web", type=token)


def update(*paths: str) -> Change:
    differences = tuple(Difference(path=path, old="1", new="2") for path in paths)
    return replace(change("update"), differences=differences)


@pytest.mark.parametrize(
    ("changes", "summary", "drift_summary"),
    [
        (
            Changes(changes=(change("create"), change("create"), change("replace")), same=7),
            "2 to create, 1 to replace, 7 unchanged",
            "differs from the state: 2 created, 1 replaced",
        ),
        (
            Changes(changes=(change("update"), change("delete"))),
            "1 to update, 1 to delete",
            "differs from the state: 1 changed, 1 deleted",
        ),
        (Changes(same=7), "no changes", "no drift"),
    ],
    ids=["new resources", "no unchanged ones", "no changes"],
)
def test_summaries_count_changes_by_kind(changes: Changes, summary: str, drift_summary: str) -> None:
    """The number of unchanged resources in a refresh depends on what it reads."""
    assert (changes.summary, changes.drift_summary) == (summary, drift_summary)


def test_a_known_cause_is_on_the_line_of_the_resource() -> None:
    rolled_back = replace(change("update"), cause="ECS rolled it back: tasks failed to start")

    assert list(Changes(changes=(rolled_back,)).lines()) == [
        "~ aws:ecs:Service web differs from the state: ECS rolled it back: tasks failed to start"
    ]


@pytest.mark.parametrize(
    ("token", "short"),
    [
        ("aws:ecs/service:Service", "aws:ecs:Service"),
        ("aws:index/provider:Provider", "aws:Provider"),
        ("node-on-ecs:infra:Service", "node-on-ecs:infra:Service"),
        ("pulumi:providers:aws", "pulumi:providers:aws"),
    ],
)
def test_types_are_shortened(token: str, short: str) -> None:
    assert list(change("create", token).lines()) == [f"+ {short} web"]


def test_properties_are_below_their_resource() -> None:
    differences = (Difference(path="tags.a", old="1"), Difference(path="b"))

    assert list(replace(change("update"), differences=differences).lines()) == [
        "~ aws:ecs:Service web",
        "      tags.a: 1 → (none)",
        "      b: (none) → (none)",
    ]


@pytest.mark.parametrize(
    ("ignored", "path"),
    [
        ("tags", "tags"),
        ("tags", 'tags["a.b"]'),
        ("actions", "actions[0].forward.weight"),
        ("rules[*].weight", "rules[1].weight.value"),
        ("*", "tags.a"),
    ],
)
def test_an_ignored_property_is_left_out_with_nested_ones(ignored: str, path: str) -> None:
    (left,) = (
        Changes(changes=(replace(update(path, "cpu"), kind="replace"),)).without({URN: [ignored]}).changes
    )

    assert [item.path for item in left.differences] == ([] if ignored == "*" else ["cpu"])


@pytest.mark.parametrize(
    ("ignored", "path"), [("tags.a", "tags"), ("tags.a", "tags.b"), ("tag", "tags"), ("a", "a/b")]
)
def test_parents_and_siblings_of_an_ignored_property_are_kept(ignored: str, path: str) -> None:
    changes = Changes(changes=(update(path),))

    assert changes.without({URN: [ignored]}) == changes


def test_a_resource_with_ignored_differences_only_is_unchanged() -> None:
    changes = Changes(changes=(update("desiredCount"),), same=4).without({URN: ["desiredCount"]})

    assert (bool(changes), changes.same) == (False, 5)


def test_the_ignored_property_of_another_resource_counts() -> None:
    changes = Changes(changes=(update("desiredCount"),))

    assert changes.without({f"{URN}-alice": ["desiredCount"]}) == changes


def test_a_deleted_resource_counts_even_if_all_properties_are_ignored() -> None:
    deleted = Changes(changes=(change("delete"),))

    assert deleted.without({URN: ["*"]}) == deleted


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("desiredCount", ("desiredCount",)),
        ("a.b", ("a", "b")),
        ('tags["a.b"]', ("tags", "a.b")),
        ("rules[0].weight", ("rules", 0, "weight")),
        ("rules[*].weight", ("rules", "*", "weight")),
        ("*", ("*",)),
    ],
)
def test_a_property_path_is_split_into_steps(path: str, steps: tuple[object, ...]) -> None:
    assert parse_path(path) == steps


def test_json_has_the_name_of_each_resource() -> None:
    assert Changes(changes=(update("cpu"),), same=2).as_json() == {
        "counts": {"update": 1},
        "unchanged": 2,
        "changes": [
            {
                "kind": "update",
                "type": SERVICE,
                "name": "web",
                "urn": URN,
                "differences": ({"path": "cpu", "old": "1", "new": "2"},),
                "cause": "",
            }
        ],
    }
