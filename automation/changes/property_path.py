"""Pulumi's property paths, as `ignore_changes` takes them."""

from __future__ import annotations

import re
from typing import Final

_STEP: Final = re.compile(r"""\.?([A-Za-z_$*][\w$-]*|\*)|\[(\d+|\*)\]|\["((?:[^"\\]|\\.)*)"\]""")

Step = str | int
WILDCARD: Final = "*"


class PropertyPathError(ValueError):
    """Text that is not a property path."""


def parse(path: str) -> tuple[Step, ...]:
    """Split `a.b[0]["c.d"]` into its steps.

    Raises:
        PropertyPathError: it is not a property path.
    """
    steps: list[Step] = []
    at = 0
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            raise PropertyPathError(f"property path {path!r} cannot be read from {path[at:]!r} on")
        name, index, quoted = match.groups()
        if name is not None:
            steps.append(name)
        elif index is not None:
            steps.append(WILDCARD if index == "*" else int(index))
        else:
            steps.append(quoted.replace('\\"', '"'))
        at = match.end()
    return tuple(steps)


def covers(paths: list[str], path: str) -> bool:
    """Whether `path` is one of `paths`, or inside one."""
    inner = parse(path)
    return any(
        len(outer) <= len(inner)
        and all(step in (WILDCARD, own) for step, own in zip(outer, inner, strict=False))
        for outer in map(parse, paths)
    )
