"""The price tables: each price with its source, and none missing that is needed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from automation.cost.assumptions import Assumptions
from automation.cost.estimate import estimate
from automation.cost.instances import load_instances
from automation.cost.prices import MissingPriceError, TablePrices, load_table
from automation.cost.resources import Stack
from automation.cost.tables import read_table
from automation.errors import AutomationError
from tests.unit.automation.conftest import STACKS

MAY_LACK = {"ca-central-1": {"logs-stored", "object-stored"}}
"""Prices without a public source in a region that has most others."""
DOCUMENT = read_table("prices.yaml")
ROWS = [*DOCUMENT["global"].values(), *(row for of in DOCUMENT["regions"].values() for row in of.values())]
REGIONS = load_table().regions
_SOURCE = re.compile(r"https://(\S+\.amazonaws\.com|aws\.amazon\.com|dftu77xade0tc\.cloudfront\.net)/\S+")


@pytest.mark.parametrize("region", REGIONS)
def test_each_price_is_in_dollars_and_has_a_source_of_aws_with_a_date(region: str) -> None:
    for price in REGIONS[region].values():
        assert 0 < price.usd < 10, price
        assert _SOURCE.fullmatch(price.source.url), price
        assert date(2022, 11, 21) <= price.source.read <= datetime.now(UTC).date(), price
        assert price.source.via is None or price.source.via.startswith("https://"), price


def test_each_source_and_each_derivation_is_used() -> None:
    sources = {row["source"] for row in ROWS}
    sources |= {DOCUMENT[rates]["source"] for rates in ("savings-plans", "managed-instances")}

    assert sources == DOCUMENT["sources"].keys()
    assert {row["derived"] for row in ROWS if "derived" in row} == DOCUMENT["derivations"].keys()


def test_the_default_region_has_all_prices_and_other_regions_have_no_unknown_ones() -> None:
    units = load_table().units.keys()

    assert REGIONS["us-east-1"].keys() == units
    assert all(prices.keys() <= units for prices in REGIONS.values())


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("name", STACKS)
def test_each_region_has_the_prices_of_the_shipped_stacks(
    name: str, region: str, planned: Callable[[str], Stack]
) -> None:
    found = estimate(planned(name), TablePrices(region), Assumptions())

    assert set(found.missing) <= MAY_LACK.get(region, set())


@pytest.mark.parametrize("region", REGIONS)
def test_each_region_has_prices_of_fargate_load_balancers_gateways_and_addresses(region: str) -> None:
    """Other estimates would lack the largest part."""
    needed = {
        f"{kind}-{architecture}-{what}"
        for kind in ("fargate", "fargate-spot")
        for architecture in ("arm64", "x86_64")
        for what in ("vcpu", "memory")
    }
    needed |= {"alb-hour", "alb-lcu", "nlb-hour", "nlb-lcu", "nat-hour", "nat-data", "public-ipv4"}

    assert needed - REGIONS[region].keys() == set()


@pytest.mark.parametrize("region", REGIONS)
def test_spot_is_cheaper_than_on_demand_and_arm_than_x86(region: str) -> None:
    """Otherwise two prices are in the wrong rows."""
    price = TablePrices(region).price
    for what in ("vcpu", "memory"):
        arm, x86 = price(f"fargate-arm64-{what}").usd, price(f"fargate-x86_64-{what}").usd
        assert price(f"fargate-spot-arm64-{what}").usd < arm < x86
        assert price(f"fargate-spot-x86_64-{what}").usd < x86


def test_a_derived_price_says_how_it_was_derived() -> None:
    prices = TablePrices("ap-southeast-2")
    gateway = prices.price("nat-data")

    assert (gateway.usd, gateway.derived) == (
        prices.price("nat-hour").usd,
        "as its hour: AWS asks the same number for both in every region read",
    )
    assert TablePrices("eu-central-1").price("alb-hour").derived == ""


@pytest.mark.parametrize(("years", "share"), [(1, 0.8), (3, 0.55)])
def test_a_savings_plan_costs_a_share_of_the_price(years: int, share: float) -> None:
    shares = load_table().plans.shares[years]

    assert shares["fargate-x86_64-vcpu"] == pytest.approx(share, abs=0.001)
    assert shares["fargate-x86_64-memory"] == pytest.approx(share, abs=0.001)


def test_an_instance_is_priced_by_its_type() -> None:
    price = TablePrices("us-east-1").price("ec2-m7g.large")

    assert (price.usd, price.unit, price.source) == (
        0.0816,
        "instance-hour",
        load_instances()["m7g.large"].source,
    )


def test_the_fee_for_a_managed_instance_is_twelve_percent_of_its_price() -> None:
    price = TablePrices("us-east-1").price("managed-m7g.large")

    assert price.usd == pytest.approx(0.0816 * 0.12)
    assert price.derived == "12% of the instance's price"


def test_a_global_price_is_in_each_region() -> None:
    assert {TablePrices(region).price("hosted-zone").usd for region in REGIONS} == {0.5}


@pytest.mark.parametrize(
    ("region", "key", "message"),
    [
        ("us-east-1", "ec2-x9.huge", r"no price of ec2-x9\.huge is known in us-east-1"),
        ("us-east-1", "managed-x9.huge", r"no price of ec2-x9\.huge is known in us-east-1"),
        ("eu-west-1", "endpoint-hour", "no price of endpoint-hour is known in eu-west-1: .*--live"),
    ],
)
def test_an_unknown_price_is_rejected_by_name(region: str, key: str, message: str) -> None:
    with pytest.raises(MissingPriceError, match=message):
        TablePrices(region).price(key)


def test_a_region_without_prices_is_rejected_with_the_known_regions() -> None:
    with pytest.raises(
        AutomationError, match=r"ap-south-1, only for .*eu-central-1.*: use --live .*, or add them to"
    ):
        TablePrices("ap-south-1")
