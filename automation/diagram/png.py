"""A picture as PNG, drawn by resvg with a font of its own, so that it looks the same on every machine."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from automation.errors import AutomationError

_ZOOM: Final = 2
"""Pixels for each of the picture's: sharp on dense screens."""


def png(svg: str) -> bytes:
    """Return an SVG document as a PNG.

    Raises:
        AutomationError: the packages that draw it are not installed.
    """
    try:
        import resvg_py

        fonts = files("font_lato") / "files"
    except ModuleNotFoundError as error:
        raise AutomationError(
            f"a PNG needs the package {error.name}: run `make venv`, or `pip install -r requirements-dev.txt`"
        ) from error
    drawn = resvg_py.svg_to_bytes(
        svg_string=svg,
        zoom=_ZOOM,
        skip_system_fonts=True,
        sans_serif_family="Lato",
        font_files=[str(fonts / f"Lato-{weight}.ttf") for weight in ("Regular", "Bold")],
    )
    return bytes(drawn)
