"""Property paths pick out what is kept from the old inputs."""

from __future__ import annotations

import pytest

from local.engine.property_path import PropertyPathError, covers, keep_old, parse, touches

OLD = {"count": 1, "tags": {"a.b": "old", "c": "old"}, "rules": [{"weight": 1}, {"weight": 2}]}
NEW = {"count": 2, "tags": {"a.b": "new", "c": "new"}, "rules": [{"weight": 8}, {"weight": 9}]}


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
def test_a_path_is_read(path: str, steps: tuple[object, ...]) -> None:
    assert parse(path) == steps


@pytest.mark.parametrize("path", ["a[", "a[x]", "a b"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(PropertyPathError, match="cannot be read"):
        parse(path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("count", {**NEW, "count": 1}),
        ('tags["a.b"]', {**NEW, "tags": {"a.b": "old", "c": "new"}}),
        ("rules[1].weight", {**NEW, "rules": [{"weight": 8}, {"weight": 2}]}),
        ("rules[*].weight", {**NEW, "rules": [{"weight": 1}, {"weight": 2}]}),
        ("*", OLD),
        ("absent", NEW),
    ],
)
def test_what_stands_at_a_path_stays_as_it_was(path: str, expected: object) -> None:
    assert keep_old(OLD, NEW, [path]) == expected


def test_a_property_that_was_not_there_is_not_added() -> None:
    assert keep_old({}, {"count": 2}, ["count"]) == {}


def test_a_path_touches_its_first_property() -> None:
    assert touches(["tags.a"], "tags")
    assert not touches(["tags.a"], "count")


@pytest.mark.parametrize(
    ("outer", "path"),
    [
        ("tags", "tags"),
        ("tags", 'tags["a.b"]'),
        ("rules[*].weight", "rules[1].weight.value"),
        ("*", "tags.a"),
    ],
)
def test_a_path_covers_itself_and_what_is_inside_of_it(outer: str, path: str) -> None:
    assert covers([outer], path)


@pytest.mark.parametrize(("outer", "path"), [("tags.a", "tags"), ("tags.a", "tags.b"), ("tag", "tags")])
def test_a_path_covers_neither_its_parent_nor_its_siblings(outer: str, path: str) -> None:
    assert not covers([outer], path)
