"""Pulumi's property paths, as `ignore_changes` and `replace_on_changes` take them."""

from __future__ import annotations

import re
from typing import Any, Final, cast

from local.resources.base import Properties

_STEP: Final = re.compile(r"""\.?([A-Za-z_$*][\w$-]*|\*)|\[(\d+|\*)\]|\["((?:[^"\\]|\\.)*)"\]""")

Step = str | int
WILDCARD: Final = "*"


class PropertyPathError(ValueError):
    """A path that is not one."""


def parse(path: str) -> tuple[Step, ...]:
    """Split `a.b[0]["c.d"]` into its steps.

    Raises:
        PropertyPathError: it is no property path.
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


def keep_old(old: Properties, new: Properties, paths: list[str]) -> Properties:
    """Return `new` with what stands at `paths` taken from `old`."""
    kept: Any = new
    for path in paths:
        kept = _keep(old, kept, parse(path))
    return kept


def _keep(old: Any, new: Any, steps: tuple[Step, ...]) -> Any:
    if not steps:
        return old
    match old, new:
        case ((dict() | None), dict()):
            return _keep_in_mapping(cast("Properties", old or {}), cast("Properties", new), steps)
        case list(), list():
            return _keep_in_list(cast("list[Any]", old), cast("list[Any]", new), steps)
        case _:
            return new


def _keep_in_mapping(old: Properties, new: Properties, steps: tuple[Step, ...]) -> Properties:
    head, rest = steps[0], steps[1:]
    kept = dict(new)
    for key in old.keys() | new.keys() if head == WILDCARD else {str(head)}:
        if not rest and key not in old:
            kept.pop(key, None)
        elif key in old and (not rest or key in new):
            kept[key] = _keep(old[key], new.get(key), rest)
    return kept


def _keep_in_list(old: list[Any], new: list[Any], steps: tuple[Step, ...]) -> list[Any]:
    head, rest = steps[0], steps[1:]
    kept = list(new)
    for index in range(len(new)) if head == WILDCARD else [head]:
        if isinstance(index, int) and index < len(old) and index < len(new):
            kept[index] = _keep(old[index], new[index], rest)
    return kept


def touches(paths: list[str], property_name: str) -> bool:
    """Whether one of `paths` begins with this property."""
    return any(steps[:1] in ((property_name,), (WILDCARD,)) for steps in map(parse, paths))


def covers(paths: list[str], path: str) -> bool:
    """Whether `path` is one of `paths`, or inside of it."""
    inner = parse(path)
    return any(
        len(outer) <= len(inner)
        and all(step in (WILDCARD, own) for step, own in zip(outer, inner, strict=False))
        for outer in map(parse, paths)
    )
