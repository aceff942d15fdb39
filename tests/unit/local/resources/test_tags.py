"""Tags find a resource again and keep what is the local run's own to itself."""

from __future__ import annotations

import pytest

from local.resources.tags import carries, changes, from_pairs, pairs, visible, with_urn

URN = "urn:pulumi:dev::p::aws:ecs/cluster:Cluster::cluster"


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
