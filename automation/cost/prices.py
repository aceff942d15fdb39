"""The price table in this folder: what AWS asks in a region, and where and when that was read."""

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
    """A public transcript of what stood there, if one is known by an address."""


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
class Entry:
    """Something that has a price."""

    key: str
    unit: str
    live: LiveLookup | None


@dataclass(frozen=True, kw_only=True)
class Table:
    """All of the file."""

    entries: Mapping[str, Entry]
    regions: Mapping[str, Mapping[str, Price]]
    """Prices by region and key; those that are the same everywhere are in each."""
    everywhere: Mapping[str, Price]


class PriceBook(Protocol):
    """Whoever knows the prices of one region."""

    region: str

    def price(self, key: str) -> Price:
        """Return a price.

        Raises:
            AutomationError: there is none.
        """
        ...


class PricesOfTable:
    """The prices of a region as the file has them."""

    def __init__(self, region: str, table: Table | None = None) -> None:
        """Open the table.

        Raises:
            AutomationError: it does not know the region.
        """
        table = table or load_table()
        if region not in table.regions:
            raise AutomationError(
                f"no prices are known for {region}, only for {', '.join(sorted(table.regions))}: add them to "
                f"automation/cost/{TABLE.name} with their sources, or use --live with AWS credentials",
            )
        self.region = region
        self._prices = table.regions[region]

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
def load_table(path: Path = TABLE) -> Table:
    """Read the file; its own form is held by a test."""
    document = cast("dict[str, Any]", yaml.safe_load(path.read_text(encoding="utf-8")))
    sources = {name: Source(**told) for name, told in document["sources"].items()}
    entries = {
        key: Entry(
            key=key,
            unit=told["unit"],
            live=LiveLookup(**told["live"]) if "live" in told else None,
        )
        for key, told in document["prices"].items()
    }

    def price(key: str, told: Mapping[str, Any]) -> Price:
        return Price(key=key, usd=told["usd"], unit=entries[key].unit, source=sources[told["source"]])

    everywhere = {key: price(key, told) for key, told in document["global"].items()}
    return Table(
        entries=entries,
        regions={
            region: {**everywhere, **{key: price(key, told) for key, told in prices.items()}}
            for region, prices in document["regions"].items()
        },
        everywhere=everywhere,
    )
