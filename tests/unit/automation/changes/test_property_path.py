"""Property paths, as `ignore_changes` has them."""

from __future__ import annotations

import pytest

from automation.changes.property_path import covers, parse


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
