"""EC2 instance types: their table, and how many of one a number of tasks takes."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from automation.cost.instances import (
    Instance,
    Load,
    architecture_of,
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


def test_the_table_says_where_and_when_it_was_read() -> None:
    source = load_instances().source

    assert source.url.startswith("https://")
    assert date(2026, 1, 1) <= source.read <= datetime.now(UTC).date()


@pytest.mark.parametrize("name", TYPES)
def test_a_type_has_a_size_and_a_price_in_the_default_region(name: str) -> None:
    kind = TYPES[name]

    assert kind.vcpus >= 1
    assert kind.gib > 0
    assert 0 < kind.prices["us-east-1"] < 20


def test_the_table_has_prices_of_the_regions_that_have_some() -> None:
    regions = {region for kind in TYPES.values() for region in kind.prices}

    assert regions == load_table().regions.keys()


def test_of_a_family_twice_the_size_costs_about_twice_as_much() -> None:
    """Two numbers in the wrong columns would show here."""
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
def test_an_instance_type_says_its_processor(name: str, architecture: str) -> None:
    assert architecture_of(name) == architecture


def test_only_types_that_begin_with_a_t_are_burstable() -> None:
    assert (TYPES["t4g.small"].burstable, TYPES["m7g.large"].burstable) == (True, False)


@pytest.mark.parametrize(
    ("load", "count"),
    [
        (Load(tasks=4, vcpus=1, gib=2), 2),
        (Load(tasks=5, vcpus=1, gib=2), 3),
        # 7.5 GB are left of 8: three tasks fit where four would fit on paper.
        (Load(tasks=4, vcpus=0.25, gib=2), 2),
        (Load(tasks=0, vcpus=1, gib=2), 0),
    ],
)
def test_tasks_take_as_many_instances_as_have_room_for_them(load: Load, count: int) -> None:
    assert instances_for([load], LARGE, 0.5) == count


def test_tasks_of_several_sizes_share_instances() -> None:
    loads = [Load(tasks=1, vcpus=1, gib=1), Load(tasks=2, vcpus=0.5, gib=1)]

    assert instances_for(loads, LARGE, 0.5) == 1


def test_a_task_that_is_larger_than_an_instance_fits_on_none() -> None:
    assert instances_for([Load(tasks=1, vcpus=2, gib=8)], LARGE, 0.5) is None


def test_the_type_is_taken_on_which_the_tasks_cost_least() -> None:
    found = cheapest([Load(tasks=4, vcpus=1, gib=2)], [SMALL, LARGE], "us-east-1", 0.5)

    assert found == (LARGE, 2)


def test_what_each_instance_costs_besides_counts() -> None:
    """A disk for each makes many small ones dear."""
    cheap = instance("m7g.medium", 1, 4, 0.03)
    load = [Load(tasks=4, vcpus=1, gib=2)]

    assert cheapest(load, [cheap, LARGE], "us-east-1", 0.5) == (cheap, 4)
    assert cheapest(load, [cheap, LARGE], "us-east-1", 0.5, beside=lambda _: 0.1) == (LARGE, 2)


def test_instances_that_are_there_anyway_count() -> None:
    """Of two, small ones are the cheaper ones where one large one would do."""
    load = [Load(tasks=2, vcpus=0.5, gib=1)]

    assert cheapest(load, [SMALL, LARGE], "us-east-1", 0.5, at_least=2) == (SMALL, 2)


def test_no_type_is_taken_where_none_has_room() -> None:
    assert cheapest([Load(tasks=1, vcpus=8, gib=8)], [SMALL, LARGE], "us-east-1", 0.5) is None
