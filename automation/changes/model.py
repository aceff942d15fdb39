"""Changes, as people and programs look at them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from automation.changes import property_path

Kind = Literal["create", "update", "replace", "delete"]

KINDS: Final[tuple[Kind, ...]] = ("create", "update", "replace", "delete")
SIGNS: Final[Mapping[Kind, str]] = {"create": "+", "update": "~", "replace": "±", "delete": "-"}


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A property before and after, on one line each and without secrets; None where there is nothing."""

    path: str
    old: str | None = None
    new: str | None = None


@dataclass(frozen=True, kw_only=True)
class Change:
    """What happens, or has happened, to one resource."""

    kind: Kind
    urn: str
    type: str
    differences: tuple[Difference, ...] = ()

    @property
    def name(self) -> str:
        """The resource's logical name."""
        return self.urn.rpartition("::")[2]


@dataclass(frozen=True, kw_only=True)
class Changes:
    """All changes of a stack, by kind and then by type and name."""

    changes: tuple[Change, ...] = ()
    same: int = 0
    """Resources that stay as they are."""

    def __bool__(self) -> bool:
        return bool(self.changes)

    @property
    def counts(self) -> Mapping[Kind, int]:
        """How many there are of each kind, without those that there are none of."""
        return {
            kind: count for kind in KINDS if (count := sum(change.kind == kind for change in self.changes))
        }

    def without(self, left_to_others: Mapping[str, Collection[str]]) -> Changes:
        """Return them less what the program leaves to others: property paths, by URN."""
        kept: list[Change] = []
        for change in self.changes:
            paths = list(left_to_others.get(change.urn, ()))
            differences = tuple(one for one in change.differences if not _within(one.path, paths))
            if change.kind != "update" or differences or not change.differences:
                kept.append(replace(change, differences=differences))
        return Changes(changes=tuple(kept), same=self.same + len(self.changes) - len(kept))


def _within(path: str, paths: list[str]) -> bool:
    try:
        return property_path.covers(paths, path)
    except property_path.PropertyPathError:
        # What cannot be read is told rather than left out.
        return False


def as_json(changes: Changes) -> dict[str, Any]:
    """Return what a program reads."""
    return {
        "counts": dict(changes.counts),
        "same": changes.same,
        "changes": [
            {
                "kind": change.kind,
                "type": change.type,
                "name": change.name,
                "urn": change.urn,
                "differences": [
                    {"path": one.path, "old": one.old, "new": one.new} for one in change.differences
                ],
            }
            for change in changes.changes
        ],
    }
