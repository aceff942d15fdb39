"""Where a price was read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a price was read, and when."""

    url: str
    read: date
    via: str | None = None
    """A public transcript of that page, if there is one."""
