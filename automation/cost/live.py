"""Current prices from AWS's Price List API; prices that it lacks come from the tables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from automation.cost.instances import INSTANCE, MANAGED
from automation.cost.prices import LiveLookup, Price, TablePrices, load_table, lookup_of, unit_of
from automation.cost.tables import Source
from automation.errors import AutomationError

if TYPE_CHECKING:
    from mypy_boto3_pricing.client import PricingClient

# The API has endpoints in few regions, each with the prices of all.
_API_REGION: Final = "us-east-1"
URL: Final = "https://api.pricing.us-east-1.amazonaws.com"
"""The source of prices from the API."""
# The region before a usage type. TS- is not one: it marks trust stores of load balancers.
_REGION_PREFIX: Final = r"(?:(?!TS-)[A-Z]{2,4}[0-9]?-|[a-z]{2}(?:-[a-z]+)+-[0-9]-)?"


class LivePrices:
    """The prices of a region from the API; each is requested once, when it is needed."""

    def __init__(self, region: str, client: PricingClient | None = None) -> None:
        """Prepare; no request is made yet."""
        self.region = region
        self._client = client or _client()
        self._source = Source(url=URL, read=datetime.now(UTC).date())
        self._cache: dict[str, Price] = {}

    def price(self, key: str) -> Price:
        """Return a price.

        Raises:
            AutomationError: the request failed, or AWS lists no price or several.
        """
        if key not in self._cache:
            self._cache[key] = self._find(key)
        return self._cache[key]

    def _find(self, key: str) -> Price:
        table = load_table()
        if key.startswith(MANAGED):
            return table.managed(self.price(f"{INSTANCE}{key.removeprefix(MANAGED)}"))
        lookup = lookup_of(key)
        if lookup is None:
            return table.everywhere.get(key) or TablePrices(self.region).price(key)
        found = {usd for product in self._products(lookup) for usd in _prices(product, lookup.usage)}
        if len(found) != 1:
            prices = ", ".join(f"{usd:.6g}" for usd in sorted(found))
            raise AutomationError(
                f"AWS's price list has {f'several prices ({prices})' if prices else 'no price'} of {key} in "
                f"{self.region}: leave out --live to use the prices of the table"
            )
        return Price(key=key, usd=found.pop(), unit=unit_of(key), source=self._source)

    def _products(self, lookup: LiveLookup) -> Iterator[Mapping[str, Any]]:
        from botocore.exceptions import BotoCoreError, ClientError

        filters = {lookup.region: self.region, **lookup.attributes}
        pages = self._client.get_paginator("get_products").paginate(
            ServiceCode=lookup.service,
            Filters=[{"Type": "TERM_MATCH", "Field": key, "Value": value} for key, value in filters.items()],
        )
        try:
            for page in pages:
                yield from map(json.loads, page["PriceList"])
        except (BotoCoreError, ClientError) as error:
            raise AutomationError(
                f"AWS's price list could not be read: {error} (`--live` needs credentials that may call "
                "pricing:GetProducts)"
            ) from error


def _client() -> PricingClient:
    import boto3

    # The type stubs overload this method for each service, and few of them are installed.
    make: Any = getattr(boto3, "client")  # noqa: B009
    return make("pricing", region_name=_API_REGION)


def _prices(product: Mapping[str, Any], usage: str) -> Iterator[float]:
    """Yield the price of the first tier that is not free, if the product has this usage type."""
    found = str(product["product"]["attributes"].get("usagetype", ""))
    if not re.fullmatch(_REGION_PREFIX + re.escape(usage), found):
        return
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        tiers = (
            (float(tier.get("beginRange") or 0), float(tier["pricePerUnit"]["USD"]))
            for tier in term["priceDimensions"].values()
        )
        paid = [(begin, usd) for begin, usd in tiers if usd > 0]
        if paid:
            yield min(paid)[1]
