"""Tags: the local run's own ones mark each resource with its URN and are hidden from the program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Final

URN_TAG: Final = "node-on-ecs:urn"
"""Tag by which `find` finds what an interrupted run created."""
OWN_PREFIX: Final = "node-on-ecs:"
"""Prefix of every tag that the local run adds; no `read` returns them."""


def urn_tag_value(urn: str) -> str:
    """Return the value of `URN_TAG`: a hash, for a URN can be longer than the 256 characters of a tag."""
    return sha256(urn.encode()).hexdigest()


def with_urn(tags: Mapping[str, str] | None, urn: str) -> dict[str, str]:
    """Return `tags` and the tag with the URN."""
    return {**(tags or {}), URN_TAG: urn_tag_value(urn)}


def carries(tags: Mapping[str, str], urn: str) -> bool:
    """Whether a resource with these tags was created for `urn`."""
    return tags.get(URN_TAG) == urn_tag_value(urn)


def visible(tags: Mapping[str, str]) -> dict[str, str]:
    """Return `tags` without the local run's own."""
    return {key: value for key, value in tags.items() if not key.startswith(OWN_PREFIX)}


def pairs(tags: Mapping[str, str], *, lower: bool = False) -> list[dict[str, str]]:
    """Return `tags` as AWS's list of `Key` and `Value`, or of `key` and `value` where `lower`."""
    key_name, value_name = ("key", "value") if lower else ("Key", "Value")
    return [{key_name: key, value_name: value} for key, value in tags.items()]


def from_pairs(items: Iterable[Mapping[str, Any]] | None) -> dict[str, str]:
    """Return AWS's list of pairs, in either spelling, as a mapping."""
    return {
        str(item.get("Key", item.get("key"))): str(item.get("Value", item.get("value", "")))
        for item in items or ()
    }


def changes(old: Mapping[str, str] | None, new: Mapping[str, str] | None) -> tuple[dict[str, str], list[str]]:
    """Return the tags to set and the keys to remove to get from `old` to `new`."""
    before, after = old or {}, new or {}
    to_set = {key: value for key, value in after.items() if before.get(key) != value}
    to_remove = [key for key in before if key not in after and not key.startswith(OWN_PREFIX)]
    return to_set, to_remove
