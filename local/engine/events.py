"""What a run tells whoever shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Operation = Literal["same", "create", "update", "replace", "delete", "read", "refresh", "hook"]
Phase = Literal["begin", "progress", "done", "failed"]


@dataclass(frozen=True)
class Change:
    """A property before and after."""

    old: Any
    new: Any
    replaces: bool = False


@dataclass(frozen=True)
class Event:
    """One thing that happens to one resource."""

    phase: Phase
    operation: Operation
    urn: str
    type: str
    seconds: float = 0.0
    message: str = ""
    changes: Mapping[str, Change] = field(default_factory=dict[str, Change])
    component: bool = False


Listener = Callable[[Event], None]


def name_of(urn: str) -> str:
    """The logical name at the end of a URN."""
    return urn.rsplit("::", 1)[1]
