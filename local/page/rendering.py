"""The page's templates, which escape every value, and its static files."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from local.page.model import count

_FOLDER: Final = Path(__file__).parent
_KINDS: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FILES: Final = ("page.css", "page.js", "icon.svg")


def render(template: str, **values: Any) -> str:
    """Return a template's HTML with these values, each of them escaped."""
    return _environment().get_template(template).render(**values)


@cache
def file(name: str) -> tuple[str, str]:
    """Return media type and content of a file of `FILES`."""
    path = _FOLDER / "static" / name
    return _KINDS[path.suffix], path.read_text("utf-8")


@cache
def _environment() -> Any:
    environment: Any = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {"clock": _clock, "count": count, "iso": _iso, "moment": _moment}
    environment.globals["file"] = _address
    return environment


@cache
def _address(name: str) -> str:
    """Return the URL of a file, which changes with its content."""
    return f"/{name}?{hashlib.sha256(file(name)[1].encode()).hexdigest()[:8]}"


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M:%S}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
