"""A bar chart of the cost of stacks, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape

from automation.cost.report import Named, usd

_SVG: Final = "http://www.w3.org/2000/svg"
_WIDTH: Final = 760
_LABELS: Final = 170
_AMOUNTS: Final = 110
_BAR: Final = 18
_GAP: Final = 12
_TOP: Final = 44
_STYLE: Final = """\
text { font: 13px system-ui, sans-serif; fill: #24292f; }
.title { font-size: 15px; font-weight: 600; }
.bar0 { fill: #2f6fb0; } .bar1 { fill: #d98b2b; }
@media (prefers-color-scheme: dark) {
  text { fill: #d7dce2; }
  .bar0 { fill: #6aa5e0; } .bar1 { fill: #e6a655; }
}"""


def svg(sides: Sequence[Named]) -> str:
    """Draw a bar for each group of one estimate, or of two estimates side by side."""
    estimates = [estimate for _, estimate in sides]
    groups = sorted(
        {group for estimate in estimates for group in estimate.groups},
        key=lambda group: (-max(estimate.groups.get(group, 0) for estimate in estimates), group),
    )
    largest = max((amount for estimate in estimates for amount in estimate.groups.values()), default=0) or 1
    titles = [escape(f"{name}: {usd(estimate.usd)} a month") for name, estimate in sides]
    row = _BAR * len(estimates) + _GAP
    height = _TOP + row * len(groups) + _GAP
    parts = [
        f'<svg xmlns="{_SVG}" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}" role="img">',
        f"<title>{', '.join(titles)}</title>",
        f"<style>{_STYLE}</style>",
    ]
    for number, title in enumerate(titles):
        x = number * _WIDTH / 2
        parts += [
            f'<rect class="bar{number}" x="{x:g}" y="12" width="12" height="12"/>',
            f'<text class="title" x="{x + 18:g}" y="23">{title}</text>',
        ]
    for index, group in enumerate(groups):
        top = _TOP + index * row
        middle = top + _BAR * len(estimates) / 2 + 5
        parts.append(f'<text x="{_LABELS - 10}" y="{middle:g}" text-anchor="end">{escape(group)}</text>')
        for number, estimate in enumerate(estimates):
            amount = estimate.groups.get(group, 0)
            width = amount / largest * (_WIDTH - _LABELS - _AMOUNTS)
            y = top + number * _BAR
            parts += [
                f'<rect class="bar{number}" x="{_LABELS}" y="{y}" width="{width:.1f}" height="{_BAR - 2}"/>',
                f'<text x="{_LABELS + width + 6:.1f}" y="{y + 13}">{usd(amount)}</text>',
            ]
    return "\n".join([*parts, "</svg>", ""])
