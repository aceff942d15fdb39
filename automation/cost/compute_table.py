"""Compares the cost of three workloads on each kind of capacity: the figures in docs/compute.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from automation.cost.assumptions import Assumptions
from automation.cost.capacity import AMI_DISK_GIB, HOURS_OF_MONTH, MANAGED_DISK_GIB
from automation.cost.instances import INSTANCE, MANAGED, Instance, Load, cheapest, load_instances
from automation.cost.prices import MissingPriceError, Prices
from automation.cost.report import usd

DEFAULT_REGION: Final = "us-east-1"
_OFFICE_HOURS: Final = 8 * 5 / (24 * 7)
_ZONES: Final = 2
_ON_FARGATE: Final = {
    "fargate-x86_64": "Fargate, x86_64",
    "fargate-arm64": "Fargate, arm64",
    "fargate-spot-arm64": "Fargate Spot, arm64",
}
_ON_INSTANCES: Final = {
    # With the default disk of each instance.
    "ec2": ("EC2, arm64", AMI_DISK_GIB),
    "managed-instances": ("Managed Instances, arm64", MANAGED_DISK_GIB),
}
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
    load: Load
    share: float = 1.0
    """The share of the time in which they run."""
    mostly_idle: bool = False
    """Whether burstable instances are enough."""

    def __str__(self) -> str:
        time = "always" if self.share == 1 else "8 hours on weekdays"
        load = self.load
        return f"{self.name}: {load.tasks} tasks of {load.vcpus:g} vCPU and {load.gib:g} GB, {time}"


WORKLOADS: Final = (
    Workload(name="a small site", load=Load(tasks=2, vcpus=0.25, gib=0.5), mostly_idle=True),
    Workload(name="an API", load=Load(tasks=4, vcpus=1, gib=2)),
    Workload(name="a batch fleet", load=Load(tasks=20, vcpus=2, gib=4), share=_OFFICE_HOURS),
)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """The cost of a workload on one kind of capacity."""

    usd: float | None = None
    """Dollars a month; None if a price is unknown in the region."""
    instances: str = ""
    """Number and type."""
    missing: str = ""
    """Why `usd` is None."""

    def __str__(self) -> str:
        if self.usd is None:
            return "not known"
        return f"{usd(self.usd)} ({self.instances})" if self.instances else usd(self.usd)


Row = tuple[Workload, dict[str, Cell]]


def rows(prices: Prices, region: str, assumed: Assumptions) -> list[Row]:
    """Return the cost of each workload on each kind of capacity."""

    def cell(kind: str, workload: Workload) -> Cell:
        try:
            if kind in _ON_FARGATE:
                vcpu, gb = prices.price(f"{kind}-vcpu").usd, prices.price(f"{kind}-memory").usd
                hourly = workload.load.tasks * (workload.load.vcpus * vcpu + workload.load.gib * gb)
                return Cell(usd=hourly * workload.share * assumed.hours)
            return _on_instances(kind, workload, prices, region, assumed)
        except MissingPriceError as error:
            return Cell(missing=str(error))

    kinds = (*_ON_FARGATE, *_ON_INSTANCES)
    return [(workload, {kind: cell(kind, workload) for kind in kinds}) for workload in WORKLOADS]


def _on_instances(kind: str, workload: Workload, prices: Prices, region: str, assumed: Assumptions) -> Cell:
    disk = _ON_INSTANCES[kind][1] * prices.price("ebs-gp3").usd / HOURS_OF_MONTH
    candidates = [
        item
        for item in load_instances().values()
        if item.architecture == "arm64"
        and (workload.mostly_idle or not item.burstable)
        and region in item.prices
    ]

    def extra(instance: Instance) -> float:
        managed = kind == "managed-instances"
        return disk + (prices.price(f"{MANAGED}{instance.type}").usd if managed else 0.0)

    found = cheapest(
        [workload.load],
        candidates,
        region,
        assumed.instance_reserved_gb,
        extra=extra,
        minimum=_ZONES if workload.share == 1 else 1,
    )
    if found is None:
        raise MissingPriceError(f"no price of an instance for {workload.name} is known in {region}")
    instance, count = found
    hourly = count * (prices.price(f"{INSTANCE}{instance.type}").usd + extra(instance))
    return Cell(usd=hourly * assumed.hours * workload.share, instances=f"{count} x {instance.type}")


def lines(table: Sequence[Row], region: str) -> Iterator[str]:
    """Yield the table in Markdown, and notes."""
    titles = [*_ON_FARGATE.values(), *(title for title, _ in _ON_INSTANCES.values())]
    yield f"| In {region}, dollars a month | {' | '.join(titles)} |"
    yield f"|---|{'---|' * len(titles)}"
    for workload, cells in table:
        yield f"| {workload} | {' | '.join(map(str, cells.values()))} |"
    yield ""
    yield from NOTES
    yield from dict.fromkeys(cell.missing for _, cells in table for cell in cells.values() if cell.missing)


def as_json(table: Sequence[Row], region: str) -> dict[str, Any]:
    """Return the table as plain data."""
    return {
        "region": region,
        "workloads": [
            {
                "name": workload.name,
                "tasks": workload.load.tasks,
                "vcpus": workload.load.vcpus,
                "gb": workload.load.gib,
                "share_of_month": round(workload.share, 4),
                "costs": {
                    kind: {
                        "usd_per_month": None if cell.usd is None else round(cell.usd, 2),
                        "instances": cell.instances or None,
                    }
                    for kind, cell in cells.items()
                },
            }
            for workload, cells in table
        ],
        "missing_prices": sorted(
            {cell.missing for _, cells in table for cell in cells.values() if cell.missing}
        ),
    }
