"""Renders a picture as PNG, by resvg with a bundled font: the same on each machine."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from automation.errors import AutomationError

_ZOOM: Final = 2
"""Pixels for each pixel of the SVG, for screens with a high density."""


def png(svg: str) -> bytes:
    """Return an SVG document as a PNG.

    Raises:
        AutomationError: the packages for it are not installed.
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
