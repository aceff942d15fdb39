"""Shapes and text of an SVG document that is readable on light and dark pages, in any font."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf
from typing import Final
from xml.sax.saxutils import escape

_NARROW: Final = frozenset("iljtfrI.,:;'|!()[]/ -·")
_WIDE: Final = frozenset("mwMW@%—…")
SMALL: Final = 11.5
NORMAL: Final = 12.5
"""Font sizes in pixels; a README shows the picture at about its size."""
LINE: Final = 16
"""The height of a line of text."""
SYMBOL_WIDTH: Final = 22

_COLOURS: Final = {
    # Fill and outline on light pages, and on dark pages.
    "text": ("#1f2328", "", "#e6edf3", ""),
    "faint": ("#59636e", "", "#9198a1", ""),
    "calls": ("#2b7a9e", "", "#4aa3c7", ""),
    "page": ("#ffffff", "#d1d9e0", "#0d1117", "#3d444d"),
    "card": ("#ffffff", "#afb8c1", "#151b23", "#656c76"),
    "vpc": ("none", "#7a4fd0", "none", "#a98bf0"),
    "zone": ("none", "#8b949e", "none", "#656c76"),
    "public": ("#eaf5e6", "#4f8a3d", "#12261a", "#57a063"),
    "private": ("#e6f2f8", "#2b7a9e", "#0f2430", "#4aa3c7"),
    "elsewhere": ("#f6f8fa", "#8b949e", "#151b23", "#656c76"),
    "cluster": ("#fffaf5", "#c8641b", "#17130f", "#e0884a"),
    "capacity": ("none", "#c8641b", "none", "#e0884a"),
    "task": ("#fdeedd", "#c8641b", "#3a2413", "#e0884a"),
    "maybe": ("none", "#c8641b", "none", "#e0884a"),
    "line": ("none", "#59636e", "none", "#9198a1"),
    "linehead": ("#59636e", "", "#9198a1", ""),
    "call": ("none", "#2b7a9e", "none", "#4aa3c7"),
    "callhead": ("#2b7a9e", "", "#4aa3c7", ""),
    "network": ("none", "#7a4fd0", "none", "#a98bf0"),
    "compute": ("none", "#c8641b", "none", "#e0884a"),
    "data": ("none", "#4f8a3d", "none", "#57a063"),
    "guard": ("none", "#c4314b", "none", "#f47067"),
    "watch": ("none", "#bf3989", "none", "#e275ad"),
    "plain": ("none", "#59636e", "none", "#9198a1"),
}


def _classes(*, light: bool) -> str:
    lines: list[str] = []
    for name, colours in _COLOURS.items():
        fill, stroke = colours[:2] if light else colours[2:]
        lines.append(f".{name} {{ fill: {fill};{f' stroke: {stroke};' if stroke else ''} }}")
    return "\n".join(lines)


# Converters without media queries use the light colours.
_STYLE: Final = f"""\
text {{ font-family: "Segoe UI", Helvetica, Arial, Lato, sans-serif; }}
.bold {{ font-weight: 600; }} .plainly {{ font-weight: 400; }}
.line, .call {{ stroke-width: 1.4; }}
.sign {{ stroke-width: 1.5; stroke-linecap: round; stroke-linejoin: round; }}
{_classes(light=True)}
@media (prefers-color-scheme: dark) {{
{_classes(light=False)}
}}"""

SYMBOLS: Final = {
    # Own drawings of 16 by 16 pixels: AWS's icons may not be changed.
    "internet": ("plain", "M8 1a7 7 0 1 0 0 14A7 7 0 1 0 8 1M1 8h14M8 1c-4 4-4 10 0 14M8 1c4 4 4 10 0 14"),
    "dns": ("network", "M2 3h12v4H2zM2 9h12v4H2zM5 5h.1M5 11h.1M8 5h4M8 11h4"),
    "firewall": ("guard", "M8 1l6 2v5c0 4-3 6-6 7-3-1-6-3-6-7V3z"),
    "load balancer": ("network", "M8 1v5M8 6L3 11M8 6v5M8 6l5 5M1 11h4v4H1zM6 11h4v4H6zM11 11h4v4h-4z"),
    "nat": ("network", "M2 4h10M9 1l3 3-3 3M14 12H4M7 9l-3 3 3 3"),
    "endpoints": ("network", "M1 8h5M10 8h5M6 8a2 2 0 1 0 4 0 2 2 0 1 0-4 0"),
    "vpc": ("network", "M4 13h8a3 3 0 0 0 .5-6A4.500 4.500 0 0 0 4 6.500 3.300 3.300 0 0 0 4 13z"),
    "cluster": ("compute", "M8 1l6 3.500v7L8 15l-6-3.500v-7zM2 4.500L8 8l6-3.500M8 8v7"),
    "service": ("compute", "M2 2h5v5H2zM9 2h5v5H9zM2 9h5v5H2zM9 9h5v5H9z"),
    "capacity": ("compute", "M3 3h10v10H3zM6 6h4v4H6zM5 1v2M8 1v2M11 1v2M5 13v2M8 13v2M11 13v2"),
    "machines": ("compute", "M2 2h12v5H2zM2 9h12v5H2zM5 4.500h.1M5 11.500h.1"),
    "files": ("data", "M1 3h5l2 2h7v9H1z"),
    "registry": ("compute", "M2 5l6-3 6 3v7l-6 3-6-3zM2 5l6 3 6-3M8 8v7"),
    "certificates": ("guard", "M3 7h10v8H3zM5 7V5a3 3 0 0 1 6 0v2M8 10v2"),
    "secrets": ("guard", "M5 6a3 3 0 1 0 0 6 3 3 0 1 0 0-6M8 9h7M12 9v3M15 9v2"),
    "logs": ("watch", "M3 1h7l3 3v11H3zM6 6h4M6 9h4M6 12h4"),
    "queries": ("watch", "M7 2a5 5 0 1 0 0 10A5 5 0 1 0 7 2M11 11l4 4"),
    "dashboard": ("watch", "M1 15h14M3 12V8M7 12V3M11 12V6"),
    "alarms": ("watch", "M8 1a5 5 0 0 1 5 5c0 4 2 5 2 6H1c0-1 2-2 2-6a5 5 0 0 1 5-5M6 14h4"),
    "events": ("watch", "M9 1L3 9h5l-1 6 6-8H8z"),
    "topic": ("watch", "M1 6v4h3l6 4V2L4 6zM13 5c1 2 1 4 0 6"),
    "queue": ("watch", "M1 4h14v8H1zM5 4v8M9 4v8"),
    "bucket": ("data", "M2 3h12l-2 12H4zM2 3c3 2 9 2 12 0"),
    "namespace": (
        "network",
        "M4 2a2 2 0 1 0 0 4 2 2 0 1 0 0-4M12 10a2 2 0 1 0 0 4 2 2 0 1 0 0-4M4 6c0 4 3 6 6 6",
    ),
    "schedule": ("watch", "M8 1a7 7 0 1 0 0 14A7 7 0 1 0 8 1M8 4v4l3 2"),
}
"""The colour class and the path of each kind of node with a symbol."""


def width_of(text: str, size: float = NORMAL) -> float:
    """Return the estimated width of a text, rather too wide, because the font is unknown."""
    units = sum(
        0.31 if letter in _NARROW else 0.88 if letter in _WIDE else 0.7 if letter.isupper() else 0.57
        for letter in text
    )
    return units * size


def fitted(text: str, width: float, size: float = NORMAL) -> str:
    """Return a text, shortened in the middle if it is wider than `width`."""
    if not text or width_of(text, size) <= width:
        return text
    kept = len(text)
    while kept > 1 and width_of(text[:kept] + "…", size) > width:
        kept -= 1
    return f"{text[: (kept + 1) // 2]}…{text[len(text) - kept // 2 :]}" if kept > 1 else "…"


def packed(parts: Iterable[str], width: float, size: float = NORMAL) -> list[str]:
    """Return texts joined to as few lines as possible; a long text continues on the next line."""
    lines: list[str] = []
    for part in parts:
        if lines and width_of(f"{lines[-1]} · {part}", size) <= width:
            lines[-1] += f" · {part}"
            continue
        lines.append("")
        for word in part.split(" "):
            if width_of(f"{lines[-1]} {word}", size) <= width or not lines[-1]:
                lines[-1] = f"{lines[-1]} {fitted(word, width, size)}".strip()
            else:
                lines.append(fitted(word, width, size))
    return lines


class Canvas:
    """Shapes, of which later ones cover earlier ones."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def box(
        self, kind: str, x: float, y: float, width: float, height: float, *, dashed: bool = False
    ) -> None:
        """Draw a box in the colours of a kind."""
        dash = ' stroke-dasharray="5 3"' if dashed else ""
        place = f'x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"'
        self.parts.append(f'<rect class="{kind}" {place} rx="5"{dash}/>')

    def text(
        self, x: float, y: float, text: str, *, kind: str = "text", size: float = NORMAL, after: str = ""
    ) -> None:
        """Write a line with its baseline at y, with a fainter text after it."""
        more = f'<tspan class="faint plainly" dx="10">{escape(after)}</tspan>' if after else ""
        place = f'x="{x:g}" y="{y:g}" font-size="{size:g}"'
        self.parts.append(f'<text class="{kind}" {place}>{escape(text)}{more}</text>')

    def centred(self, left: float, width: float, y: float, text: str, *, kind: str = "faint") -> None:
        """Write a small centred line, shortened to the width."""
        shown = escape(fitted(text, width - 8, SMALL))
        place = f'x="{left + width / 2:g}" y="{y:g}" font-size="{SMALL:g}" text-anchor="middle"'
        self.parts.append(f'<text class="{kind}" {place}>{shown}</text>')

    def symbol(self, kind: str, x: float, y: float) -> None:
        """Draw the symbol of a kind of node."""
        colour, path = SYMBOLS[kind]
        self.parts.append(f'<path class="sign {colour}" transform="translate({x:g} {y:g})" d="{path}"/>')

    def title(
        self, kind: str, x: float, y: float, text: str, *, size: float = NORMAL, after: str = ""
    ) -> None:
        """Write a bold text with its baseline at y, beside the symbol of a kind of node."""
        self.symbol(kind, x, y - 13)
        self.text(x + SYMBOL_WIDTH, y, text, kind="text bold", size=size, after=after)

    def lines(self, x: float, y: float, lines: Iterable[str], width: float = inf) -> None:
        """Write faint lines below a title with its baseline at y, shortened to the width."""
        for index, line in enumerate(lines, 1):
            self.text(x, y + LINE * index, fitted(line, width), kind="faint")

    def arrow(self, points: Sequence[tuple[float, float]], *, kind: str = "line") -> None:
        """Draw a line with an arrowhead at its end."""
        path = " ".join(f"{x:g},{y:g}" for x, y in points)
        (before_x, before_y), (x, y) = points[-2:]
        along, down = (x > before_x) - (x < before_x), (y > before_y) - (y < before_y)
        back = (x - 7 * along, y - 7 * down)
        wings = ((back[0] + 4 * down * side, back[1] + 4 * along * side) for side in (-1, 1))
        head = " ".join(f"{a:g},{b:g}" for a, b in ((x, y), *wings))
        self.parts += [
            f'<polyline class="{kind}" points="{path}"/>',
            f'<polygon class="{kind}head" points="{head}"/>',
        ]


def document(
    layers: Iterable[Canvas], size: tuple[float, float], *, title: str, description: str, metadata: str
) -> str:
    """Return canvases, the lowest first, as an SVG document with a description for screen readers."""
    width, height = size
    measures = f'width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {measures} role="img" aria-labelledby="title words">',
            f'<title id="title">{escape(title)}</title>',
            f'<desc id="words">{escape(description)}</desc>',
            f"<metadata>{escape(metadata)}</metadata>",
            f"<style>\n{_STYLE}\n</style>",
            f'<rect class="page" x="0.5" y="0.5" width="{width - 1:g}" height="{height - 1:g}" rx="8"/>',
            *(part for layer in layers for part in layer.parts),
            "</svg>",
            "",
        ]
    )
