"""Changes of a stack's resources, and how they are shown: the same on a terminal, in logs and in comments."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

Kind = Literal["create", "update", "replace", "delete"]

KINDS: Final[tuple[Kind, ...]] = ("create", "update", "replace", "delete")
_SIGNS: Final[Mapping[Kind, str]] = {"create": "+", "update": "~", "replace": "±", "delete": "-"}
_PAST: Final[Mapping[Kind, str]] = {
    "create": "created",
    "update": "changed",
    "replace": "replaced",
    "delete": "deleted",
}
_PATH_STEP: Final = re.compile(r"""\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.\[\]"]+|\*)""")


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A property before and after, each on one line and without secrets; None if it is missing."""

    path: str
    old: str | None = None
    new: str | None = None


@dataclass(frozen=True, kw_only=True)
class Change:
    """A planned or detected change of one resource."""

    kind: Kind
    urn: str
    type: str
    differences: tuple[Difference, ...] = ()
    cause: str = ""
    """Who or what changed it, if that is known."""

    @property
    def name(self) -> str:
        """The resource's logical name."""
        return self.urn.rpartition("::")[2]

    def lines(self) -> Iterator[str]:
        """Yield a line for the resource, and one for each property."""
        # aws:ecs:Service instead of aws:ecs/service:Service
        package, module, cls = (*self.type.split(":", 2), "", "")[:3]
        module = module.partition("/")[0]
        short = ":".join((package, cls) if module in ("", "index") else (package, module, cls))
        cause = f" differs from the state: {self.cause}" if self.cause else ""
        yield f"{_SIGNS[self.kind]} {short} {self.name}{cause}"
        for item in self.differences:
            yield f"      {item.path}: {item.old or '(none)'} → {item.new or '(none)'}"


@dataclass(frozen=True, kw_only=True)
class Changes:
    """All changes of a stack, by kind, type and name."""

    changes: tuple[Change, ...] = ()
    same: int = 0
    """The number of resources that do not change."""

    def __bool__(self) -> bool:
        return bool(self.changes)

    @property
    def counts(self) -> Mapping[Kind, int]:
        """The number of changes of each kind that occurs."""
        return {
            kind: count for kind in KINDS if (count := sum(change.kind == kind for change in self.changes))
        }

    @property
    def summary(self) -> str:
        """How many resources an update changes, by kind."""
        if not self:
            return "no changes"
        counts = [f"{count} to {kind}" for kind, count in self.counts.items()]
        return ", ".join([*counts, f"{self.same} unchanged"] if self.same else counts)

    @property
    def drift_summary(self) -> str:
        """How many resources differ from the state, by kind."""
        # Without the unchanged ones: a refresh counts components, too.
        kinds = ", ".join(f"{count} {_PAST[kind]}" for kind, count in self.counts.items())
        return f"differs from the state: {kinds}" if self else "no drift"

    def lines(self) -> Iterator[str]:
        """Yield the lines of each change."""
        for change in self.changes:
            yield from change.lines()

    def without(self, ignored: Mapping[str, Collection[str]]) -> Changes:
        """Return the changes without ignored properties: paths by URN."""
        kept: list[Change] = []
        for change in self.changes:
            paths = [parse_path(path) for path in ignored.get(change.urn, ())]
            differences = tuple(item for item in change.differences if not _is_within(item.path, paths))
            if change.kind != "update" or differences or not change.differences:
                kept.append(replace(change, differences=differences))
        return Changes(changes=tuple(kept), same=self.same + len(self.changes) - len(kept))

    def as_json(self) -> dict[str, Any]:
        """Return the changes as plain data."""
        changes = [{**asdict(change), "name": change.name} for change in self.changes]
        return {"counts": dict(self.counts), "unchanged": self.same, "changes": changes}


def parse_path(path: str) -> tuple[str | int, ...]:
    """Split a property path of Pulumi, such as `a.b[0]["c.d"]`, into its steps; `*` stands for any step."""
    return tuple(
        int(index) if index else name or quoted.replace('\\"', '"')
        for quoted, index, name in _PATH_STEP.findall(path)
    )


def _is_within(path: str, outer_paths: Collection[tuple[str | int, ...]]) -> bool:
    inner = parse_path(path)
    return any(
        len(outer) <= len(inner) and all(step in ("*", own) for step, own in zip(outer, inner, strict=False))
        for outer in outer_paths
    )
