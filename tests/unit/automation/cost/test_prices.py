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
from automation.cost.instances import load_instances
from automation.cost.prices import TABLE, MissingPriceError, PricesOfTable, load_table
from automation.cost.resources import Stack
from automation.errors import AutomationError
from tests.unit.automation.conftest import STACKS

MAY_LACK = {"ca-central-1": {"logs-stored", "object-stored"}}
"""What has no source in a region that has one of the rest."""
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
    assert date(2022, 11, 21) <= price.source.read <= datetime.now(UTC).date()
    assert price.source.via is None or price.source.via.startswith("https://")


def test_every_source_is_used() -> None:
    used = {told["source"] for told in DOCUMENT["global"].values()}
    used |= {told["source"] for prices in DOCUMENT["regions"].values() for told in prices.values()}
    used |= {DOCUMENT[rates]["source"] for rates in ("savings-plans", "managed-instances")}

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
    priced = estimate(planned(name), PricesOfTable(region), Assumptions())

    assert set(priced.missing) <= MAY_LACK.get(region, set())


def test_the_region_of_the_readme_prices_every_shipped_stack_whole(planned: Callable[[str], Stack]) -> None:
    whole = [estimate(planned(name), PricesOfTable("eu-central-1"), Assumptions()).missing for name in STACKS]

    assert whole == [()] * len(STACKS)


@pytest.mark.parametrize("region", load_table().regions)
def test_every_region_of_the_table_has_fargate_load_balancers_gateways_and_addresses(region: str) -> None:
    """Without these an estimate would be of nothing that matters."""
    needed = {
        f"{kind}-{architecture}-{what}"
        for kind in ("fargate", "fargate-spot")
        for architecture in ("arm64", "x86_64")
        for what in ("vcpu", "memory")
    }
    needed |= {"alb-hour", "alb-lcu", "nlb-hour", "nlb-lcu", "nat-hour", "nat-data", "public-ipv4"}

    assert needed - load_table().regions[region].keys() == set()


def test_a_price_that_nobody_read_says_how_it_follows_from_one_that_somebody_did() -> None:
    gateway = PricesOfTable("ap-southeast-2").price("nat-data")

    assert (gateway.usd, gateway.derived) == (
        PricesOfTable("ap-southeast-2").price("nat-hour").usd,
        "as its hour: AWS asks the same number for both in every region read",
    )


def test_a_price_that_somebody_read_is_not_derived() -> None:
    assert PricesOfTable("eu-central-1").price("alb-hour").derived == ""


def test_every_derivation_is_used() -> None:
    rows = [*DOCUMENT["global"].values()]
    rows += [row for prices in DOCUMENT["regions"].values() for row in prices.values()]

    assert {row["derived"] for row in rows if "derived" in row} == DOCUMENT["derivations"].keys()


@pytest.mark.parametrize(("architecture", "years", "left"), [("x86_64", 1, 0.8), ("x86_64", 3, 0.55)])
def test_a_plan_leaves_a_share_of_the_price(architecture: str, years: int, left: float) -> None:
    shares = load_table().plans.shares[years]

    assert shares[f"fargate-{architecture}-vcpu"] == pytest.approx(left, abs=0.001)
    assert shares[f"fargate-{architecture}-memory"] == pytest.approx(left, abs=0.001)


def test_an_instance_is_priced_by_its_type() -> None:
    price = PricesOfTable("us-east-1").price("ec2-m7g.large")

    assert (price.usd, price.unit, price.source) == (0.0816, "instance-hour", load_instances().source)


def test_managing_an_instance_costs_twelve_percent_of_it() -> None:
    price = PricesOfTable("us-east-1").price("managed-m7g.large")

    assert price.usd == pytest.approx(0.0816 * 0.12)
    assert price.derived == "12% of the instance's price"


@pytest.mark.parametrize("key", ["ec2-x9.huge", "managed-x9.huge"])
def test_an_instance_type_that_the_table_lacks_has_no_price(key: str) -> None:
    with pytest.raises(MissingPriceError, match=r"no price of ec2-x9\.huge is known in us-east-1"):
        PricesOfTable("us-east-1").price(key)


def test_a_region_without_prices_is_refused_with_those_that_have_some() -> None:
    with pytest.raises(
        AutomationError, match=r"ap-south-1, only for .*eu-central-1.*: use --live .*, or add them to"
    ):
        PricesOfTable("ap-south-1")


def test_a_price_that_a_region_lacks_is_refused_by_name() -> None:
    with pytest.raises(MissingPriceError, match=r"no price of endpoint-hour is known in eu-west-1: .*--live"):
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
