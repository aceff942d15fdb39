"""Usage in a month, and the stack around a resource."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, cast

from automation.cost.assumptions import Assumptions
from automation.cost.resources import Resource, Stack
from automation.cost.tasks import SERVICE, Tasks, tasks_of

KB_IN_GB: Final = 1024 * 1024
MIB_IN_GB: Final = 1024
UNITS_IN_VCPU: Final = 1024
_FREE_STORAGE_GB: Final = 20
_ARCHITECTURES: Final = {"ARM64": "arm64", "X86_64": "x86_64"}


@dataclass(frozen=True)
class Usage:
    """How much a resource uses in a month of something that has a price."""

    price: str
    quantity: float
    group: str
    """Group on the bill: Fargate, public addresses, logs."""
    what: str
    assumes: tuple[str, ...] = ("hours",)


@dataclass(frozen=True)
class Context:
    """The stack around a resource, and what is assumed of it."""

    stack: Stack
    assumed: Assumptions

    @cached_property
    def tasks(self) -> Mapping[str, Tasks]:
        """How many tasks each service runs, by its logical name."""
        scaling = self.assumed.scaling
        return {service.name: tasks_of(service, self.stack, scaling) for service in self.stack.all(SERVICE)}

    @cached_property
    def services(self) -> list[Resource]:
        """The services that run a task at any time."""
        return [service for service in self.stack.all(SERVICE) if self.tasks[service.name].awake]

    def tasks_together(self, services: Iterable[Resource]) -> float:
        """How many tasks services run on average."""
        return sum(self.tasks[service.name].average for service in services)

    @property
    def response_gb(self) -> float:
        """What a service answers in a month, in GB."""
        return self.assumed.requests * self.assumed.response_kb / KB_IN_GB


Meter = Callable[[Resource, Context], Iterable[Usage]]


def task_size(definition: Resource) -> tuple[float, float]:
    """Return vCPUs and GB of a task: its own, or on instances what its containers reserve."""
    cpu, memory = definition.whole("cpu"), definition.whole("memory")
    if not cpu or not memory:
        containers = _containers(definition)
        cpu = cpu or sum(int(container.get("cpu") or 0) for container in containers)
        memory = memory or sum(
            int(container.get("memoryReservation") or container.get("memory") or 0)
            for container in containers
        )
    return cpu / UNITS_IN_VCPU, memory / MIB_IN_GB


def _containers(definition: Resource) -> list[Mapping[str, Any]]:
    text = definition.properties.get("containerDefinitions")
    try:
        containers = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        containers = None
    return cast("list[Mapping[str, Any]]", containers) if isinstance(containers, list) else []


def task_architecture(definition: Resource) -> str:
    """Return the processor that a task is made for."""
    platform = definition.block("runtimePlatform").get("cpuArchitecture") or "X86_64"
    return _ARCHITECTURES[str(platform)]


def fargate_hours(definition: Resource, task_hours: float, kind: str = "fargate") -> dict[str, float]:
    """Return what tasks use of Fargate's vCPUs and memory, by the keys of their prices."""
    vcpus, gb = task_size(definition)
    of = f"{kind}-{task_architecture(definition)}"
    return {f"{of}-vcpu": vcpus * task_hours, f"{of}-memory": gb * task_hours}


def fargate(
    definition: Resource,
    task_hours: float,
    provider: str,
    group: str = "Fargate",
    assumes: tuple[str, ...] = ("hours",),
) -> Iterator[Usage]:
    """Yield what tasks are billed for on a capacity provider: nothing where it is not one of Fargate's."""
    if provider not in ("FARGATE", "FARGATE_SPOT"):
        return
    spot = provider == "FARGATE_SPOT"
    name = f"{'Spot ' if spot else ''}{task_architecture(definition)}"
    used = fargate_hours(definition, task_hours, "fargate-spot" if spot else "fargate")
    for (price, quantity), what in zip(used.items(), ("vCPU", "memory"), strict=True):
        yield Usage(price, quantity, group, f"{name}, {what}", assumes)
    storage = int(definition.block("ephemeralStorage").get("sizeInGib") or _FREE_STORAGE_GB)
    paid = max(0, storage - _FREE_STORAGE_GB) * task_hours
    yield Usage("fargate-storage", paid, group, f"storage above {_FREE_STORAGE_GB} GB", assumes)
