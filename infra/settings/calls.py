"""Which services call which, and by which alias."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final

from infra.settings.model import Fault, repeated
from infra.settings.service import ServiceSettings

_HTTP_PORT: Final = 80


def of_copy(service: ServiceSettings, copy: str) -> dict[str, Any]:
    """Return what is different for a copy: no two services have the same name."""
    changes: dict[str, Any] = {}
    if alias := service.connect.alias:
        label, dot, rest = alias.partition(".")
        changes["connect"] = service.connect.model_copy(update={"alias": f"{label}-{copy}{dot}{rest}"})
    if name := service.discovery.name:
        changes["discovery"] = service.discovery.model_copy(update={"name": f"{name}-{copy}"})
    return changes


def endpoint(service: ServiceSettings) -> tuple[str, int] | None:
    """Return the alias and the port by which others reach a service; None for one that offers nothing."""
    own = service.connect
    if not own.enabled or not own.offers:
        return None
    usual = service.ingress[1] if own.protocol == "tcp" else _HTTP_PORT
    return own.alias or service.name, own.port or usual


def address_of(service: ServiceSettings) -> str | None:
    """Return alias and port as one text; None for a service that offers nothing."""
    reached = endpoint(service)
    return f"{reached[0]}:{reached[1]}" if reached else None


def called_by(service: ServiceSettings, services: Sequence[ServiceSettings]) -> list[ServiceSettings]:
    """Return the services that one calls, and that have to be there before it."""
    own = service.connect
    offering = [one for one in services if endpoint(one) and one.name != service.name]
    if own.calls:
        return [one for one in offering if one.name in own.calls]
    return [] if own.offers or not own.enabled else offering


def in_order_of_calls(services: Sequence[ServiceSettings]) -> list[ServiceSettings]:
    """Return services with those that are called before those that call them."""
    named = {one.name: one for one in services}
    calls = {one.name: [called.name for called in called_by(one, services)] for one in services}
    return [named[name] for name in TopologicalSorter(calls).static_order()]


def faults_of_calls(services: Mapping[tuple[str | int, ...], ServiceSettings]) -> Iterator[Fault]:
    """Yield calls of services that do not exist, or that call each other.

    Args:
        services: by where they stand in the stack file.
    """
    every, unknown = [*services.values()], False
    for place, service in services.items():
        known = [one.name for one in every if endpoint(one) and one.name != service.name]
        for index, name in enumerate(service.connect.calls):
            if name not in known:
                unknown = True
                there = f"one of {', '.join(known)}" if known else "none: no other service offers anything"
                yield Fault(there, (*place, "connect", "calls", index), name)
    try:
        _ = unknown or in_order_of_calls(every)
    except CycleError as error:
        circle: list[str] = error.args[1]
        first = next(place for place, one in services.items() if one.name in circle)
        path, names = (*first, "connect", "calls"), " ← ".join(circle)
        yield Fault("services that do not call this one in turn: each waits for those it calls", path, names)


def faults_of_names(services: Sequence[ServiceSettings]) -> Iterator[Fault]:
    """Yield names by which two services of a stack would be reached."""
    for fault in repeated(filter(None, map(address_of, services))):
        one = "an alias and port of its own for each service"
        yield Fault(f"{one}: two would be reached at {fault.value}", ("connect", "alias"), fault.value)
    names = [one.discovery.name or one.name for one in services if one.discovery.enabled]
    for fault in repeated(names):
        yield Fault("a name of its own for each service", ("discovery", "name"), fault.value)
