"""Tags as handlers need them: found again by URN, and shown to the program without our own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Final

URN_TAG: Final = "node-on-ecs:urn"
"""Tag by which `find` finds what an interrupted run had made."""
OWN_PREFIX: Final = "node-on-ecs:"
"""Every tag that the local run adds for itself begins with this, and no `read` shows it."""


def urn_tag_value(urn: str) -> str:
    """Return the value of `URN_TAG`: it holds 256 characters, and a URN can be longer."""
    return sha256(urn.encode()).hexdigest()


def with_urn(tags: Mapping[str, str] | None, urn: str) -> dict[str, str]:
    """Return `tags` and the one by which an interrupted run is found again."""
    return {**(tags or {}), URN_TAG: urn_tag_value(urn)}


def carries(tags: Mapping[str, str], urn: str) -> bool:
    """Whether these tags say that the resource was made for `urn`."""
    return tags.get(URN_TAG) == urn_tag_value(urn)


def visible(tags: Mapping[str, str]) -> dict[str, str]:
    """Return `tags` without our own."""
    return {key: value for key, value in tags.items() if not key.startswith(OWN_PREFIX)}


def pairs(tags: Mapping[str, str], *, lower: bool = False) -> list[dict[str, str]]:
    """Return `tags` as AWS takes them: `Key` and `Value`, or `key` and `value` where `lower`."""
    key_name, value_name = ("key", "value") if lower else ("Key", "Value")
    return [{key_name: key, value_name: value} for key, value in tags.items()]


def from_pairs(items: Iterable[Mapping[str, Any]] | None) -> dict[str, str]:
    """Return AWS's pairs, in either spelling, as a mapping."""
    return {
        str(item.get("Key", item.get("key"))): str(item.get("Value", item.get("value", "")))
        for item in items or ()
    }


def changes(old: Mapping[str, str] | None, new: Mapping[str, str] | None) -> tuple[dict[str, str], list[str]]:
    """Return the tags to set and the keys to remove on the way from `old` to `new`."""
    before, after = old or {}, new or {}
    to_set = {key: value for key, value in after.items() if before.get(key) != value}
    to_remove = [key for key in before if key not in after and not key.startswith(OWN_PREFIX)]
    return to_set, to_remove
