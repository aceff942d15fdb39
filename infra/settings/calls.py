"""Which services call which, and by which alias."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Final

from infra.settings.faults import Fault, Path, repeated
from infra.settings.service import ServiceSettings

_HTTP_PORT: Final = 80


def endpoint(service: ServiceSettings) -> tuple[str, int] | None:
    """Return the alias and the port by which others reach a service; None for one that offers nothing."""
    connect = service.connect
    if not connect.enabled or not connect.offers:
        return None
    default = service.ingress[1] if connect.protocol == "tcp" else _HTTP_PORT
    return connect.alias or service.name, connect.port or default


def address_of(service: ServiceSettings) -> str | None:
    """Return alias and port as one text; None for a service that offers nothing."""
    address = endpoint(service)
    return f"{address[0]}:{address[1]}" if address else None


def called_by(service: ServiceSettings, services: Sequence[ServiceSettings]) -> list[ServiceSettings]:
    """Return the services that one calls, which have to be deployed before it."""
    connect = service.connect
    offering = [other for other in services if endpoint(other) and other.name != service.name]
    if connect.calls:
        return [other for other in offering if other.name in connect.calls]
    return [] if connect.offers or not connect.enabled else offering


def in_order_of_calls(services: Sequence[ServiceSettings]) -> list[ServiceSettings]:
    """Return services in the order of their deployment: those that are called before their callers.

    Raises:
        CycleError: services call each other in turn.
    """
    by_name = {service.name: service for service in services}
    calls = {
        name: [other.name for other in called_by(service, services)] for name, service in by_name.items()
    }
    return [by_name[name] for name in TopologicalSorter(calls).static_order()]


def faults_of_calls(services: Mapping[Path, ServiceSettings]) -> Iterator[Fault]:
    """Yield calls of services, by their paths in the stack file, that do not exist or call each other."""
    everything, unknown = [*services.values()], False
    for path, service in services.items():
        offering = [one.name for one in everything if endpoint(one) and one.name != service.name]
        for index, name in enumerate(service.connect.calls):
            if name not in offering:
                unknown = True
                known = (
                    f"one of {', '.join(offering)}" if offering else "none: no other service offers anything"
                )
                yield Fault((*path, "connect", "calls", index), known, name)
    try:
        _ = unknown or in_order_of_calls(everything)
    except CycleError as error:
        cycle: list[str] = error.args[1]
        path = next(path for path, service in services.items() if service.name in cycle)
        wait = "services that do not call this one in turn: each waits for those it calls"
        yield Fault((*path, "connect", "calls"), wait, " ← ".join(cycle))


def faults_of_names(services: Sequence[ServiceSettings]) -> Iterator[Fault]:
    """Yield names by which two services of a stack would be reached."""
    for fault in repeated(filter(None, map(address_of, services))):
        unique = f"an alias and port of its own for each service: two would be reached at {fault.value}"
        yield Fault(("connect", "alias"), unique, fault.value)
    names = [service.discovery.name or service.name for service in services if service.discovery.enabled]
    for fault in repeated(names):
        yield Fault(("discovery", "name"), "a name of its own for each service", fault.value)
