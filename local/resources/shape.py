"""Live values in the form that the program gave: what means the same is returned as it was asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast


def without_empty(value: Any) -> Any:
    """Return `value` without None, empty texts, lists and objects, all the way down."""
    if isinstance(value, Mapping):
        items = {str(key): without_empty(item) for key, item in cast("Mapping[Any, Any]", value).items()}
        return {key: item for key, item in items.items() if item is not None} or None
    if isinstance(value, list | tuple):
        kept = [without_empty(item) for item in cast("list[Any]", value)]
        return [item for item in kept if item is not None] or None
    return None if value == "" else value


def unordered(value: Any) -> Any:
    """Return `value` without what is empty and with every list in one order, as AWS's sets are compared."""
    return _sorted(without_empty(value))


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(item) for key, item in sorted(cast("dict[str, Any]", value).items())}
    if isinstance(value, list):
        items = [_sorted(item) for item in cast("list[Any]", value)]
        return sorted(items, key=lambda item: json.dumps(item, sort_keys=True))
    return value


def as_asked(asked: Any, live: Any) -> Any:
    """Return `asked` where `live` means the same (order, empty parts), else `live`."""
    return asked if asked is not None and unordered(asked) == unordered(live) else live


def same_members(old: list[Any], new: list[Any]) -> bool:
    """Whether two lists hold the same, in whatever order; unlike `as_asked` they may hold unknowns."""
    return all(item in new for item in old) and all(item in old for item in new)


def json_as_asked(asked: Any, live: str) -> str:
    """Return the JSON text that was asked for where the live one means the same, else the live one."""
    if isinstance(asked, str):
        try:
            if json.loads(asked) == json.loads(live):
                return asked
        except ValueError:
            pass
    return live


def strategy(items: Any) -> list[dict[str, Any]]:
    """Return a capacity provider strategy with the weights and bases that ECS adds, in one order."""
    asked = cast("list[dict[str, Any]]", items or [])
    complete = [{"base": 0, "weight": 0} | {k: v for k, v in item.items() if v is not None} for item in asked]
    return sorted(complete, key=lambda item: str(item["capacityProvider"]))


def without_defaults(
    asked: Mapping[str, Any] | None, live: Mapping[str, Any], defaults: Mapping[str, Any]
) -> Any:
    """Return `live` without what has its default and was not asked for."""
    given = asked or {}
    return {
        key: value
        for key, value in live.items()
        if value is not None and (given.get(key) is not None or defaults.get(key) != value)
    }
