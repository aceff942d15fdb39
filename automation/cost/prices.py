"""AWS's prices by region, from the table in this folder, each with where and when it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol, cast

import yaml

from automation.errors import AutomationError

TABLE: Final = Path(__file__).with_name("prices.yaml")


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a price was read, and when."""

    url: str
    read: date
    via: str | None = None
    """A public transcript of that page, if there is one."""


@dataclass(frozen=True, kw_only=True)
class Price:
    """What one unit costs."""

    key: str
    usd: float
    unit: str
    source: Source


@dataclass(frozen=True, kw_only=True)
class LiveLookup:
    """How the Price List API finds a price."""

    service: str
    usage: str
    """The usage type, without the region before it."""
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])
    region: str = "regionCode"
    """The attribute that holds the region."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """The whole table."""

    units: Mapping[str, str]
    """Of what has a price, by key."""
    lookups: Mapping[str, LiveLookup]
    """Of what AWS's price list has, by key."""
    regions: Mapping[str, Mapping[str, Price]]
    """Prices by region and key; those that are the same everywhere are in each."""
    everywhere: Mapping[str, Price]


class PriceBook(Protocol):
    """The prices of one region."""

    def price(self, key: str) -> Price:
        """Return a price.

        Raises:
            AutomationError: there is none.
        """
        ...


class PricesOfTable:
    """The prices of a region as the file has them."""

    def __init__(self, region: str) -> None:
        """Select a region of the table.

        Raises:
            AutomationError: the table does not have it.
        """
        regions = load_table().regions
        if region not in regions:
            raise AutomationError(
                f"no prices are known for {region}, only for {', '.join(sorted(regions))}: add them to "
                f"automation/cost/{TABLE.name} with their sources, or use --live with AWS credentials",
            )
        self.region = region
        self._prices = regions[region]

    def price(self, key: str) -> Price:
        """Return a price of the region."""
        price = self._prices.get(key)
        if price is None:
            raise AutomationError(
                f"no price of {key} is known in {self.region}: add it to automation/cost/{TABLE.name} with "
                "its source, or use --live with AWS credentials",
            )
        return price


@cache
def load_table() -> Table:
    """Read the file, whose form is covered by a test."""
    document = cast("dict[str, Any]", yaml.safe_load(TABLE.read_text(encoding="utf-8")))
    sources = {name: Source(**source) for name, source in document["sources"].items()}
    units = {key: row["unit"] for key, row in document["prices"].items()}

    def price(key: str, row: Mapping[str, Any]) -> Price:
        return Price(key=key, usd=row["usd"], unit=units[key], source=sources[row["source"]])

    everywhere = {key: price(key, row) for key, row in document["global"].items()}
    return Table(
        units=units,
        lookups={k: LiveLookup(**row["live"]) for k, row in document["prices"].items() if "live" in row},
        regions={
            region: {**everywhere, **{key: price(key, row) for key, row in prices.items()}}
            for region, prices in document["regions"].items()
        },
        everywhere=everywhere,
    )
