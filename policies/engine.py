"""Converts resources as Pulumi's engine reports them to what controls read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from policies.resources import UNKNOWN

UNKNOWN_MARKERS: Final = frozenset(
    {
        # A string, boolean, number, array, asset, archive and object that are known only after an update.
        # The Python SDK has the first one only:
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
SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
"""The key that marks an object as a secret or an asset."""


def plain(value: Any) -> Any:
    """Return a value with UNKNOWN for secrets, assets and values that are known only after an update."""
    if isinstance(value, str):
        return UNKNOWN if value in UNKNOWN_MARKERS else value
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value)
        if SIGNATURE in items:
            return UNKNOWN
        return {key: _item(items, key) for key in items}
    if isinstance(value, Sequence):
        return [_item(cast("Any", value), index) for index in range(len(cast("Sequence[Any]", value)))]
    return value


def name_of(urn: str) -> str:
    """Return a resource's logical name."""
    return urn.rpartition("::")[2]


def _item(values: Any, key: Any) -> Any:
    try:
        value = values[key]
    except Exception as error:
        # Pulumi's policy SDK raises this error for an unknown value; the SDK is not installed everywhere.
        if type(error).__name__ != "UnknownValueError":
            raise
        return UNKNOWN
    return plain(value)
