"""Prices from responses in the form of the Price List API."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from automation.cost.live import URL, LivePrices
from automation.cost.prices import MissingPriceError, Price
from automation.errors import AutomationError
from tests.unit.infra.rollout.aws import Aws, ErrorResponse


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


def answer(*products: str, **more: str) -> dict[str, Any]:
    return {"FormatVersion": "aws_v1", "PriceList": list(products), **more}


def prices(aws: Aws, region: str = "us-east-1") -> LivePrices:
    return LivePrices(region, aws.client("pricing"))


def found(
    key: str,
    service: str,
    *products: str,
    region: str = "us-east-1",
    by: str = "regionCode",
    **attributes: str,
) -> Price:
    """Return the price among these products, after one request with these attributes."""
    aws = Aws(get_products=answer(*products))
    price = prices(aws, region).price(key)
    wanted = {by: region, **attributes}
    assert aws.requests("get_products") == [
        {
            "ServiceCode": service,
            "Filters": [
                {"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted.items()
            ],
        }
    ]
    return price


def test_a_price_is_found_by_its_usage_type() -> None:
    price = found(
        "fargate-arm64-vcpu",
        "AmazonECS",
        product("USE1-Fargate-vCPU-Hours:perCPU", ("0", "0.05")),
        product("USE1-Fargate-ARM-vCPU-Hours:perCPU", ("0", "0.04")),
        product("USE1-Fargate-ARM-GB-Hours", ("0", "0.03")),
    )

    assert (price.usd, price.unit, price.source.read) == (0.04, "vCPU-hour", datetime.now(UTC).date())


def test_all_pages_are_read() -> None:
    pages: list[Any] = [answer(NextToken="more"), answer(product("TimedStorage-ByteHrs", ("0", "0.1")))]

    assert prices(Aws(get_products=pages)).price("image-stored").usd == 0.1


def test_a_price_is_requested_once() -> None:
    aws = Aws(get_products=answer(product("PublicIPv4:InUseAddress", ("0", "0.005"))))
    book = prices(aws)

    assert book.price("public-ipv4") is book.price("public-ipv4")
    assert len(aws.calls) == 1


@pytest.mark.parametrize(
    "decoy", ["EU-Outposts-LCUUsage", "EU-ReservedLCUUsage", "TS-LCUUsage", "EU-TS-LCUUsage"]
)
def test_a_usage_type_with_another_prefix_is_another_price(decoy: str) -> None:
    products = (product(decoy, ("0", "0.9")), product("EU-LCUUsage", ("0", "0.008")))
    family = {"productFamily": "Load Balancer-Application"}

    assert found("alb-lcu", "AWSELB", *products, region="eu-west-1", **family).usd == 0.008


@pytest.mark.parametrize("usage", ["KMS-Keys", "us-east-1-KMS-Keys", "USE1-KMS-Keys"])
def test_a_usage_type_may_have_a_region_before_it(usage: str) -> None:
    assert found("key", "awskms", product(usage, ("0", "1"))).usd == 1


def test_the_first_tier_that_is_not_free_counts() -> None:
    tiers = product("USE1-CW:MetricMonitorUsage", ("10000", "0.1"), ("10", "0.3"), ("0", "0"))

    assert found("metric", "AmazonCloudWatch", tiers).usd == 0.3


@pytest.mark.parametrize(
    ("products", "listed"), [((), "no price"), (("0.1", "0.2"), r"several prices \(0\.1, 0\.2\)")]
)
def test_no_price_and_several_prices_are_rejected(products: tuple[str, ...], listed: str) -> None:
    answers = [product("USE1-TimedStorage-ByteHrs", ("0", usd)) for usd in products]

    with pytest.raises(AutomationError, match=f"has {listed} of image-stored in us-east-1"):
        found("image-stored", "AmazonECR", *answers)


def test_a_price_that_the_api_lacks_comes_from_the_table() -> None:
    price = prices(Aws()).price("fargate-spot-arm64-vcpu")

    assert price.usd == 0.01030969
    assert price.source.url != URL


def test_a_global_price_needs_no_table_of_the_region() -> None:
    assert prices(Aws(), "ap-south-1").price("hosted-zone").usd == 0.5


def test_an_instance_is_found_by_its_type() -> None:
    price = found(
        "ec2-m7g.large",
        "AmazonEC2",
        product("EUC1-BoxUsage:m7g.large", ("0", "0.0978")),
        region="eu-central-1",
        instanceType="m7g.large",
        operatingSystem="Linux",
        preInstalledSw="NA",
        tenancy="Shared",
        capacitystatus="Used",
    )

    assert (price.usd, price.unit) == (0.0978, "instance-hour")


def test_the_fee_for_a_managed_instance_is_a_share_of_its_current_price() -> None:
    aws = Aws(get_products=answer(product("BoxUsage:m7g.large", ("0", "0.1"))))

    assert prices(aws).price("managed-m7g.large").usd == pytest.approx(0.012)


def test_a_key_that_is_not_an_instance_type_is_not_requested() -> None:
    with pytest.raises(MissingPriceError, match="no price of instances for it is known"):
        prices(Aws()).price("instances for it")


def test_data_transfer_is_found_by_its_source_region() -> None:
    price = found(
        "internet-out",
        "AWSDataTransfer",
        product("USE1-EUW1-AWS-Out-Bytes", ("0", "0.02")),
        product("DataTransfer-Out-Bytes", ("10240", "0.085"), ("0", "0.09")),
        by="fromRegionCode",
        transferType="AWS Outbound",
        toLocation="External",
    )

    assert price.usd == 0.09


def test_spot_in_a_region_that_the_table_lacks_is_rejected() -> None:
    with pytest.raises(AutomationError, match="no prices are known for ap-south-1"):
        prices(Aws(), "ap-south-1").price("fargate-spot-arm64-vcpu")


def test_a_failed_request_is_reported_with_the_required_permission() -> None:
    aws = Aws(get_products=ErrorResponse("AccessDeniedException", "not authorized"))

    with pytest.raises(AutomationError, match=r"not authorized.*pricing:GetProducts"):
        prices(aws).price("key")
