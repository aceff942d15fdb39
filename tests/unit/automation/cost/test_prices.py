"""The price table: every number with its source, and nothing that is used missing."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import yaml

from automation.cost.assumptions import Assumptions
from automation.cost.estimate import estimate
from automation.cost.prices import TABLE, PricesOfTable, load_table
from automation.cost.resources import Stack
from automation.errors import AutomationError
from tests.unit.automation.conftest import STACKS

DOCUMENT = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
PRICES = [
    pytest.param(price, id=f"{region} {key}")
    for region, prices in load_table().regions.items()
    for key, price in prices.items()
]


@pytest.mark.parametrize("price", PRICES)
def test_a_price_is_dollars_from_a_source_that_was_read_on_a_day(price) -> None:  # noqa: ANN001
    assert 0 < price.usd < 10
    assert re.fullmatch(
        r"https://[^\s]+\.amazonaws\.com/[^\s]+|https://aws\.amazon\.com/[^\s]+|https://dftu77xade0tc\.cloudfront\.net/[^\s]+",
        price.source.url,
    )
    assert date(2026, 1, 1) <= price.source.read <= datetime.now(UTC).date()
    assert price.source.via is None or price.source.via.startswith("https://")


def test_every_source_is_used() -> None:
    used = {told["source"] for told in DOCUMENT["global"].values()}
    used |= {told["source"] for prices in DOCUMENT["regions"].values() for told in prices.values()}

    assert used == DOCUMENT["sources"].keys()


def test_the_default_region_has_a_price_of_everything() -> None:
    assert load_table().regions["us-east-1"].keys() == load_table().units.keys()


def test_no_region_has_a_price_of_something_unheard_of() -> None:
    for prices in load_table().regions.values():
        assert prices.keys() <= load_table().units.keys()


@pytest.mark.parametrize("region", load_table().regions)
@pytest.mark.parametrize("name", STACKS)
def test_every_region_of_the_table_can_price_every_shipped_stack(
    name: str, region: str, planned: Callable[[str], Stack]
) -> None:
    assert estimate(planned(name), PricesOfTable(region), Assumptions()).usd > 0


def test_a_region_without_prices_is_refused_with_those_that_have_some() -> None:
    with pytest.raises(
        AutomationError, match=r"ap-south-1, only for eu-west-1, us-east-1: add them .* --live"
    ):
        PricesOfTable("ap-south-1")


def test_a_price_that_a_region_lacks_is_refused_by_name() -> None:
    with pytest.raises(AutomationError, match="no price of endpoint-hour is known in eu-west-1"):
        PricesOfTable("eu-west-1").price("endpoint-hour")


def test_a_price_that_is_the_same_everywhere_is_in_every_region() -> None:
    assert {PricesOfTable(region).price("hosted-zone").usd for region in load_table().regions} == {0.5}


def test_spot_is_cheaper_than_on_demand_and_arm_than_x86() -> None:
    """Two numbers in the wrong rows would show here."""
    for region in load_table().regions:
        price = PricesOfTable(region).price
        for what in ("vcpu", "memory"):
            arm, x86 = price(f"fargate-arm64-{what}").usd, price(f"fargate-x86_64-{what}").usd
            assert price(f"fargate-spot-arm64-{what}").usd < arm < x86
            assert price(f"fargate-spot-x86_64-{what}").usd < x86


def test_the_file_stands_beside_the_code_that_reads_it() -> None:
    assert Path("automation/cost/prices.yaml") == TABLE.relative_to(Path(__file__).parents[4])
