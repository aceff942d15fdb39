"""AWS's prices by region, from the tables in this folder, each with source and date."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol

from automation.cost.instances import INSTANCE, MANAGED, load_instances
from automation.cost.source import Source, read_table
from automation.errors import AutomationError

TABLE: Final = Path(__file__).with_name("prices.yaml")
_INSTANCE_KEY: Final = re.compile(rf"(?:{INSTANCE}|{MANAGED})[a-z0-9-]+\.[a-z0-9-]+")
HOW_LIVE: Final = "use --live with AWS credentials"


class MissingPriceError(AutomationError):
    """A price that is unknown in a region; an estimate leaves it out, and names it."""


@dataclass(frozen=True, kw_only=True)
class Price:
    """What one unit costs."""

    key: str
    usd: float
    unit: str
    source: Source
    derived: str = ""
    """How it follows from the price that was read; empty where it was read itself."""


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
class SavingsPlans:
    """What a Compute Savings Plan without payment upfront leaves of on-demand prices."""

    source: Source
    region: str
    """Where the rates were read."""
    shares: Mapping[int, Mapping[str, float]]
    """What is left of a price, by years and the price's key."""


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
    plans: SavingsPlans
    managed_share: float
    """What ECS asks for a managed instance, as a share of the instance's price."""
    managed_source: Source

    def managed(self, instance: Price) -> Price:
        """Return what ECS asks for managing an instance of this price."""
        return Price(
            key=f"{MANAGED}{instance.key.removeprefix(INSTANCE)}",
            usd=instance.usd * self.managed_share,
            unit=instance.unit,
            source=self.managed_source,
            derived=f"{self.managed_share:.0%} of the instance's price",
        )


def is_listed(key: str) -> bool:
    """Whether AWS's price list can be asked for a price."""
    return key in load_table().lookups or _INSTANCE_KEY.fullmatch(key) is not None


class PriceBook(Protocol):
    """The prices of one region."""

    def price(self, key: str) -> Price:
        """Return a price.

        Raises:
            MissingPriceError: there is none.
        """
        ...


class PricesOfTable:
    """The prices of a region as the files have them."""

    def __init__(self, region: str) -> None:
        """Select a region of the table.

        Raises:
            AutomationError: the table does not have it.
        """
        regions = load_table().regions
        if region not in regions:
            raise AutomationError(
                f"no prices are known for {region}, only for {', '.join(sorted(regions))}: {HOW_LIVE}, or "
                f"add them to automation/cost/{TABLE.name} with their sources",
            )
        self.region = region
        self._prices = regions[region]

    def price(self, key: str) -> Price:
        """Return a price of the region.

        Raises:
            MissingPriceError: the table does not have it.
        """
        if key.startswith(MANAGED):
            return load_table().managed(self.price(f"{INSTANCE}{key.removeprefix(MANAGED)}"))
        price = self._prices.get(key) or self._instance(key)
        if price is None:
            raise MissingPriceError(
                f"no price of {key} is known in {self.region}: {HOW_LIVE}, or add it to "
                f"automation/cost/{TABLE.name} with its source",
            )
        return price

    def _instance(self, key: str) -> Price | None:
        table = load_instances()
        instance = table.types.get(key.removeprefix(INSTANCE))
        usd = instance.prices.get(self.region) if instance and key.startswith(INSTANCE) else None
        return None if usd is None else Price(key=key, usd=usd, unit="instance-hour", source=table.source)


@cache
def load_table() -> Table:
    """Read the file, whose form is covered by a test."""
    document = read_table(TABLE)
    sources = {name: Source(**source) for name, source in document["sources"].items()}
    units = {key: row["unit"] for key, row in document["prices"].items()}
    derivations: Mapping[str, str] = document["derivations"]

    def price(key: str, row: Mapping[str, Any]) -> Price:
        derived = derivations[row["derived"]] if "derived" in row else ""
        return Price(key=key, usd=row["usd"], unit=units[key], source=sources[row["source"]], derived=derived)

    everywhere = {key: price(key, row) for key, row in document["global"].items()}
    regions = {
        region: {**everywhere, **{key: price(key, row) for key, row in prices.items()}}
        for region, prices in document["regions"].items()
    }
    plans, managed = document["savings-plans"], document["managed-instances"]
    return Table(
        units=units,
        lookups={k: LiveLookup(**row["live"]) for k, row in document["prices"].items() if "live" in row},
        regions=regions,
        everywhere=everywhere,
        plans=SavingsPlans(
            source=sources[plans["source"]],
            region=plans["region"],
            shares={
                years: {key: usd / regions[plans["region"]][key].usd for key, usd in rates.items()}
                for years, rates in plans["rates"].items()
            },
        ),
        managed_share=managed["share"],
        managed_source=sources[managed["source"]],
    )
