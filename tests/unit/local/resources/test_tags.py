"""Tags identify a resource, and the local run's own are hidden."""

from __future__ import annotations

import pytest

from local.resources.tags import carries, changes, from_pairs, pairs, visible, with_urn

URN = "urn:pulumi:dev::p::aws:ecs/cluster:Cluster::cluster"


def test_own_tags_identify_the_resource_and_are_hidden() -> None:
    tags = with_urn({"Stack": "dev"}, URN)

    assert carries(tags, URN)
    assert not carries(tags, f"{URN}-2")
    assert visible(tags) == {"Stack": "dev"}


@pytest.mark.parametrize("lower", [True, False])
def test_tags_are_the_same_after_a_round_trip(lower: bool) -> None:  # noqa: FBT001 -- both spellings
    assert from_pairs(pairs({"A": "1", "B": ""}, lower=lower)) == {"A": "1", "B": ""}


def test_changing_tags_never_removes_own_tags() -> None:
    assert changes(with_urn({"A": "1", "B": "2"}, URN), {"A": "3"}) == ({"A": "3"}, ["B"])
