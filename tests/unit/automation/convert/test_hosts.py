"""The zone of a name, as far as the name tells."""

from __future__ import annotations

import pytest

from automation.convert.hosts import common_zone, zone_of


@pytest.mark.parametrize(
    ("host", "zone"),
    [
        ("www.example.com", "example.com"),
        ("example.com", "example.com"),
        ("a.b.example.com", "b.example.com"),
        ("*.example.com", "example.com"),
        ("example.co.uk", "example.co.uk"),
        ("www.example.co.uk", "example.co.uk"),
        ("shop.example.io", "example.io"),
    ],
)
def test_the_zone_of_a_name_is_its_parent_or_itself_at_the_apex(host: str, zone: str) -> None:
    assert zone_of(host) == zone


@pytest.mark.parametrize(
    ("hosts", "zone"),
    [
        (["www.example.com", "api.example.com"], "example.com"),
        (["a.b.example.com", "c.example.com"], "example.com"),
        (["a.b.example.com", "c.b.example.com"], "b.example.com"),
        (["www.example.com", "www.example.org"], "example.com"),
        (["www.example.co.uk", "www.other.co.uk"], "example.co.uk"),
    ],
)
def test_the_common_zone_is_the_longest_that_holds_all_names(hosts: list[str], zone: str) -> None:
    assert common_zone(hosts) == zone
