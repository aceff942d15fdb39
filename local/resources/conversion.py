"""Converts Pulumi's values to AWS's shapes, and AWS's answers to the form of the inputs."""

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
    """Converts between the properties of one type and the members of AWS's shapes."""

    def __init__(self, members: Mapping[str, str], only_if_configured: Iterable[str]) -> None:
        """Use a row's `members` and `only_if_configured`."""
        self._members = members
        self._only_if_configured = frozenset(only_if_configured)
        self._renamed_in: dict[str, list[str]] = {}
        """For each block, the properties whose member has another name."""
        for path in members:
            block, _, key = path.rpartition(".")
            self._renamed_in.setdefault(block, []).append(key)

    def put(self, arguments: dict[str, Any], shape: Any, path: str, value: Any) -> bool:
        """Put a property into the arguments of a call; return whether their shape has a member for it.

        None clears the property: an empty string or list, where the member is one.

        Raises:
            ResourceError: the value has another type, or AWS does not have one of its properties.
        """
        member = self._members.get(path, path.rpartition(".")[2])
        if member == ".":
            for key, part in cast("Mapping[str, Any]", value or {}).items():
                self._put_inside(arguments, shape, f"{path}.{key}", part)
            return True
        return not member or any(
            self._put_as(arguments, shape, path, spelling, value) for spelling in member.split("|")
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
                f"{path}: AWS's {shape.name} has no such member, only {', '.join(shape.members)}: "
                f"leave it out, or name its member in local/resources/table.py",
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
            raise ResourceError(f"{path}: {value!r} is not valid: AWS requires type {kind}") from error

    def _list_to_aws(self, value: Any, member: Any, path: str) -> list[Any]:
        pair = list(getattr(member, "members", ()))
        if isinstance(value, Mapping) and _is_pair(pair):
            return [dict(zip(pair, entry, strict=True)) for entry in cast("Mapping[str, Any]", value).items()]
        parts = cast("list[Any]", value if isinstance(value, list) else [value])
        return [self._to_aws(part, member, path) for part in parts]

    def live(self, item: Mapping[str, Any], path: str) -> Any:
        """Return a property as AWS returns it, None if it does not."""
        renamed = self._members.get(path)
        if renamed is None:
            key = _singular(path.rpartition(".")[2])
            return next((item[member] for member in item if _singular(member) == key), None)
        values = (_value_at(item, spelling) for spelling in renamed.split("|"))
        return next((value for value in values if value is not None), None)

    def pick(self, item: Mapping[str, Any], path: str, form: Any) -> Any:
        """Return a property of a block that AWS returned, in the form of the value `form`."""
        if self._members.get(path) == ".":
            return self._block(item, path, form, rest=False)
        live = self.live(item, path)
        if (
            form is None
            and isinstance(live, Mapping)
            and path not in self._members
            and _is_plural(item, path)
        ):
            # The SDK has a list of one block.
            return [self.from_aws(live, path, None)]
        return self.from_aws(live, path, form)

    def from_aws(self, live: Any, path: str, form: Any) -> Any:
        """Return a value of AWS with Pulumi's names, in the form of the value `form`."""
        if isinstance(live, list):
            return self._list_from_aws(cast("list[Any]", live), path, form)
        if isinstance(live, Mapping) and isinstance(form, list):
            return [self.from_aws(live, path, form[0] if form else None)]
        if isinstance(live, Mapping):
            return self._block(cast("Mapping[str, Any]", live), path, form)
        if isinstance(live, datetime):
            return live.strftime("%Y-%m-%dT%H:%M:%SZ")
        if isinstance(live, float) and live.is_integer():
            live = int(live)
        return form if live is not None and str(form).lower() == str(live).lower() else live

    def _list_from_aws(self, live: list[Any], path: str, form: Any) -> Any:
        if isinstance(form, Mapping):
            if live and all(_is_pair(item) for item in live):
                return dict(item.values() for item in live)
            return self.from_aws(live[0], path, form) if live else None
        forms: list[Any] = [*(form if isinstance(form, list) else []), *[None] * len(live)]
        return [self.from_aws(item, path, part) for item, part in zip(live, forms, strict=False)]

    def _block(self, item: Mapping[str, Any], path: str, form: Any, *, rest: bool = True) -> dict[str, Any]:
        configured = cast("Mapping[str, Any]", form if isinstance(form, Mapping) else {})
        renamed = self._renamed_in.get(path, [])
        spellings = (part for key in renamed for part in re.split(r"[.|]", self._members[f"{path}.{key}"]))
        covered = {*map(_singular, spellings), *map(_singular, configured)}
        others = [_camel_case(member) for member in item if rest and _singular(member) not in covered]
        block = {
            key: self.pick(item, f"{path}.{key}", configured.get(key))
            for key in dict.fromkeys([*configured, *renamed, *others])
            if key in configured or not configured or f"{path}.{key}" not in self._only_if_configured
        }
        return {key: value for key, value in block.items() if value is not None}


def member_of(shape: Any, name: str) -> str | None:
    """Return the member of a shape with a property's name, regardless of case and number."""
    exact = (member for member in shape.members if member.lower() == name.lower())
    similar = (member for member in shape.members if _singular(member) == _singular(name))
    return next(exact, None) or next(similar, None)


def with_defaults(inputs: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return inputs with the schema's defaults, by path; inside a block, only where that is configured."""
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


def _singular(word: str) -> str:
    lower = word.lower()
    if lower.endswith("ies"):
        return f"{lower.removesuffix('ies')}y"
    return lower if lower.endswith("ss") else lower.removesuffix("s")


def _camel_case(member: str) -> str:
    return re.sub(r"^([A-Z]+(?=[A-Z][a-z]|$)|[A-Z])", lambda match: match.group().lower(), member)


def _is_plural(item: Mapping[str, Any], path: str) -> bool:
    """Whether a property's name is the plural of its member's."""
    return path.rpartition(".")[2].lower() not in {member.lower() for member in item}


def _is_pair(members: Iterable[str]) -> bool:
    return [member.lower() for member in members] in (["name", "value"], ["key", "value"])


def _value_at(item: Any, member: str) -> Any:
    """Follow `A.B` into structures and first elements; a scalar on the way is the value."""
    value = item
    for part in member.split("."):
        if isinstance(value, list):
            value = cast("list[Any]", value)[0] if value else None
        if not isinstance(value, Mapping):
            break
        value = cast("Mapping[str, Any]", value).get(part)
    return value
