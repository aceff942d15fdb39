"""AWS's prices by region, from `prices.yaml` and `instances.yaml`, each with its source and date."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Protocol

from automation.cost.instances import INSTANCE, MANAGED, load_instances
from automation.cost.tables import Source, read_table
from automation.errors import AutomationError

_INSTANCE_KEY: Final = re.compile(rf"(?:{INSTANCE}|{MANAGED})([a-z0-9-]+\.[a-z0-9-]+)")
_INSTANCE_UNIT: Final = "instance-hour"
_HOW_TO_ADD: Final = "use --live with AWS credentials, or add"


class MissingPriceError(AutomationError):
    """A price is unknown in a region."""


@dataclass(frozen=True, kw_only=True)
class Price:
    """The price of one unit."""

    key: str
    usd: float
    unit: str
    source: Source
    derived: str = ""
    """How it was derived from another price; empty if it was read itself."""


@dataclass(frozen=True, kw_only=True)
class LiveLookup:
    """How the Price List API finds a price."""

    service: str
    usage: str
    """The usage type, without the region before it."""
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])
    region: str = "regionCode"
    """The attribute that has the region."""


@dataclass(frozen=True, kw_only=True)
class SavingsPlans:
    """Compute Savings Plans without upfront payment."""

    source: Source
    region: str
    """The region whose rates were read."""
    shares: Mapping[int, Mapping[str, float]]
    """A plan's rate as a share of the on-demand price, by years and the price's key."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """The content of the tables."""

    units: Mapping[str, str]
    """By key, without instances."""
    lookups: Mapping[str, LiveLookup]
    """By key, without instances."""
    regions: Mapping[str, Mapping[str, Price]]
    """Prices by region and key."""
    everywhere: Mapping[str, Price]
    """Prices that are the same in each region."""
    plans: SavingsPlans
    managed_share: float
    """ECS's fee for a managed instance, as a share of the instance's price."""
    managed_source: Source

    def managed(self, instance: Price) -> Price:
        """Return ECS's fee for managing an instance."""
        return Price(
            key=f"{MANAGED}{instance.key.removeprefix(INSTANCE)}",
            usd=instance.usd * self.managed_share,
            unit=instance.unit,
            source=self.managed_source,
            derived=f"{self.managed_share:.0%} of the instance's price",
        )


class Prices(Protocol):
    """The prices of one region."""

    def price(self, key: str) -> Price:
        """Return a price.

        Raises:
            MissingPriceError: it is unknown.
        """
        ...


class TablePrices:
    """The prices of a region in the tables."""

    def __init__(self, region: str) -> None:
        """Select a region.

        Raises:
            AutomationError: the tables lack it.
        """
        regions = load_table().regions
        if region not in regions:
            raise AutomationError(
                f"no prices are known for {region}, only for {', '.join(sorted(regions))}: {_HOW_TO_ADD} "
                "them to automation/cost/prices.yaml with their sources"
            )
        self._region = region
        self._prices = regions[region]

    def price(self, key: str) -> Price:
        """Return a price.

        Raises:
            MissingPriceError: the tables lack it.
        """
        if key.startswith(MANAGED):
            return load_table().managed(self.price(f"{INSTANCE}{key.removeprefix(MANAGED)}"))
        if key in self._prices:
            return self._prices[key]
        instance = load_instances().get(key.removeprefix(INSTANCE))
        if instance is None or self._region not in instance.prices:
            raise MissingPriceError(
                f"no price of {key} is known in {self._region}: {_HOW_TO_ADD} it to "
                "automation/cost/prices.yaml with its source"
            )
        usd = instance.prices[self._region]
        return Price(key=key, usd=usd, unit=_INSTANCE_UNIT, source=instance.source)


def lookup_of(key: str) -> LiveLookup | None:
    """Return how the Price List API finds a price; None if it does not have it."""
    match = _INSTANCE_KEY.fullmatch(key)
    if match is None:
        return load_table().lookups.get(key)
    return LiveLookup(
        service="AmazonEC2",
        usage=f"BoxUsage:{match[1]}",
        attributes={
            "instanceType": match[1],
            "operatingSystem": "Linux",
            "preInstalledSw": "NA",
            "tenancy": "Shared",
            "capacitystatus": "Used",
        },
    )


def unit_of(key: str) -> str:
    """Return the unit of a price."""
    return load_table().units.get(key, _INSTANCE_UNIT)


@cache
def load_table() -> Table:
    """Read `prices.yaml`."""
    document = read_table("prices.yaml")
    sources = {name: Source(**source) for name, source in document["sources"].items()}
    rows = document["prices"]

    def prices(of: Mapping[str, Mapping[str, Any]]) -> dict[str, Price]:
        return {
            key: Price(
                key=key,
                usd=row["usd"],
                unit=rows[key]["unit"],
                source=sources[row["source"]],
                derived=document["derivations"][row["derived"]] if "derived" in row else "",
            )
            for key, row in of.items()
        }

    everywhere = prices(document["global"])
    regions = {region: {**everywhere, **prices(of)} for region, of in document["regions"].items()}
    plans, managed = document["savings-plans"], document["managed-instances"]
    on_demand = regions[plans["region"]]
    return Table(
        units={key: row["unit"] for key, row in rows.items()},
        lookups={key: LiveLookup(**row["live"]) for key, row in rows.items() if "live" in row},
        regions=regions,
        everywhere=everywhere,
        plans=SavingsPlans(
            source=sources[plans["source"]],
            region=plans["region"],
            shares={
                years: {key: usd / on_demand[key].usd for key, usd in rates.items()}
                for years, rates in plans["rates"].items()
            },
        ),
        managed_share=managed["share"],
        managed_source=sources[managed["source"]],
    )
