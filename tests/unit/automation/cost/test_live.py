"""AWS's own prices, by answers in the form that the Price List API has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from automation.cost.live import URL, PricesOfToday
from automation.errors import AutomationError


@pytest.fixture
def pricing() -> Iterator[tuple[Any, Stubber]]:
    client = boto3.client(
        "pricing", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    with Stubber(client) as stubber:
        yield client, stubber


def product(usage: str, *tiers: tuple[str, str]) -> str:
    dimensions = {
        str(index): {"beginRange": begin, "pricePerUnit": {"USD": usd}}
        for index, (begin, usd) in enumerate(tiers)
    }
    return json.dumps(
        {
            "product": {"attributes": {"usagetype": usage}},
            "terms": {"OnDemand": {"offer": {"priceDimensions": dimensions}}},
        }
    )


def asked(service: str, region: str = "us-east-1", **attributes: str) -> dict[str, Any]:
    wanted = {"regionCode": region, **attributes}
    return {
        "ServiceCode": service,
        "Filters": [
            {"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted.items()
        ],
    }


def answer(*products: str) -> dict[str, Any]:
    return {"FormatVersion": "aws_v1", "PriceList": list(products)}


def test_a_price_is_found_among_others_of_its_service(pricing: tuple[Any, Stubber]) -> None:
    client, stubber = pricing
    stubber.add_response(
        "get_products",
        answer(
            product("USE1-Fargate-vCPU-Hours:perCPU", ("0", "0.05")),
            product("USE1-Fargate-ARM-vCPU-Hours:perCPU", ("0", "0.04")),
            product("USE1-Fargate-ARM-GB-Hours", ("0", "0.03")),
        ),
        asked("AmazonECS"),
    )

    price = PricesOfToday("us-east-1", client).price("fargate-arm64-vcpu")

    assert (price.usd, price.unit, price.source.read) == (0.04, "vCPU-hour", datetime.now(UTC).date())


def test_it_looks_on_all_pages(pricing: tuple[Any, Stubber]) -> None:
    client, stubber = pricing
    stubber.add_response("get_products", {**answer(), "NextToken": "more"}, asked("AmazonECR"))
    stubber.add_response(
        "get_products",
        answer(product("TimedStorage-ByteHrs", ("0", "0.1"))),
        {**asked("AmazonECR"), "NextToken": "more"},
    )

    assert PricesOfToday("us-east-1", client).price("image-stored").usd == 0.1


def test_a_price_is_asked_for_once(pricing: tuple[Any, Stubber]) -> None:
    client, stubber = pricing
    stubber.add_response(
        "get_products", answer(product("PublicIPv4:InUseAddress", ("0", "0.005"))), asked("AmazonVPC")
    )
    prices = PricesOfToday("us-east-1", client)

    assert prices.price("public-ipv4") is prices.price("public-ipv4")


@pytest.mark.parametrize(
    "decoy", ["EU-Outposts-LCUUsage", "EU-ReservedLCUUsage", "TS-LCUUsage", "EU-TS-LCUUsage"]
)
def test_what_only_ends_like_it_is_another_price(decoy: str, pricing: tuple[Any, Stubber]) -> None:
    client, stubber = pricing
    stubber.add_response(
        "get_products",
        answer(product(decoy, ("0", "0.9")), product("EU-LCUUsage", ("0", "0.008"))),
        asked("AWSELB", "eu-west-1", productFamily="Load Balancer-Application"),
    )

    assert PricesOfToday("eu-west-1", client).price("alb-lcu").usd == 0.008


@pytest.mark.parametrize("usage", ["KMS-Keys", "us-east-1-KMS-Keys", "USE1-KMS-Keys"])
def test_a_region_may_stand_before_it_in_any_of_aws_s_forms(usage: str, pricing: tuple[Any, Stubber]) -> None:
    client, stubber = pricing
    stubber.add_response("get_products", answer(product(usage, ("0", "1"))), asked("awskms"))

    assert PricesOfToday("us-east-1", client).price("key").usd == 1


def test_of_tiers_the_first_counts_that_is_not_free(pricing: tuple[Any, Stubber]) -> None:
    client, stubber = pricing
    stubber.add_response(
        "get_products",
        answer(product("USE1-CW:MetricMonitorUsage", ("10000", "0.1"), ("10", "0.3"), ("0", "0"))),
        asked("AmazonCloudWatch"),
    )

    assert PricesOfToday("us-east-1", client).price("metric").usd == 0.3


@pytest.mark.parametrize(("products", "told"), [((), "none"), (("0.1", "0.2"), r"0\.1, 0\.2")])
def test_none_or_several_prices_are_refused(
    products: tuple[str, ...], told: str, pricing: tuple[Any, Stubber]
) -> None:
    client, stubber = pricing
    found = [product("USE1-TimedStorage-ByteHrs", ("0", usd)) for usd in products]
    stubber.add_response("get_products", answer(*found), asked("AmazonECR"))

    with pytest.raises(AutomationError, match=f"not one price of image-stored in us-east-1 but {told}"):
        PricesOfToday("us-east-1", client).price("image-stored")


def test_what_the_list_does_not_have_comes_from_the_table_and_is_named(pricing: tuple[Any, Stubber]) -> None:
    client, _ = pricing
    price = PricesOfToday("us-east-1", client).price("fargate-spot-arm64-vcpu")

    assert price.usd == 0.01030969
    assert price.source.url != URL


def test_what_is_the_same_everywhere_needs_no_table_of_the_region(pricing: tuple[Any, Stubber]) -> None:
    client, _ = pricing

    assert PricesOfToday("ap-south-1", client).price("hosted-zone").usd == 0.5


def test_data_transfer_is_found_by_the_region_that_it_leaves(pricing: tuple[Any, Stubber]) -> None:
    client, stubber = pricing
    request = asked("AWSDataTransfer", transferType="AWS Outbound", toLocation="External")
    request["Filters"][0]["Field"] = "fromRegionCode"
    stubber.add_response(
        "get_products",
        answer(
            product("USE1-EUW1-AWS-Out-Bytes", ("0", "0.02")),
            product("DataTransfer-Out-Bytes", ("10240", "0.085"), ("0", "0.09")),
        ),
        request,
    )

    assert PricesOfToday("us-east-1", client).price("internet-out").usd == 0.09


def test_spot_in_a_region_that_the_table_does_not_know_is_refused(pricing: tuple[Any, Stubber]) -> None:
    client, _ = pricing

    with pytest.raises(AutomationError, match="no prices are known for ap-south-1"):
        PricesOfToday("ap-south-1", client).price("fargate-spot-arm64-vcpu")


def test_a_refusal_of_aws_is_told_with_the_permission_that_is_needed(pricing: tuple[Any, Stubber]) -> None:
    client, stubber = pricing
    stubber.add_client_error("get_products", "AccessDeniedException", "not authorized")

    with pytest.raises(AutomationError, match=r"not authorized.*pricing:GetProducts"):
        PricesOfToday("us-east-1", client).price("key")
