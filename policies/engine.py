"""From what Pulumi's engine tells of resources to what controls read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from policies.resources import UNKNOWN

_UNKNOWN: Final = frozenset(
    {
        # What stands for a value that is known only later, by its kind:
        # https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/plugin/rpc.go
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
"""Marks secrets and assets, of which no control can say anything."""


def plain(value: Any) -> Any:
    """Return a value as controls read it: UNKNOWN for secrets and for what an update makes known."""
    if isinstance(value, str):
        return UNKNOWN if value in _UNKNOWN else value
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value)
        if _SIGNATURE in items:
            return UNKNOWN
        return {key: _read(items, key) for key in items}
    if isinstance(value, Sequence):
        return [_read(cast("Any", value), index) for index in range(len(cast("Sequence[Any]", value)))]
    return value


def name_of(urn: str) -> str:
    """Return a resource's logical name."""
    return urn.rpartition("::")[2]


def _read(values: Any, key: Any) -> Any:
    try:
        found = values[key]
    except Exception as error:
        # Pulumi's policy SDK raises its own error where a value is unknown; it is not installed everywhere.
        if type(error).__name__ != "UnknownValueError":
            raise
        return UNKNOWN
    return plain(found)
