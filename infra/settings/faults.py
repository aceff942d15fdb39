"""Collects all errors of a configuration into one message, without secrets."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any, Final

import pulumi
from pydantic import BaseModel, ValidationError

from infra.settings.model import WORDS, FaultsError

Path = tuple[str | int, ...]
Schema = Mapping[str, Any]
"""A JSON schema, or a part of one."""

CREDENTIALS: Final = (
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "ECS_ENGINE_AUTH_DATA"),
)
"""Names that no container's environment may have: Security Hub's control ECS.8."""

_LONGEST_VALUE: Final = 120
_SENSITIVE: Final = r"secret|passw|token|credential|auth|(?:api|access|encryption|signing|private).?key"
_NAMES_A_SECRET: Final = re.compile(_SENSITIVE, re.IGNORECASE)
_HOLDS_A_SECRET: Final = re.compile(rf'"[^"]*(?:{_SENSITIVE})[^"]*": |://[^/\s"]*@', re.IGNORECASE)
_NEAR: Final = 0.68
_NO_LIMIT: Final = 10**9


class SettingsError(pulumi.RunError):
    """The configuration cannot be right; the CLI prints a `RunError` without a traceback."""

    def __init__(self, stack: str, faults: Iterable[Found], *, secret_keys: Iterable[str] = ()) -> None:
        """Name every fault.

        Args:
            stack: named in the message, with its file.
            faults: what is wrong.
            secret_keys: keys whose values the message must not show, without the project's prefix.
        """
        self.faults = tuple(faults)
        secret = frozenset(secret_keys)
        lines = [fault.line(secret) for fault in self.faults]
        count = "1 error" if len(lines) == 1 else f"{len(lines)} errors"
        listed = "\n".join(f"  - {line}" for line in lines)
        super().__init__(
            f"The configuration of stack {stack} has {count}; nothing was changed.\n{listed}\n"
            f"Correct Pulumi.{stack}.yaml, or use `pulumi config set --stack {stack}`; "
            "Pulumi.yaml describes every key."
        )


class NoValue(Enum):
    """Why there is no value to show."""

    MISSING = " is missing"
    NAME = ""
    """It is the name that is wrong."""
    HIDDEN = " = [secret]"


@dataclass(frozen=True)
class Found:
    """One fault, with where it is."""

    path: Path
    allowed: str
    value: object
    is_rule: bool = False
    """Whether it is a rule of ours, which may be about several keys."""

    def line(self, secret_keys: frozenset[str]) -> str:
        """Return one line: key, value, what is allowed."""
        if isinstance(self.value, NoValue):
            return f"{self.key}{self.value.value}: {self.allowed}"
        hides = self.path[0] in secret_keys or self._is_secret()
        shown = NoValue.HIDDEN.value if hides else f" = {_shown(self.value)}"
        return f"{self.key}{shown}: {self.allowed}"

    @property
    def key(self) -> str:
        """The place as `pulumi config set --path` takes it: `multidev[0].cpu`."""
        rest = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path[1:])
        return _printable("".join([str(self.path[0]), *rest]))

    def _is_secret(self) -> bool:
        # What stands where an ARN belongs is most likely the secret itself, which has no place in a log.
        text = json.dumps(self.value, default=str)
        is_arn = text.startswith('"arn:')
        return not is_arn and bool(_NAMES_A_SECRET.search(self.key) or _HOLDS_A_SECRET.search(text))


def found_in(error: ValidationError, model: type[BaseModel]) -> Iterator[Found]:
    """Return what a model refused, in our words: pydantic's own would show values."""
    whole = schema_of(model)
    errors = error.errors(include_url=False)
    for one in errors:
        if one["type"] == "too_short" and any(
            other["loc"][: len(one["loc"])] == one["loc"] for other in errors if other != one
        ):
            # The items that it had are refused already.
            continue
        path = _shown_path(whole, tuple(one["loc"]))
        said = one.get("ctx", {})
        if isinstance(ours := said.get("error"), FaultsError):
            for fault in ours.faults:
                value = one["input"] if fault.value is None and not fault.path else fault.value
                yield Found(path + fault.path, fault.allowed, value, is_rule=True)
        elif one["type"] == "extra_forbidden":
            yield stranger(path, one["input"], _at(whole, one["loc"][:-1])["properties"], listed=True)
        elif path[-1] == "[key]":
            names = _at(whole, one["loc"][:-2])["propertyNames"]
            yield Found(path[:-1], f"the name must be {words(names, whole)}", NoValue.NAME)
        elif one["type"] == "too_long":
            yield Found(path, f"at most {said['max_length']}", f"{len(one['input'])} items")
        elif one["type"].startswith("union_tag_"):
            kinds = _at(whole, path)["discriminator"]
            tag = str(kinds["propertyName"])
            value = one["input"].get(tag, NoValue.MISSING)
            yield Found((*path, tag), f"one of {', '.join(kinds['mapping'])}", value)
        else:
            value = NoValue.MISSING if one["type"] == "missing" else one["input"]
            yield Found(path, words(_at(whole, one["loc"]), whole), value)


@cache
def schema_of(model: type[BaseModel]) -> Schema:
    """Return the JSON schema of a model, by its keys."""
    return model.model_json_schema(by_alias=True)


def stranger(path: Path, value: object, keys: Iterable[str], *, listed: bool = False) -> Found:
    """Return the fault of a key that does not exist; the nearest is named only if it is near."""
    names = list(keys)
    near = nearest(str(path[-1]), names)
    hint = f"; the nearest is `{near}`" if near else ""
    among = f" (of {', '.join(names)})" if listed else ""
    hides = near is not None and _NAMES_A_SECRET.search(near)
    return Found(path, f"there is no such key{hint}{among}", NoValue.HIDDEN if hides else value)


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the name that was most likely meant; None if none is like it."""
    return next(iter(difflib.get_close_matches(name, list(names), n=1, cutoff=_NEAR)), None)


def words(schema: Schema, whole: Schema) -> str:  # noqa: PLR0911 - one for each kind of type
    """Say what a part of a schema takes."""
    schema = resolved(schema, whole)
    if said := schema.get(WORDS):
        return said
    if options := schema.get("enum"):
        return f"one of {', '.join(map(str, options))}"
    if kinds := schema.get("discriminator"):
        return f"an object with {kinds['propertyName']}, one of {', '.join(kinds['mapping'])}, and its keys"
    match schema.get("type"):
        case "array":
            least = " with at least one item" if schema.get("minItems") else ""
            return f"a list{least}, each item {words(schema['items'], whole)}"
        case "object":
            keys = schema.get("properties")
            if keys:
                return f"an object with {', '.join(keys)}"
            return f"an object of names, each with {words(_values(schema), whole)}"
        case "integer":
            least, most = schema["minimum"], schema["maximum"]
            return (
                f"a whole number{f', {least} or more' if most >= _NO_LIMIT else f' from {least} to {most}'}"
            )
        case "boolean":
            return "true or false"
        case _:
            return "text"


def resolved(schema: Schema, whole: Schema) -> Schema:
    """Return a schema without the reference that it is, and without none as an alternative."""
    for alternative in schema.get("anyOf", ()):
        if alternative.get("type") != "null":
            return resolved({**schema, **alternative, "anyOf": ()}, whole)
    if reference := schema.get("$ref"):
        return resolved({**whole["$defs"][reference.rpartition("/")[2]], **schema, "$ref": None}, whole)
    return schema


def _shown_path(whole: Schema, loc: Path) -> Path:
    """Return a place as people write it: pydantic names the kind of an object that may be of several."""
    return tuple(
        part
        for index, part in enumerate(loc)
        if part == "[key]" or part not in _kinds_of(_at(whole, loc[:index]))
    )


def _kinds_of(schema: Schema) -> Mapping[str | int, str]:
    """Return references to what an object may be, by the value of the key that tells; empty for others."""
    return schema.get("discriminator", {}).get("mapping", {})


def _at(whole: Schema, path: Path) -> Schema:
    """Return what a schema says of a place."""
    schema = resolved(whole, whole)
    for part in path:
        if kind := _kinds_of(schema).get(part):
            schema = resolved({"$ref": kind}, whole)
            continue
        if isinstance(part, int):
            inner = schema["items"]
        elif part in (named := schema.get("properties", {})):
            inner = named[part]
        else:
            inner = _values(schema)
        schema = resolved(inner, whole)
    return schema


def _values(schema: Schema) -> Schema:
    """Return what an object's values are, whatever their names."""
    patterns: Schema = schema.get("patternProperties", {})
    return schema.get("additionalProperties") or next(iter(patterns.values()))


def _shown(value: object) -> str:
    text = _printable(json.dumps(value, ensure_ascii=False, default=str))
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _printable(text: str) -> str:
    # JSON can hold half a character, which no terminal takes.
    return text.encode("utf-8", "backslashreplace").decode()
