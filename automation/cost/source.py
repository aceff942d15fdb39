"""Where a price was read, and the tables of prices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, cast

import yaml

# The one in C reads both tables in a twentieth of a second, the other in half of one.
_FastLoader: Final[type[yaml.SafeLoader]] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a price was read, and when."""

    url: str
    read: date
    via: str | None = None
    """A public transcript of that page, if there is one."""


def read_table(path: Path) -> dict[str, Any]:
    """Read one of the tables in this folder."""
    text = path.read_text(encoding="utf-8")
    return cast("dict[str, Any]", yaml.load(text, Loader=_FastLoader))  # noqa: S506 -- it is a safe one
