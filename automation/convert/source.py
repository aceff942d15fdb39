"""Values of a file that was written for another tool, and which of its fields have not been read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar, cast

from automation import go_yaml

T = TypeVar("T")

_FLAGS: Final = {
    **dict.fromkeys(("true", "yes", "y", "on"), True),
    **dict.fromkeys(("false", "no", "n", "off"), False),
}
_DURATION_PART: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h|d)")
_SECONDS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600, "d": 86400}


class Source:
    """An object of a file, which knows the fields that have not been read.

    A field's name is its path, such as `http.healthcheck.path`.
    """

    def __init__(self, values: object) -> None:
        self.values = mapping(values)
        self._read: set[str] = set()

    def get(self, path: str) -> Any:
        """Return the value at a path, or None; everything inside it counts as read."""
        self._read.add(path)
        return self.peek(path)

    def peek(self, path: str) -> Any:
        """Return the value at a path, or None; it does not count as read."""
        value: Any = self.values
        for part in path.split("."):
            value = mapping(value).get(part)
        return value

    def inside(self, path: str, name: str) -> str:
        """Return the path of a value that may be in a field of an object, or in its place."""
        return f"{path}.{name}" if isinstance(self.peek(path), dict) else path

    def skip(self, *paths: str) -> None:
        """Count fields as read that need no conversion."""
        self._read.update(paths)

    def text(self, path: str) -> str | None:
        """Return a text; None for anything else, which does not count as read."""
        return self.converted(path, text_of)

    def number(self, path: str) -> int | None:
        """Return a whole number; None for anything else, which does not count as read."""
        return self.converted(path, number_of)

    def flag(self, path: str) -> bool | None:
        """Return true or false; None for anything else, which does not count as read."""
        return self.converted(path, flag_of)

    def seconds(self, path: str) -> int | None:
        """Return a duration in seconds, rounded up; None for anything else, which does not count as read."""
        return self.converted(path, seconds_of)

    def mapping(self, path: str) -> dict[str, Any]:
        """Return an object; anything else is an empty one, and does not count as read."""
        return self.converted(path, _mapping_or_none) or {}

    def items(self, path: str) -> list[Any]:
        """Return a list; anything else is an empty one, and does not count as read."""
        return self.converted(path, _items_or_none) or []

    def texts(self, path: str) -> list[str]:
        """Return a list of texts; a single text is a list of one."""
        return self.converted(path, _texts_or_none) or []

    def converted(self, path: str, convert: Callable[[object], T | None]) -> T | None:
        """Return a converted value; None if it cannot be converted, which does not count as read."""
        value = self.peek(path)
        converted = convert(value)
        # An empty text is a variable without a value, which is reported elsewhere.
        if converted is not None or value in (None, ""):
            self._read.add(path)
        return converted

    def unread(self) -> Iterator[tuple[str, Any]]:
        """Yield the fields that have not been read, with their values."""
        yield from self._unread("", self.values)

    def _unread(self, before: str, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for name, value in values.items():
            path = f"{before}{name}"
            if path in self._read:
                continue
            inner = mapping(value)
            if inner and any(read.startswith(f"{path}.") for read in self._read):
                yield from self._unread(f"{path}.", inner)
            elif value is not None:
                yield path, value


def mapping(value: object) -> dict[str, Any]:
    """Return an object; anything else is an empty one."""
    return _mapping_or_none(value) or {}


def items(value: object) -> list[Any]:
    """Return a list; anything else is an empty one."""
    return _items_or_none(value) or []


def text_of(value: object) -> str | None:
    """Return a scalar as it is written."""
    return str(value) if isinstance(value, str) else None


def texts_of(values: list[Any]) -> list[str]:
    """Return the texts of a list."""
    return [text for value in values if (text := text_of(value)) is not None]


def text_values(value: object) -> dict[str, str]:
    """Return the texts of an object, by name."""
    return {name: text for name, item in mapping(value).items() if (text := text_of(item)) is not None}


def number_of(value: object) -> int | None:
    """Return a whole number, which may be in quotes."""
    if isinstance(value, go_yaml.Plain):
        found = go_yaml.value_of(value)
        return found if isinstance(found, int) and not isinstance(found, bool) else None
    return int(value) if isinstance(value, str) and re.fullmatch(r"[-+]?[0-9]{1,18}", value) else None


def flag_of(value: object) -> bool | None:
    """Return true or false, also as YAML 1.1 has them: Go reads them so where it expects them."""
    return _FLAGS.get(value.lower()) if isinstance(value, str) else None


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
    return int(-(-sum(float(amount) * _SECONDS[unit] for amount, unit in parts) // 1))


def _mapping_or_none(value: object) -> dict[str, Any] | None:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _items_or_none(value: object) -> list[Any] | None:
    return cast("list[Any]", value) if isinstance(value, list) else None


def _texts_or_none(value: object) -> list[str] | None:
    texts = texts_of(items(value) or [value])
    return texts if texts or value == [] else None
