"""Pulumi's property paths, as `ignore_changes` takes them and diffs name them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_STEP: Final = re.compile(r"""\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.\[\]"]+|\*)""")
_WILDCARD: Final = "*"


def parse(path: str) -> tuple[str | int, ...]:
    """Split `a.b[0]["c.d"]` into its steps; `*` stands for any."""
    return tuple(
        int(index) if index else name or quoted.replace('\\"', '"')
        for quoted, index, name in _STEP.findall(path)
    )


def covers(paths: Iterable[str], path: str) -> bool:
    """Whether `path` is one of `paths`, or inside one."""
    inner = parse(path)
    return any(
        len(outer) <= len(inner)
        and all(step in (_WILDCARD, own) for step, own in zip(outer, inner, strict=False))
        for outer in map(parse, paths)
    )
