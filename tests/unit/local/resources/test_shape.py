"""Live values are shown as they were asked for where they mean the same, and as they are where not."""

from __future__ import annotations

import pytest

from local.resources.shape import as_asked, json_as_asked, strategy
from local.resources.tags import carries, changes, from_pairs, pairs, visible, with_urn

URN = "urn:pulumi:dev::p::aws:ecs/cluster:Cluster::cluster"


@pytest.mark.parametrize(
    ("asked", "live"),
    [
        (["b", "a"], ["a", "b"]),
        ([{"name": "x", "value": None}], [{"name": "x"}]),
        ({"a": []}, {}),
        ("", None),
    ],
)
def test_order_and_emptiness_are_as_asked(asked: object, live: object) -> None:
    assert as_asked(asked, live) is asked


@pytest.mark.parametrize(
    ("asked", "live"), [(["a"], ["a", "a"]), ({"a": 1}, {"a": 2}), (True, False), (None, [])]
)
def test_anything_else_is_as_it_is(asked: object, live: object) -> None:
    assert as_asked(asked, live) is live


def test_json_is_as_asked_where_it_means_the_same() -> None:
    assert json_as_asked('{"a": 1, "b": 2}', '{"b":2,"a":1}') == '{"a": 1, "b": 2}'
    assert json_as_asked('{"a": 1}', '{"a":2}') == '{"a":2}'
    assert json_as_asked("no json", '{"a":2}') == '{"a":2}'


def test_strategies_are_complete_and_in_one_order() -> None:
    assert strategy([{"capacityProvider": "B"}, {"capacityProvider": "A", "weight": 1}]) == [
        {"base": 0, "weight": 1, "capacityProvider": "A"},
        {"base": 0, "weight": 0, "capacityProvider": "B"},
    ]


def test_our_own_tags_find_a_resource_again_and_are_not_shown() -> None:
    tags = with_urn({"Stack": "dev"}, URN)

    assert carries(tags, URN)
    assert not carries(tags, f"{URN}-2")
    assert visible(tags) == {"Stack": "dev"}


@pytest.mark.parametrize("lower", [True, False])
def test_tags_survive_the_way_to_aws_and_back(lower: bool) -> None:  # noqa: FBT001 -- both spellings
    assert from_pairs(pairs({"A": "1", "B": ""}, lower=lower)) == {"A": "1", "B": ""}


def test_changing_tags_never_removes_our_own() -> None:
    assert changes(with_urn({"A": "1", "B": "2"}, URN), {"A": "3"}) == ({"A": "3"}, ["B"])
