"""Pulumi's values as AWS's shapes take them, and AWS's answers in the form that was asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, cast

from local.resources.base import ResourceError


def _boolean(value: Any) -> bool:
    return {"true": True, "false": False}[str(value).lower()]


def _string(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(cast("list[str]", value))
    return str(value).lower() if isinstance(value, bool) else str(value)


_SCALARS: Final[Mapping[str, Any]] = {
    "boolean": _boolean,
    "double": float,
    "float": float,
    "integer": int,
    "long": int,
    "string": _string,
}
_EMPTY: Final[Mapping[str, Any]] = {"list": [], "string": ""}


class Conversion:
    """The way between the properties of one type and the members of AWS's shapes, there and back."""

    def __init__(self, names: Mapping[str, str], only_if_asked: Iterable[str]) -> None:
        """Take a row's `names` and `only_if_asked`."""
        self._names = names
        self._only_if_asked = frozenset(only_if_asked)
        self._named_in: dict[str, list[str]] = {}
        """In each block, the properties with a name of their own."""
        for path in names:
            block, _, key = path.rpartition(".")
            self._named_in.setdefault(block, []).append(key)

    def put(self, arguments: dict[str, Any], shape: Any, path: str, value: Any) -> bool:
        """Put a property into the arguments of a call; return whether their shape has a place for it.

        None asks for nothing: an empty text or list, where the member is one.

        Raises:
            ResourceError: the value is of another kind, or AWS does not know a property inside of it.
        """
        named = self._names.get(path, path.rpartition(".")[2])
        if named == ".":
            for key, part in cast("Mapping[str, Any]", value or {}).items():
                self._put_inside(arguments, shape, f"{path}.{key}", part)
            return True
        return not named or any(
            self._put_as(arguments, shape, path, spelling, value) for spelling in named.split("|")
        )

    def _put_as(self, arguments: dict[str, Any], shape: Any, path: str, member: str, value: Any) -> bool:
        head, _, rest = member.partition(".")
        name = member_of(shape, head)
        if name is None:
            return False
        inner = shape.members[name]
        if not rest:
            arguments[name] = self._to_aws(value, inner, path)
        elif inner.type_name == "map":
            arguments.setdefault(name, {})[rest] = self._to_aws(value, inner.value, path)
        elif inner.type_name == "list":
            return self._put_as(arguments.setdefault(name, [{}])[0], inner.member, path, rest, value)
        else:
            return self._put_as(arguments.setdefault(name, {}), inner, path, rest, value)
        return True

    def _put_inside(self, block: dict[str, Any], shape: Any, path: str, value: Any) -> None:
        if value is not None and not self.put(block, shape, path, value):
            raise ResourceError(
                f"{path}: the local run has no place for it in AWS's {shape.name}, which has "
                f"{', '.join(shape.members)}: leave it out, or name its member in local/resources/table.py",
            )

    def _to_aws(self, value: Any, shape: Any, path: str) -> Any:
        kind = shape.type_name
        if value is None:
            return _EMPTY.get(kind)
        if kind == "list":
            return self._list_to_aws(value, shape.member, path)
        try:
            if kind == "structure":
                block: dict[str, Any] = {}
                blocks = cast("list[Any]", value if isinstance(value, list) else [value])
                for key, part in blocks[0].items() if blocks else ():
                    self._put_inside(block, shape, f"{path}.{key}", part)
                return block
            if kind == "map":
                return {key: self._to_aws(part, shape.value, path) for key, part in value.items()}
            return _SCALARS[kind](value) if kind in _SCALARS else value
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ResourceError(f"{path}: {value!r} is no {kind}, which AWS wants") from error

    def _list_to_aws(self, value: Any, member: Any, path: str) -> list[Any]:
        pair = list(getattr(member, "members", ()))
        if isinstance(value, Mapping) and _is_pair(pair):
            return [dict(zip(pair, entry, strict=True)) for entry in cast("Mapping[str, Any]", value).items()]
        parts = cast("list[Any]", value if isinstance(value, list) else [value])
        return [self._to_aws(part, member, path) for part in parts]

    def live(self, item: Mapping[str, Any], path: str) -> Any:
        """Return a property as AWS returns it, None where it does not."""
        named = self._names.get(path)
        if named is None:
            key = _plain(path.rpartition(".")[2])
            return next((item[member] for member in item if _plain(member) == key), None)
        found = (_dig(item, spelling) for spelling in named.split("|"))
        return next((value for value in found if value is not None), None)

    def pick(self, item: Mapping[str, Any], path: str, asked: Any) -> Any:
        """Return a property of the block that AWS returned, in the form that was `asked` for."""
        if self._names.get(path) == ".":
            return self._block(item, path, asked, rest=False)
        live = self.live(item, path)
        if asked is None and isinstance(live, Mapping) and path not in self._names and _is_plural(item, path):
            # The SDK has a list of one block.
            return [self.from_aws(live, path, None)]
        return self.from_aws(live, path, asked)

    def from_aws(self, live: Any, path: str, asked: Any) -> Any:
        """Return a value of AWS with Pulumi's names, in the form that was `asked` for."""
        if isinstance(live, list):
            return self._list_from_aws(cast("list[Any]", live), path, asked)
        if isinstance(live, Mapping) and isinstance(asked, list):
            return [self.from_aws(live, path, asked[0] if asked else None)]
        if isinstance(live, Mapping):
            return self._block(cast("Mapping[str, Any]", live), path, asked)
        if isinstance(live, datetime):
            return live.strftime("%Y-%m-%dT%H:%M:%SZ")
        if isinstance(live, float) and live.is_integer():
            live = int(live)
        return asked if live is not None and str(asked).lower() == str(live).lower() else live

    def _list_from_aws(self, live: list[Any], path: str, asked: Any) -> Any:
        if isinstance(asked, Mapping):
            if live and all(_is_pair(item) for item in live):
                return dict(item.values() for item in live)
            return self.from_aws(live[0], path, asked) if live else None
        forms: list[Any] = [*(asked if isinstance(asked, list) else []), *[None] * len(live)]
        return [self.from_aws(item, path, form) for item, form in zip(live, forms, strict=False)]

    def _block(self, item: Mapping[str, Any], path: str, asked: Any, *, rest: bool = True) -> dict[str, Any]:
        form = cast("Mapping[str, Any]", asked if isinstance(asked, Mapping) else {})
        named = self._named_in.get(path, [])
        spellings = (part for key in named for part in re.split(r"[.|]", self._names[f"{path}.{key}"]))
        taken = {*map(_plain, spellings), *map(_plain, form)}
        others = [_camel_case(member) for member in item if rest and _plain(member) not in taken]
        block = {
            key: self.pick(item, f"{path}.{key}", form.get(key))
            for key in dict.fromkeys([*form, *named, *others])
            if key in form or not form or f"{path}.{key}" not in self._only_if_asked
        }
        return {key: value for key, value in block.items() if value is not None}


def member_of(shape: Any, name: str) -> str | None:
    """Return the member of a shape that a property's name means, whatever its case and number."""
    exact = (member for member in shape.members if member.lower() == name.lower())
    alike = (member for member in shape.members if _plain(member) == _plain(name))
    return next(exact, None) or next(alike, None)


def with_defaults(inputs: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return inputs with the schema's defaults, by path; those inside a block only where the block is."""
    filled = dict(inputs)
    for path, default in defaults.items():
        key, _, rest = path.partition(".")
        filled[key] = _filled(filled.get(key), rest, default)
    return {key: value for key, value in filled.items() if value is not None}


def _filled(value: Any, path: str, default: Any) -> Any:
    if not path:
        return default if value is None else value
    if isinstance(value, list):
        return [_filled(item, path, default) for item in cast("list[Any]", value)]
    if isinstance(value, Mapping):
        return with_defaults(cast("Mapping[str, Any]", value), {path: default})
    return value


def _plain(word: str) -> str:
    lower = word.lower()
    if lower.endswith("ies"):
        return f"{lower.removesuffix('ies')}y"
    return lower if lower.endswith("ss") else lower.removesuffix("s")


def _camel_case(member: str) -> str:
    return re.sub(r"^([A-Z]+(?=[A-Z][a-z]|$)|[A-Z])", lambda match: match.group().lower(), member)


def _is_plural(item: Mapping[str, Any], path: str) -> bool:
    """Whether a property's name is the plural of the member that tells it."""
    return path.rpartition(".")[2].lower() not in {member.lower() for member in item}


def _is_pair(members: Iterable[str]) -> bool:
    return [member.lower() for member in members] in (["name", "value"], ["key", "value"])


def _dig(item: Any, member: str) -> Any:
    """Follow `A.B` into structures and first elements; a scalar on the way is the value itself."""
    value = item
    for part in member.split("."):
        if isinstance(value, list):
            value = cast("list[Any]", value)[0] if value else None
        if not isinstance(value, Mapping):
            break
        value = cast("Mapping[str, Any]", value).get(part)
    return value
