"""EC2 instance types: their table, and how many instances tasks need."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from automation.cost.instances import (
    Instance,
    Load,
    cheapest,
    instances_for,
    load_instances,
)
from automation.cost.prices import load_table

TYPES = load_instances().types


def instance(name: str, vcpus: float, gib: float, usd: float) -> Instance:
    return Instance(type=name, vcpus=vcpus, gib=gib, prices={"us-east-1": usd})


SMALL = instance("m7g.medium", 1, 4, 0.05)
LARGE = instance("m7g.large", 2, 8, 0.08)


def test_the_table_has_a_source_with_a_date() -> None:
    source = load_instances().source

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
    assert instance(name, 1, 1, 1).architecture == architecture


def test_only_t_types_are_burstable() -> None:
    assert (TYPES["t4g.small"].burstable, TYPES["m7g.large"].burstable) == (True, False)


@pytest.mark.parametrize(
    ("load", "count"),
    [
        (Load(tasks=4, vcpus=1, gib=2), 2),
        (Load(tasks=5, vcpus=1, gib=2), 3),
        # 7.5 GB of 8 are available: three tasks fit.
        (Load(tasks=4, vcpus=0.25, gib=2), 2),
        (Load(tasks=0, vcpus=1, gib=2), 0),
    ],
)
def test_tasks_need_instances_by_vcpu_and_memory(load: Load, count: int) -> None:
    assert instances_for([load], LARGE, 0.5) == count


def test_tasks_of_different_sizes_share_instances() -> None:
    loads = [Load(tasks=1, vcpus=1, gib=1), Load(tasks=2, vcpus=0.5, gib=1)]

    assert instances_for(loads, LARGE, 0.5) == 1


def test_a_task_that_is_larger_than_an_instance_is_reported() -> None:
    assert instances_for([Load(tasks=1, vcpus=2, gib=8)], LARGE, 0.5) is None


def test_the_type_with_the_lowest_total_is_the_cheapest() -> None:
    found = cheapest([Load(tasks=4, vcpus=1, gib=2)], [SMALL, LARGE], "us-east-1", 0.5)

    assert found == (LARGE, 2)


def test_the_extra_cost_of_each_instance_counts() -> None:
    """With a disk each, many small instances are expensive."""
    cheap = instance("m7g.medium", 1, 4, 0.03)
    load = [Load(tasks=4, vcpus=1, gib=2)]

    assert cheapest(load, [cheap, LARGE], "us-east-1", 0.5) == (cheap, 4)
    assert cheapest(load, [cheap, LARGE], "us-east-1", 0.5, extra=lambda _: 0.1) == (LARGE, 2)


def test_the_minimum_of_instances_counts() -> None:
    """Two small instances are cheaper than two large ones."""
    load = [Load(tasks=2, vcpus=0.5, gib=1)]

    assert cheapest(load, [SMALL, LARGE], "us-east-1", 0.5, minimum=2) == (SMALL, 2)


def test_there_is_no_cheapest_type_if_none_is_large_enough() -> None:
    assert cheapest([Load(tasks=1, vcpus=8, gib=8)], [SMALL, LARGE], "us-east-1", 0.5) is None
