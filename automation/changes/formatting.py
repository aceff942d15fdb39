"""Changes as text: one line for each, the same on a terminal, in a log and in a comment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from automation.changes.model import Change, Changes, Kind

_SIGNS: Final[Mapping[Kind, str]] = {"create": "+", "update": "~", "replace": "±", "delete": "-"}
_DRIFT: Final[Mapping[Kind, str]] = {
    "create": "created",
    "update": "changed",
    "replace": "replaced",
    "delete": "deleted",
}


def summary(changes: Changes) -> str:
    """Return how many resources an update changes, by kind."""
    if not changes:
        return "no changes"
    counts = [f"{count} to {kind}" for kind, count in changes.counts.items()]
    return ", ".join([*counts, f"{changes.same} unchanged"] if changes.same else counts)


def drift_summary(changes: Changes) -> str:
    """Return how many resources differ from the state, and how."""
    # Without those that do not: a refresh counts components, too.
    kinds = ", ".join(f"{count} {_DRIFT[kind]}" for kind, count in changes.counts.items())
    return f"differs from the state: {kinds}" if changes else "no drift"


def lines(changes: Changes) -> Iterator[str]:
    """Yield a line for each change, with its properties below."""
    for change in changes.changes:
        cause = f" differs from the state: {change.cause}" if change.cause else ""
        yield f"{_SIGNS[change.kind]} {_short(change)} {change.name}{cause}"
        for one in change.differences:
            yield f"      {one.path}: {one.old or '(none)'} → {one.new or '(none)'}"


def _short(change: Change) -> str:
    """Return a type as people write it: aws:ecs:Service for aws:ecs/service:Service."""
    package, _, rest = change.type.partition(":")
    module, _, cls = rest.partition(":")
    module = module.partition("/")[0]
    return f"{package}:{cls}" if module in ("", "index") else f"{package}:{module}:{cls}"
