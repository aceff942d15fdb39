"""The table of EC2 instance types."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from automation.cost.instances import load_instances
from automation.cost.prices import load_table

TYPES = load_instances()


def test_the_table_has_a_source_with_a_date() -> None:
    source = TYPES["m7g.large"].source

    assert source.url.startswith("https://")
    assert date(2026, 1, 1) <= source.read <= datetime.now(UTC).date()


def test_each_type_has_a_size_and_a_price_in_the_default_region() -> None:
    for item in TYPES.values():
        assert item.vcpus >= 1, item
        assert item.gib > 0, item
        assert 0 < item.prices["us-east-1"] < 20, item


def test_the_table_has_the_regions_of_the_price_table() -> None:
    regions = {region for item in TYPES.values() for region in item.prices}

    assert regions == load_table().regions.keys()


def test_twice_the_size_costs_about_twice_as_much() -> None:
    """Otherwise two prices are in the wrong columns."""
    for region, usd in TYPES["m7g.large"].prices.items():
        assert TYPES["m7g.xlarge"].prices[region] == pytest.approx(2 * usd, rel=0.01)


@pytest.mark.parametrize(
    ("name", "architecture"),
    [
        ("m7g.large", "arm64"),
        ("t4g.small", "arm64"),
        ("c7gn.large", "arm64"),
        ("m7i.large", "x86_64"),
        ("g5.xlarge", "x86_64"),
    ],
)
def test_the_architecture_follows_from_the_name(name: str, architecture: str) -> None:
    assert replace(TYPES["m7g.large"], type=name).architecture == architecture
