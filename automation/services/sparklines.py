"""Sparklines of metrics: a line of a terminal for each."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Final, TextIO

from automation.services.metrics import METRICS, Values

_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_ASCII: Final = "_.:-=+*#"


def sparklines(metrics: Mapping[str, Values], *, columns: int | None, blocks: bool) -> Iterator[str]:
    """Yield a line for each metric of a service: a sparkline, the latest value and the maximum.

    Args:
        metrics: values by metric.
        columns: the length of a line; None for as long as needed.
        blocks: whether block elements can be shown; else ASCII characters are.
    """
    width = max(map(len, METRICS))
    for name, values in metrics.items():
        measured = [value for value in values if value is not None]
        text = METRICS[name].format
        numbers = f"{text(measured[-1])}, most {text(max(measured))}"
        available = len(values) if columns is None else max(1, columns - width - len(numbers) - 4)
        yield f"{name:<{width}}  {sparkline(_shortened(values, available), blocks=blocks)}  {numbers}"


def sparkline(values: Values, *, blocks: bool = True) -> str:
    """Return a character for each value, between zero and the maximum; a space where there is none."""
    levels = _BLOCKS if blocks else _ASCII
    most = max((value for value in values if value is not None), default=0.0)
    top = len(levels) - 1
    return "".join(
        " " if value is None else levels[round(value / most * top) if most > 0 else 0] for value in values
    )


def shows_blocks(stream: TextIO) -> bool:
    """Whether a stream can show block elements, by its encoding and its terminal."""
    if stream.isatty() and os.environ.get("TERM") in ("dumb", "linux"):
        return False
    try:
        _BLOCKS.encode(stream.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def _shortened(values: Values, columns: int) -> Values:
    """Return at most one value for each column: the maximum of those that share it."""
    if columns >= len(values):
        return values
    share = len(values) / columns
    parts = [values[int(index * share) : int((index + 1) * share)] for index in range(columns)]
    return [max((value for value in part if value is not None), default=None) for part in parts]
