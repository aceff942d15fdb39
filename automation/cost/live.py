"""Today's prices from AWS's Price List API; those that it lacks from the table."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from automation.cost.instances import INSTANCE, MANAGED
from automation.cost.prices import LiveLookup, Price, PricesOfTable, is_listed, load_table
from automation.cost.source import Source
from automation.errors import AutomationError

if TYPE_CHECKING:
    from mypy_boto3_pricing.client import PricingClient

# It answers in three regions, for all.
_API_REGION: Final = "us-east-1"
URL: Final = "https://api.pricing.us-east-1.amazonaws.com"
"""Source of the prices that are not from the table."""
# What may stand before a usage type; TS- is something else, a load balancer's trust stores.
_REGION_BEFORE: Final = r"(?:(?!TS-)[A-Z]{2,4}[0-9]?-|[a-z]{2}(?:-[a-z]+)+-[0-9]-)?"


class PricesOfToday:
    """The prices of a region by AWS's API; each is requested when it is needed, and once."""

    def __init__(self, region: str, client: PricingClient | None = None) -> None:
        """Prepare; no request is made yet."""
        self.region = region
        self._client = client or _client()
        self._source = Source(url=URL, read=datetime.now(UTC).date())
        self._known: dict[str, Price] = {}

    def price(self, key: str) -> Price:
        """Return a price.

        Raises:
            AutomationError: AWS refuses, or does not list exactly one price.
        """
        if key not in self._known:
            self._known[key] = self._find(key)
        return self._known[key]

    def _find(self, key: str) -> Price:
        table = load_table()
        if key.startswith(MANAGED):
            return table.managed(self.price(f"{INSTANCE}{key.removeprefix(MANAGED)}"))
        lookup = table.lookups.get(key) or _instance(key)
        if lookup is None:
            return table.everywhere.get(key) or PricesOfTable(self.region).price(key)
        found = {price for product in self._products(lookup) for price in _prices(product, lookup)}
        if len(found) != 1:
            prices = ", ".join(f"{usd:.6g}" for usd in sorted(found)) or "none"
            raise AutomationError(
                f"AWS's price list has not one price of {key} in {self.region} but {prices}: leave out "
                "--live to use the prices of the table",
            )
        return Price(
            key=key, usd=found.pop(), unit=table.units.get(key, "instance-hour"), source=self._source
        )

    def _products(self, lookup: LiveLookup) -> Iterator[Mapping[str, Any]]:
        from botocore.exceptions import BotoCoreError, ClientError

        wanted = {lookup.region: self.region, **lookup.attributes}
        pages = self._client.get_paginator("get_products").paginate(
            ServiceCode=lookup.service,
            Filters=[
                {"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted.items()
            ],
        )
        try:
            for page in pages:
                yield from map(json.loads, page["PriceList"])
        except (BotoCoreError, ClientError) as error:
            raise AutomationError(
                f"AWS's price list does not answer: {error} (`--live` needs credentials that may call "
                "pricing:GetProducts)",
            ) from error


def _client() -> PricingClient:
    import boto3

    # The stubs of all services are overloads of one method, of which only some are installed.
    make: Any = getattr(boto3, "client")  # noqa: B009
    return make("pricing", region_name=_API_REGION)


def _instance(key: str) -> LiveLookup | None:
    """Return how an instance's hour is found: as those of Linux without anything installed."""
    if not is_listed(key):
        return None
    attributes = {
        "operatingSystem": "Linux",
        "preInstalledSw": "NA",
        "tenancy": "Shared",
        "capacitystatus": "Used",
    }
    instance_type = key.removeprefix(INSTANCE)
    return LiveLookup(
        service="AmazonEC2",
        usage=f"BoxUsage:{instance_type}",
        attributes={"instanceType": instance_type, **attributes},
    )


def _prices(product: Mapping[str, Any], lookup: LiveLookup) -> Iterator[float]:
    """Yield what the first unit costs that is not free."""
    usage = str(product["product"]["attributes"].get("usagetype", ""))
    if not re.fullmatch(_REGION_BEFORE + re.escape(lookup.usage), usage):
        return
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        asked = [
            (float(tier.get("beginRange") or 0), float(tier["pricePerUnit"]["USD"]))
            for tier in term["priceDimensions"].values()
        ]
        dear = sorted((begin, usd) for begin, usd in asked if usd > 0)
        if dear:
            yield dear[0][1]
