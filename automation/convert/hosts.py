"""Host names of a stack, and the Route 53 zones that probably hold them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from automation.convert.draft import Draft
from automation.convert.report import Report

_SECOND_LEVEL: Final = frozenset({"co", "com", "org", "net", "gov", "ac", "edu", "gob", "ne", "or"})
_COUNTRY: Final = 2
_FEWEST: Final = 2


def zone_of(host: str) -> str:
    """Return the zone that most likely holds a name: all but its first label, or itself at the apex."""
    name = host.removeprefix("*.")
    labels = name.split(".")
    return name if len(labels) <= _registered(labels) else ".".join(labels[1:])


def common_zone(hosts: Sequence[str]) -> str:
    """Return the longest name that all hosts are in, else the zone of the first."""
    first = zone_of(hosts[0])
    labels = first.split(".")
    zones = (".".join(labels[start:]) for start in range(len(labels) - _registered(labels) + 1))
    return next((zone for zone in zones if all(_is_in(host, zone) for host in hosts)), first)


def first_name(hosts: Sequence[str]) -> str | None:
    """Return the first host that is not a wildcard."""
    return next((host for host in hosts if not host.startswith("*.")), None)


def set_zones(stack: dict[str, Any], hosts: Sequence[str], zone: str | None, report: Report) -> None:
    """Set the hosted zones of a stack with a domain.

    Args:
        stack: the stack's keys.
        hosts: the names of all services.
        zone: the zone of the domain; None to guess it.
        report: gets a note about a guess.
    """
    stack["zone"] = zone or common_zone([stack["domain"], *hosts])
    if not zone:
        report.todo(
            "", f"the hosted zone in Route 53 is guessed to be {stack['zone']}: check it, or use `--zone`"
        )
    if others := dict.fromkeys(zone_of(host) for host in hosts if not _is_in(host, stack["zone"])):
        stack["alias-zones"] = list(others)


def set_aliases(services: Iterable[tuple[Draft, str]], domain: str) -> None:
    """Set the names that services have beside their default ones.

    Args:
        services: each with the name that it has by default.
        domain: the stack's, which is an alias of no service.
    """
    for service, own in services:
        aliases = [host for host in service.hosts if host not in (own, domain)]
        if aliases and service.exposure == "http":
            service.keys["aliases"] = aliases


def _is_in(host: str, zone: str) -> bool:
    return f".{host}".endswith(f".{zone}")


def _registered(labels: Sequence[str]) -> int:
    """Return the number of labels of the registered name: 2 of example.com, 3 of example.co.uk."""
    is_country = len(labels) > _FEWEST and len(labels[-1]) == _COUNTRY and labels[-2] in _SECOND_LEVEL
    return _FEWEST + 1 if is_country else _FEWEST
