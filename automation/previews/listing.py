"""The stacks of pull requests that there are, and which of them have to go."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from automation.previews.names import number_of


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A pull request's stack, as far as it can be known: one whose first update failed tells little."""

    stack: str
    base: str | None
    address: str | None
    expires: datetime | None
    """As its outputs have it."""
    last_update: datetime | None
    under_way: bool = False
    """Whether an update runs right now."""

    @property
    def number(self) -> int:
        """The pull request's."""
        return number_of(self.stack)

    def time_is_up_at(self, lifetime: timedelta) -> datetime | None:
        """Return when its time is up; without outputs, a lifetime after its last update."""
        if self.expires is not None:
            return self.expires
        return None if self.last_update is None else self.last_update + lifetime


def why_to_remove(
    preview: Preview, *, now: datetime, lifetime: timedelta, still_open: Collection[int] | None
) -> str | None:
    """Return why a stack has to go; None if it may stay.

    Args:
        preview: the stack.
        now: what time it is.
        lifetime: of a stack that does not tell when its time is up.
        still_open: pull requests that are; None if that is not known.
    """
    if still_open is not None and preview.number not in still_open:
        return f"pull request {preview.number} is not open"
    end = preview.time_is_up_at(lifetime)
    if end is None:
        # Somebody may be about to bring it up.
        return None if still_open is not None or preview.under_way else "it was never brought up"
    if end <= now:
        how = "its time was up" if preview.expires is not None else "it did not come up, and its time was up"
        return f"{how} at {end.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return None
