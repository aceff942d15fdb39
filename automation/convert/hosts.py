"""Which Route 53 zone a host name is in, as far as the name tells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_SECOND_LEVEL: Final = frozenset({"co", "com", "org", "net", "gov", "ac", "edu", "gob", "ne", "or"})
_COUNTRY: Final = 2
_FEWEST: Final = 2


def zone_of(host: str) -> str:
    """Return the zone that most likely holds a name: all but its first label, or itself at the apex."""
    labels = host.removeprefix("*.").split(".")
    return host.removeprefix("*.") if len(labels) <= _registered(labels) else ".".join(labels[1:])


def common_zone(hosts: Sequence[str]) -> str:
    """Return the longest name in which all hosts are, else the zone of the first."""
    first = zone_of(hosts[0])
    labels = first.split(".")
    for start in range(len(labels) - _registered(labels) + 1):
        zone = ".".join(labels[start:])
        if all(is_in(host, zone) for host in hosts):
            return zone
    return first


def is_in(host: str, zone: str) -> bool:
    """Whether a zone can hold a name."""
    return f".{host}".endswith(f".{zone}")


def _registered(labels: Sequence[str]) -> int:
    """Return how many labels a name has that somebody registered: example.com, example.co.uk."""
    is_country = len(labels) > _FEWEST and len(labels[-1]) == _COUNTRY and labels[-2] in _SECOND_LEVEL
    return _FEWEST + 1 if is_country else _FEWEST
