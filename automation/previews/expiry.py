"""The stack of a pull request, and when it is removed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from automation.previews.names import number_of


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A pull request's stack; if its first update failed, base, address and expiry are unknown."""

    stack: str
    base: str | None = None
    address: str | None = None
    expires: datetime | None = None
    last_update: datetime | None = None
    under_way: bool = False
    """Whether an update is running."""

    @property
    def number(self) -> int:
        """The number of the pull request."""
        return number_of(self.stack)


def reason_to_remove(
    preview: Preview, *, now: datetime, lifetime: timedelta, open_numbers: Collection[int] | None
) -> str | None:
    """Return why a stack is to be removed; None if it is kept.

    Args:
        preview: the stack.
        now: the current time.
        lifetime: time from the last update, for a stack without an expiry.
        open_numbers: the numbers of open pull requests; None if they are unknown.
    """
    if open_numbers is not None and preview.number not in open_numbers:
        return f"pull request {preview.number} is not open"
    if preview.expires is not None:
        return f"it expired at {minute(preview.expires)}" if preview.expires <= now else None
    if preview.last_update is None:
        # Its first update may be about to start.
        return None if open_numbers is not None or preview.under_way else "it was never updated"
    end = preview.last_update + lifetime
    return f"its first update failed, and it expired at {minute(end)}" if end <= now else None


def minute(at: datetime | None) -> str:
    """Return a time as text, to the minute in UTC."""
    return "unknown" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
