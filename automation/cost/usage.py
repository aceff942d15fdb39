"""Usage in a month, and the stack around a resource."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from automation.cost.assumptions import Assumptions
from automation.cost.resources import Resource, Stack
from automation.cost.tasks import SERVICE, Tasks, task_architecture, task_size, tasks_of

_KB_IN_GB: Final = 1024 * 1024
_FREE_STORAGE_GB: Final = 20


@dataclass(frozen=True)
class Usage:
    """The quantity of something with a price that a resource uses in a month."""

    price: str
    """The key of the price."""
    quantity: float
    group: str
    """The group on the bill, such as Fargate."""
    what: str
    assumptions: tuple[str, ...] = ("hours",)
    """The assumptions that the quantity depends on."""


@dataclass(frozen=True)
class Context:
    """The stack around a resource, and the assumptions about it."""

    stack: Stack
    assumed: Assumptions

    @cached_property
    def tasks(self) -> Mapping[str, Tasks]:
        """The number of tasks of each service, by its logical name."""
        scaling = self.assumed.scaling
        return {service.name: tasks_of(service, self.stack, scaling) for service in self.stack.all(SERVICE)}

    @cached_property
    def services(self) -> list[Resource]:
        """The services that run tasks at any time."""
        return [service for service in self.stack.all(SERVICE) if self.tasks[service.name].awake]

    def total_tasks(self, services: Iterable[Resource]) -> float:
        """Return the average number of tasks of several services."""
        return sum(self.tasks[service.name].average for service in services)

    @property
    def response_gb(self) -> float:
        """GB of a service's responses in a month."""
        return self.assumed.requests * self.assumed.response_kb / _KB_IN_GB


Meter = Callable[[Resource, Context], Iterable[Usage]]


def fargate_hours(definition: Resource, task_hours: float, kind: str = "fargate") -> dict[str, float]:
    """Return vCPU-hours and GB-hours of tasks on Fargate, by the keys of their prices."""
    vcpus, gb = task_size(definition)
    prefix = f"{kind}-{task_architecture(definition)}"
    return {f"{prefix}-vcpu": vcpus * task_hours, f"{prefix}-memory": gb * task_hours}


def fargate(
    definition: Resource,
    task_hours: float,
    provider: str,
    group: str = "Fargate",
    assumptions: tuple[str, ...] = ("hours",),
) -> Iterator[Usage]:
    """Yield the usage of tasks on a capacity provider; nothing if it is not one of Fargate's."""
    if provider not in ("FARGATE", "FARGATE_SPOT"):
        return
    spot = provider == "FARGATE_SPOT"
    name = f"{'Spot ' if spot else ''}{task_architecture(definition)}"
    used = fargate_hours(definition, task_hours, "fargate-spot" if spot else "fargate")
    for (price, quantity), what in zip(used.items(), ("vCPU", "memory"), strict=True):
        yield Usage(price, quantity, group, f"{name}, {what}", assumptions)
    storage = int(definition.block("ephemeralStorage").get("sizeInGib") or _FREE_STORAGE_GB)
    paid = max(0, storage - _FREE_STORAGE_GB) * task_hours
    yield Usage("fargate-storage", paid, group, f"storage above {_FREE_STORAGE_GB} GB", assumptions)
