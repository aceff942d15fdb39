"""Changes in words: one line for each, the same on a terminal, in a log and in a comment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from automation.changes.model import SIGNS, Change, Changes, Kind

_PLANNED: Final[Mapping[Kind, str]] = {
    "create": "to create",
    "update": "to update",
    "replace": "to replace",
    "delete": "to delete",
}
_DRIFTED: Final[Mapping[Kind, str]] = {
    "create": "appeared",
    "update": "changed by hand",
    "replace": "replaced by hand",
    "delete": "gone",
}


def counted(changes: Changes, *, drift: bool = False) -> str:
    """Return how many there are of each kind."""
    words = _DRIFTED if drift else _PLANNED
    told = [f"{count} {words[kind]}" for kind, count in changes.counts.items()]
    if not told:
        return "nothing was changed by hand" if drift else "no changes"
    # How many a refresh tells of depends on the engine: one reads components back as well.
    return ", ".join([*told, f"{changes.same} unchanged"] if changes.same and not drift else told)


def lines(changes: Changes) -> Iterator[str]:
    """Yield what changes, with its properties below."""
    for change in changes.changes:
        yield f"{SIGNS[change.kind]} {_short(change)} {change.name}"
        for one in change.differences:
            yield f"      {one.path}: {one.old or '(none)'} → {one.new or '(none)'}"


def _short(change: Change) -> str:
    """Return a type as people say it: aws:ecs:Service for aws:ecs/service:Service."""
    package, _, rest = change.type.partition(":")
    module, _, cls = rest.partition(":")
    module = module.partition("/")[0]
    return f"{package}:{cls}" if module in ("", "index") else f"{package}:{module}:{cls}"
