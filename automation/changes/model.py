"""Changes of a stack's resources."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

from automation.changes.property_path import covers

Kind = Literal["create", "update", "replace", "delete"]

KINDS: Final[tuple[Kind, ...]] = ("create", "update", "replace", "delete")


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A property before and after, on one line each and without secrets; None where there is nothing."""

    path: str
    old: str | None = None
    new: str | None = None


@dataclass(frozen=True, kw_only=True)
class Change:
    """What happens to one resource, or has happened to it."""

    kind: Kind
    urn: str
    type: str
    differences: tuple[Difference, ...] = ()
    cause: str = ""
    """Who changed it, where that is known."""

    @property
    def name(self) -> str:
        """The resource's logical name."""
        return self.urn.rpartition("::")[2]


@dataclass(frozen=True, kw_only=True)
class Changes:
    """All changes of a stack, by kind and then by type and name."""

    changes: tuple[Change, ...] = ()
    same: int = 0
    """Resources that do not change."""

    def __bool__(self) -> bool:
        return bool(self.changes)

    @property
    def counts(self) -> Mapping[Kind, int]:
        """The number of changes of each kind that occurs."""
        return {
            kind: count for kind in KINDS if (count := sum(change.kind == kind for change in self.changes))
        }

    def without(self, ignored: Mapping[str, Collection[str]]) -> Changes:
        """Return the changes without those of ignored properties: paths by URN."""
        kept: list[Change] = []
        for change in self.changes:
            paths = ignored.get(change.urn, ())
            differences = tuple(one for one in change.differences if not covers(paths, one.path))
            if change.kind != "update" or differences or not change.differences:
                kept.append(replace(change, differences=differences))
        return Changes(changes=tuple(kept), same=self.same + len(self.changes) - len(kept))

    def as_json(self) -> dict[str, Any]:
        """Return the changes for programs."""
        changes = [{**asdict(change), "name": change.name} for change in self.changes]
        return {"counts": dict(self.counts), "same": self.same, "changes": changes}
