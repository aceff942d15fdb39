"""Values out of a file that was written for another tool, and the fields that nobody has read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from automation import go_yaml

_TRUE: Final = frozenset({"true", "yes", "y", "on"})
_FALSE: Final = frozenset({"false", "no", "n", "off"})
_DURATION_PART: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h|d)")
_SECONDS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600, "d": 86400}


class Source:
    """An object of a file: each field is taken once, and those that were not are left.

    A field's name is its path, such as `http.healthcheck.path`.
    """

    def __init__(self, values: object) -> None:
        self.values = mapping(values)
        self._taken: set[str] = set()

    def get(self, path: str) -> Any:
        """Return what stands at a path, or None; what is below it counts as read."""
        self._taken.add(path)
        return self._at(path)

    def peek(self, path: str) -> Any:
        """Return what stands at a path, or None, without taking it."""
        return self._at(path)

    def text(self, path: str) -> str | None:
        """Return a text."""
        return text_of(self.get(path))

    def number(self, path: str) -> int | None:
        """Return a whole number; None for anything else."""
        return number_of(self.get(path))

    def flag(self, path: str) -> bool | None:
        """Return true or false; None for anything else."""
        return flag_of(self.get(path))

    def seconds(self, path: str) -> int | None:
        """Return a duration in seconds, rounded up."""
        return seconds_of(self.get(path))

    def texts(self, path: str) -> list[str]:
        """Return a list of texts; a single one is a list of one."""
        value = self.get(path)
        items: list[object] = cast("list[object]", value) if isinstance(value, list) else [value]
        return [text for item in items if (text := text_of(item)) is not None]

    def left(self) -> Iterator[tuple[str, Any]]:
        """Yield the fields that nobody has read, with what stands there."""
        yield from self._left("", self.values)

    def _at(self, path: str) -> Any:
        here: Any = self.values
        for part in path.split("."):
            here = mapping(here).get(part)
        return here

    def _left(self, before: str, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for name, value in values.items():
            path = f"{before}{name}"
            if path in self._taken:
                continue
            inner = mapping(value)
            if inner and any(taken.startswith(f"{path}.") for taken in self._taken):
                yield from self._left(f"{path}.", inner)
            elif value is not None:
                yield path, value


def mapping(value: object) -> dict[str, Any]:
    """Return an object; anything else is an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """Return a list; anything else is an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def text_of(value: object) -> str | None:
    """Return a scalar as it is written."""
    return str(value) if isinstance(value, str) else None


def number_of(value: object) -> int | None:
    """Return a whole number, which may stand in quotes."""
    if not isinstance(value, str):
        return None
    found = go_yaml.value_of(value) if isinstance(value, go_yaml.Plain) else _decimal(value)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def flag_of(value: object) -> bool | None:
    """Return true or false, also as YAML 1.1 has them: Go reads them so where it expects them."""
    word = value.lower() if isinstance(value, str) else None
    return True if word in _TRUE else False if word in _FALSE else None


def seconds_of(value: object) -> int | None:
    """Return a duration such as 1m30s in seconds, rounded up; a number alone is one of seconds."""
    if not isinstance(value, str):
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return int(text)
    parts = _DURATION_PART.findall(text)
    if not parts or "".join(f"{amount}{unit}" for amount, unit in parts) != text:
        return None
    total = sum(float(amount) * _SECONDS[unit] for amount, unit in parts)
    return int(-(-total // 1))


def _decimal(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[-+]?[0-9]{1,18}", text) else None
