"""When a pull request's stack is removed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from automation.previews.names import number_of


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A pull request's stack; if its first update failed, most fields are unknown."""

    stack: str
    base: str | None
    address: str | None
    expires: datetime | None
    """From its outputs."""
    last_update: datetime | None
    under_way: bool = False
    """Whether an update runs right now."""

    @property
    def number(self) -> int:
        """The pull request's."""
        return number_of(self.stack)


def reason_to_remove(
    preview: Preview, *, now: datetime, lifetime: timedelta, still_open: Collection[int] | None
) -> str | None:
    """Return why a stack has to be removed; None if it is kept.

    Args:
        preview: the stack.
        now: the time.
        lifetime: after its last update, of a stack whose outputs do not say when it expires.
        still_open: the numbers of open pull requests; None if they are not known.
    """
    if still_open is not None and preview.number not in still_open:
        return f"pull request {preview.number} is not open"
    if preview.expires is not None:
        return f"it expired at {minute(preview.expires)}" if preview.expires <= now else None
    if preview.last_update is None:
        # An update may be about to begin.
        return None if still_open is not None or preview.under_way else "it was never updated"
    end = preview.last_update + lifetime
    return f"its first update failed, and it expired at {minute(end)}" if end <= now else None


def minute(at: datetime | None) -> str:
    """Return a time for people."""
    return "unknown" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
