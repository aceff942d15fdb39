"""The YAML tables of prices in this folder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, cast

import yaml

# The loader in C takes a tenth of the time.
_Loader: Final[type[yaml.SafeLoader]] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where and when a price was read."""

    url: str
    read: date
    via: str | None = None
    """A public copy of that page."""


def read_table(name: str) -> dict[str, Any]:
    """Read a table in this folder."""
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    return cast("dict[str, Any]", yaml.load(text, Loader=_Loader))  # noqa: S506 -- it is a safe loader
