"""Pulumi's values as AWS takes them, AWS's answers in the form that was asked for, and when both mean the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, cast

from local.resources.base import ResourceError

_SCALARS: Final = (str, int, float, bool)
_STATEMENT_LISTS: Final = ("Action", "NotAction", "Resource", "NotResource")


class Conversion:
    """The way between the properties of one type and the members of AWS's shapes, there and back."""

    def __init__(self, names: Mapping[str, str], only_if_asked: Iterable[str]) -> None:
        """Take a row's `names` and `only_if_asked`."""
        self._names = names
        self._only_if_asked = frozenset(only_if_asked)
        self._named_in: dict[str, list[str]] = {}
        """Properties with a name of their own in each block."""
        for path in names:
            block, _, key = path.rpartition(".")
            self._named_in.setdefault(block, []).append(key)

    def put(self, arguments: dict[str, Any], shape: Any, path: str, value: Any) -> bool:
        """Put a property into the arguments of a call; return whether its shape has a place for it.

        Raises:
            ResourceError: the value is of another kind, or a block in it has a property that AWS does not know.
        """
        key = path.rpartition(".")[2]
        named = self._names.get(path, key)
        if named == ".":
            for part, item in cast("Mapping[str, Any]", value).items():
                self._put_in_block(arguments, shape, f"{path}.{part}", item)
            return True
        for spelling in named.split("|"):
            head, _, rest = spelling.partition(".")
            member = member_of(shape, head)
            if member is None:
                continue
            inner = shape.members[member]
            if not rest:
                arguments[member] = self._to_aws(value, inner, path)
            elif inner.type_name == "map":
                arguments.setdefault(member, {})[rest] = self._to_aws(value, inner.value, path)
            elif inner.type_name == "list":
                block = arguments.setdefault(member, [{}])[0]
                self._put_as(block, inner.member, path, rest, value)
            else:
                self._put_as(arguments.setdefault(member, {}), inner, path, rest, value)
            return True
        return False

    def _put_as(self, block: dict[str, Any], shape: Any, path: str, member: str, value: Any) -> None:
        there = Conversion({**self._names, path: member}, self._only_if_asked)
        there._put_in_block(block, shape, path, value)

    def _put_in_block(self, block: dict[str, Any], shape: Any, path: str, value: Any) -> None:
        if value is not None and not self.put(block, shape, path, value):
            raise ResourceError(
                f"{path}: AWS does not know it; its {shape.name} has {', '.join(shape.members)}"
            )

    def _to_aws(self, value: Any, shape: Any, path: str) -> Any:
        try:
            match shape.type_name:
                case "structure":
                    blocks = value if isinstance(value, list) else [value]
                    block: dict[str, Any] = {}
                    for key, item in blocks[0].items() if blocks else ():
                        self._put_in_block(block, shape, f"{path}.{key}", item)
                    return block
                case "list":
                    pair = list(getattr(shape.member, "members", ()))
                    if isinstance(value, Mapping) and _is_pair(pair):
                        return [dict(zip(pair, entry, strict=True)) for entry in value.items()]
                    items = value if isinstance(value, list) else [value]
                    return [self._to_aws(item, shape.member, path) for item in items]
                case "map":
                    return {key: self._to_aws(item, shape.value, path) for key, item in value.items()}
                case "integer" | "long":
                    return int(value)
                case "float" | "double":
                    return float(value)
                case "boolean":
                    return value if isinstance(value, bool) else {"true": True, "false": False}[value]
                case "string":
                    return str(value).lower() if isinstance(value, bool) else str(value)
                case _:
                    return value
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ResourceError(f"{path}: {value!r} is no {shape.type_name}, which AWS wants") from error

    def live(self, item: Mapping[str, Any], path: str) -> Any:
        """Return what AWS tells of a property, as AWS tells it; None where it does not."""
        named = self._names.get(path)
        if named is None:
            key = path.rpartition(".")[2]
            return next((item[member] for member in item if _plain(member) == _plain(key)), None)
        found = (_dig(item, spelling) for spelling in named.split("|"))
        return next((value for value in found if value is not None), None)

    def pick(self, item: Mapping[str, Any], path: str, asked: Any) -> Any:
        """Return a property from what AWS tells about its block, in the form that was `asked` for."""
        if self._names.get(path) == ".":
            return self._block(item, path, asked, rest=False)
        return self.from_aws(self.live(item, path), path, asked)

    def from_aws(self, live: Any, path: str, asked: Any) -> Any:
        """Return a value of AWS with Pulumi's names, in the form that was `asked` for."""
        if isinstance(live, Mapping):
            if isinstance(asked, list):
                return [self.from_aws(live, path, asked[0] if asked else None)]
            return self._block(cast("Mapping[str, Any]", live), path, asked)
        if isinstance(live, list):
            items = cast("list[Any]", live)
            if isinstance(asked, Mapping):
                if items and all(_is_pair(item) for item in items):
                    return dict(item.values() for item in items)
                return self.from_aws(items[0], path, asked) if items else None
            forms: list[Any] = [*(asked if isinstance(asked, list) else []), *[None] * len(items)]
            return [self.from_aws(item, path, form) for item, form in zip(items, forms, strict=False)]
        if isinstance(live, datetime):
            return live.strftime("%Y-%m-%dT%H:%M:%SZ")
        if isinstance(asked, _SCALARS) and live is not None and str(asked).lower() == str(live).lower():
            return asked
        return live

    def _block(self, item: Mapping[str, Any], path: str, asked: Any, *, rest: bool = True) -> dict[str, Any]:
        form: Mapping[str, Any] = asked if isinstance(asked, Mapping) else {}
        named = self._named_in.get(path, [])
        taken = {_plain(part) for key in named for part in re.split(r"[.|]", self._names[f"{path}.{key}"])}
        others = [_camel_case(member) for member in item if _plain(member) not in taken] if rest else []
        asked_plainly = {_plain(key) for key in form}
        keys = dict.fromkeys([*form, *named, *(key for key in others if _plain(key) not in asked_plainly)])
        block = {
            key: self.pick(item, f"{path}.{key}", form.get(key))
            for key in keys
            if key in form or f"{path}.{key}" not in self._only_if_asked
        }
        return {key: value for key, value in block.items() if value is not None}


def member_of(shape: Any, name: str) -> str | None:
    """Return the member of a shape that a property's name means, whatever its case and number."""
    return next((member for member in shape.members if member.lower() == name.lower()), None) or next(
        (member for member in shape.members if _plain(member) == _plain(name)), None
    )


def _plain(word: str) -> str:
    lower = word.replace("_", "").lower()
    if lower.endswith("ies"):
        return f"{lower.removesuffix('ies')}y"
    return lower if lower.endswith("ss") else lower.removesuffix("s")


def _camel_case(member: str) -> str:
    return re.sub(r"^([A-Z]+(?=[A-Z][a-z]|$)|[A-Z])", lambda match: match.group().lower(), member)


def _is_pair(members: Iterable[str]) -> bool:
    return [member.lower() for member in members] in (["name", "value"], ["key", "value"])


def _dig(item: Any, member: str) -> Any:
    """Follow `A.B` into structures and first elements; a scalar on the way is the value itself."""
    value = item
    for part in member.split("."):
        if isinstance(value, list):
            value = cast("list[Any]", value)[0] if value else None
        if not isinstance(value, Mapping):
            return value if value is not item else None
        value = cast("Mapping[str, Any]", value).get(part)
    return value


def with_defaults(inputs: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return inputs with the schema's defaults, by path; inside a block, where the block is."""
    filled = dict(inputs)
    for path, default in defaults.items():
        key, _, rest = path.partition(".")
        value = filled.get(key)
        if not rest:
            filled[key] = default if value is None else value
        elif isinstance(value, Mapping):
            filled[key] = with_defaults(cast("Mapping[str, Any]", value), {rest: default})
        elif isinstance(value, list):
            items = cast("list[Any]", value)
            filled[key] = [
                with_defaults(cast("Mapping[str, Any]", item), {rest: default})
                if isinstance(item, Mapping)
                else item
                for item in items
            ]
    return filled


def normal(value: Any, *, unordered: bool = False) -> Any:
    """Return a value so that what the provider takes for the same is equal: nothing, zero, false, empty."""
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value).items()
        block = {key: normal(item, unordered=unordered) for key, item in sorted(items)}
        return {key: item for key, item in block.items() if item is not None} or None
    if isinstance(value, list | tuple):
        items = [normal(item, unordered=unordered) for item in cast("list[Any]", value)]
        return (sorted(items, key=repr) if unordered else items) or None
    return value if value not in ("", 0) else None


def normal_json(text: Any) -> Any:
    """Return JSON parsed, and any other text as it is."""
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text


def normal_policy(text: Any) -> Any:
    """Return an IAM policy so that equivalent ones are equal.

    As github.com/hashicorp/awspolicyequivalence: order of statements and of values, one value or a list of one,
    an account or its root user do not matter.
    """
    policy = normal_json(text)
    if not isinstance(policy, dict) or "Statement" not in policy:
        return policy
    document = cast("dict[str, Any]", policy)
    statements = document["Statement"]
    forms = [_statement(item) for item in (statements if isinstance(statements, list) else [statements])]
    return {**document, "Statement": sorted(forms, key=repr)}


def _statement(statement: dict[str, Any]) -> dict[str, Any]:
    form = dict(statement)
    for key in _STATEMENT_LISTS:
        if key in form:
            form[key] = _sorted_values(form[key])
    for key in ("Principal", "NotPrincipal"):
        if isinstance(form.get(key), dict):
            form[key] = {kind: _sorted_values(_account(values)) for kind, values in sorted(form[key].items())}
    if isinstance(form.get("Condition"), dict):
        form["Condition"] = {
            test: {name: _sorted_values(values) for name, values in sorted(variables.items())}
            for test, variables in sorted(form["Condition"].items())
        }
    return dict(sorted({**form, "Effect": str(form.get("Effect")).lower()}.items()))


def _sorted_values(values: Any) -> list[Any]:
    return sorted(values, key=repr) if isinstance(values, list) else [values]


def _account(values: Any) -> list[Any]:
    items = values if isinstance(values, list) else [values]
    return [re.sub(r"^(\d{12})$", r"arn:aws:iam::\1:root", item) for item in cast("list[str]", items)]
