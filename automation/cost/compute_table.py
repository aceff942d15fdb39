"""Compares what three workloads cost on each kind of capacity: the figures of docs/compute.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from automation.cost.assumptions import Assumptions
from automation.cost.instances import INSTANCE, MANAGED, Instance, Load, cheapest, load_instances
from automation.cost.prices import MissingPriceError, PriceBook
from automation.cost.report import usd

REGION: Final = "us-east-1"
"""Where nothing else is said."""
_ARCHITECTURE: Final = "arm64"
_HOURS_OF_MONTH: Final = 730
_OFFICE_HOURS: Final = 8 * 5 / (24 * 7)
_ZONES: Final = 2
_DISKS: Final = {"ec2": 30, "managed-instances": 80}
"""GB of each instance, as the capacity has them where the settings say nothing."""
_FARGATE: Final = {
    "fargate-x86_64": "Fargate, x86_64",
    "fargate-arm64": "Fargate, arm64",
    "fargate-spot-arm64": "Fargate Spot, arm64",
}
_INSTANCES: Final = {"ec2": "EC2, arm64", "managed-instances": "Managed Instances, arm64"}
NOTES: Final = (
    "Instances: on demand, of the type on which the tasks cost least; at least two where tasks always run.",
    "Burstable types count for the small site alone, whose tasks wait most of the time. Each EC2 instance",
    "has 30 GB of disk; each managed one 80 GB, and costs 12 % more for its management.",
    "What is the same for all is left out: load balancers, NAT gateways, addresses, logs and data.",
)


@dataclass(frozen=True, kw_only=True)
class Workload:
    """Tasks of one size."""

    name: str
    tasks: int
    vcpus: float
    gib: float
    awake: float = 1.0
    """The share of the time at which they run."""
    idle: bool = False
    """Whether tasks wait most of the time, so that burstable instances do."""

    @property
    def text(self) -> str:
        """Return what it is, for people."""
        awake = "always" if self.awake == 1 else "8 hours on weekdays"
        return f"{self.name}: {self.tasks} tasks of {self.vcpus:g} vCPU and {self.gib:g} GB, {awake}"


WORKLOADS: Final = (
    Workload(name="a small site", tasks=2, vcpus=0.25, gib=0.5, idle=True),
    Workload(name="an API", tasks=4, vcpus=1, gib=2),
    Workload(name="a batch fleet", tasks=20, vcpus=2, gib=4, awake=_OFFICE_HOURS),
)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What a workload costs on something."""

    usd: float | None
    """Dollars a month; None where a price is not known in the region."""
    instances: str = ""
    """How many of which type."""
    missing: str = ""
    """Why there is no number."""


Row = tuple[Workload, dict[str, Cell]]


def rows(prices: PriceBook, region: str, assumed: Assumptions) -> list[Row]:
    """Return what each workload costs on everything, in dollars a month."""
    return [(workload, _cells(workload, prices, region, assumed)) for workload in WORKLOADS]


def _cells(workload: Workload, prices: PriceBook, region: str, assumed: Assumptions) -> dict[str, Cell]:
    found: dict[str, Cell] = {}
    for kind in (*_FARGATE, *_INSTANCES):
        try:
            if kind in _FARGATE:
                found[kind] = Cell(usd=_fargate(kind, workload, prices, assumed))
            else:
                found[kind] = _on_instances(kind, workload, prices, region, assumed)
        except MissingPriceError as error:
            found[kind] = Cell(usd=None, missing=str(error))
    return found


def _fargate(kind: str, workload: Workload, prices: PriceBook, assumed: Assumptions) -> float:
    hourly = (
        workload.vcpus * prices.price(f"{kind}-vcpu").usd + workload.gib * prices.price(f"{kind}-memory").usd
    )
    return workload.tasks * workload.awake * assumed.hours * hourly


def _on_instances(
    kind: str, workload: Workload, prices: PriceBook, region: str, assumed: Assumptions
) -> Cell:
    disk = _DISKS[kind] * prices.price("ebs-gp3").usd / _HOURS_OF_MONTH
    load = Load(tasks=workload.tasks, vcpus=workload.vcpus, gib=workload.gib)
    candidates = [
        one
        for one in load_instances().types.values()
        if one.architecture == _ARCHITECTURE and (workload.idle or not one.burstable) and region in one.prices
    ]

    def beside(instance: Instance) -> float:
        fee = prices.price(f"{MANAGED}{instance.type}").usd if kind == "managed-instances" else 0.0
        return fee + disk

    reserved, at_least = assumed.instance_reserved_gb, _ZONES if workload.awake == 1 else 1
    found = cheapest([load], candidates, region, reserved, beside=beside, at_least=at_least)
    if found is None:
        raise MissingPriceError(f"no price of an instance for {workload.name} is known in {region}")
    instance, count = found
    hourly = count * (prices.price(f"{INSTANCE}{instance.type}").usd + beside(instance))
    return Cell(usd=hourly * assumed.hours * workload.awake, instances=f"{count} x {instance.type}")


def lines(found: Sequence[Row], region: str) -> Iterator[str]:
    """Yield it as a table in Markdown, and what it rests on."""
    yield f"| In {region}, dollars a month | {' | '.join([*_FARGATE.values(), *_INSTANCES.values()])} |"
    yield f"|---|{'---|' * (len(_FARGATE) + len(_INSTANCES))}"
    for workload, cells in found:
        yield f"| {workload.text} | {' | '.join(map(_text, cells.values()))} |"
    yield ""
    yield from NOTES
    yield from dict.fromkeys(cell.missing for _, cells in found for cell in cells.values() if cell.missing)


def _text(cell: Cell) -> str:
    if cell.usd is None:
        return "not known"
    return f"{usd(cell.usd)}{f' ({cell.instances})' if cell.instances else ''}"


def as_json(found: Sequence[Row], region: str) -> dict[str, Any]:
    """Return it as plain data."""
    return {
        "region": region,
        "workloads": [
            {
                "name": workload.name,
                "tasks": workload.tasks,
                "vcpus": workload.vcpus,
                "gb": workload.gib,
                "share_of_the_time": round(workload.awake, 4),
                "costs": {
                    kind: {
                        "usd_per_month": None if cell.usd is None else round(cell.usd, 2),
                        "instances": cell.instances or None,
                    }
                    for kind, cell in cells.items()
                },
            }
            for workload, cells in found
        ],
        "no_price_known": sorted(
            {cell.missing for _, cells in found for cell in cells.values() if cell.missing}
        ),
    }
