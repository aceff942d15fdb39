"""Base of all settings: frozen models, strict about types, with kebab-case keys."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, Self, TypeVar, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from infra.settings.faults import Fault, NoValue, Path, check, repeated
from infra.settings.schema import DESCRIPTION

T = TypeVar("T")


@dataclass(frozen=True)
class Stack:
    """The stack whose configuration is validated: the validators' context."""

    project: str
    name: str

    def is_named(self, name: str) -> bool:
        """Whether a name, short or fully qualified, is this stack's."""
        return name in (self.name, f"{name.partition('/')[0]}/{self.project}/{self.name}")


class Model(BaseModel):
    """Some keys with their types, defaults, bounds and, in the docstring below each, meanings."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=lambda field: field.replace("_", "-"),
        validate_by_alias=True,
        validate_by_name=True,
        # Most of a model's cost is its validator: only those that are used are built.
        defer_build=True,
    )

    def _rules(self) -> Iterator[Fault]:
        """Yield the faults between several keys, each of which may be valid alone."""
        yield from ()

    @model_validator(mode="after")
    def _check_rules(self) -> Self:
        check(self.with_values(self._rules()))
        return self

    def with_values(self, faults: Iterable[Fault], *path: str | int) -> Iterator[Fault]:
        """Yield faults of this model, at `path` in the stack file, with the values of their keys."""
        for fault in faults:
            if fault.path and fault.value is NoValue.FROM_MODEL:
                fault = replace(fault, value=shown(self.value_of(fault.path)))  # noqa: PLW2901
            yield fault.below(*path)

    def refuse(self, allowed: str, *keys: str) -> Iterator[Fault]:
        """Yield a fault for each of some keys that has a value other than zero, false or empty."""
        yield from (Fault((key,), allowed) for key in keys if self.value_of((key,)))

    def ordered(self, least: str, most: str) -> Iterator[Fault]:
        """Yield a fault if the key for a minimum is above the one for the maximum."""
        lower, upper = self.value_of((least,)), self.value_of((most,))
        if isinstance(lower, int) and isinstance(upper, int) and lower > upper:
            yield Fault((least,), f"at most the `{most}`, {upper}")

    def value_of(self, path: Path) -> object:
        """Return the value at a path of keys, indices and names."""
        return value_at(self, path)


def value_at(value: Any, path: Iterable[str | int]) -> object:
    """Return the value at a path below another value."""
    for part in path:
        value = getattr(value, str(part).replace("-", "_")) if isinstance(value, Model) else value[part]
    return value


def shown(value: object) -> object:
    """Return a value as a message shows it; of many models only their number or names."""
    if isinstance(value, Model):
        return value.model_dump(mode="json", by_alias=True, exclude_unset=True)
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value)
        has_models = any(isinstance(item, Model) for item in items.values())
        return ", ".join(map(str, items)) if has_models else items
    if isinstance(value, tuple) and any(isinstance(item, Model) for item in cast("tuple[object]", value)):
        count = len(cast("tuple[object]", value))
        return f"{count} item" if count == 1 else f"{count} items"
    return cast("object", value)


@dataclass(frozen=True)
class Pattern:
    """Text that matches a regular expression as a whole."""

    description: str
    pattern: str
    flags: re.RegexFlag = re.ASCII

    def matches(self, text: str) -> bool:
        """Whether the whole text has this form."""
        return re.fullmatch(self.pattern, text, self.flags) is not None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check the text after its type."""

        def matching(text: str) -> str:
            if not self.matches(text):
                raise ValueError(self.description)
            return text

        return core_schema.no_info_after_validator_function(matching, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        """Add the description, and the pattern where editors understand it alike."""
        pattern = {"pattern": f"^(?:{self.pattern})$"} if self.flags == re.ASCII else {}
        return {**handler(schema), **pattern, DESCRIPTION: self.description}


@dataclass(frozen=True)
class Allowed:
    """What a value may be, where its type does not say it well."""

    description: str

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        """Put the description where messages and editors find it."""
        return {**handler(schema), DESCRIPTION: self.description}


PLAIN_TYPES: Final = ("string", "number", "boolean")
"""JSON types that are accepted as text."""


class AsText:
    """Accepts numbers and flags, too, as text."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Convert the value before its type is checked."""
        return core_schema.no_info_before_validator_function(to_text, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        """Let editors accept them as well."""
        return {**handler(schema), "type": PLAIN_TYPES}


def to_text(value: object) -> object:
    """Return a plain value as text, as JSON and YAML write it."""
    return json.dumps(value) if isinstance(value, bool | int | float) else value


def checked(faults: Callable[[T], Iterable[Fault]]) -> AfterValidator:
    """Return a validator that refuses a value if a function finds faults in it."""

    def validate(value: T) -> T:
        check(faults(value))
        return value

    return AfterValidator(validate)


ONCE: Final = checked(repeated)
"""For lists: no item twice."""

TRUE_FOR_DEFAULTS: Final = BeforeValidator(
    lambda value: {} if value is True else None if value is False else value
)
"""For optional objects: `true` stands for the defaults, `false` for none."""

EMPTY_FOR_NONE: Final = BeforeValidator(lambda value: value or None)
"""For optional objects of the stack file: an empty one is Pulumi's default and stands for none."""

Word = Annotated[str, Pattern("text that is not empty", r"[\s\S]+")]


def _empty_program(command: tuple[str, ...]) -> Iterator[Fault]:
    # Arguments may be empty: redis-server --save "".
    if command[:1] == ("",):
        yield Fault((0,), "text that is not empty", "")


Command = Annotated[tuple[str, ...], checked(_empty_program)]
PlainText = Annotated[str, AsText(), Allowed('text, a number, true or false ("" for an empty one)')]
VariableName = Annotated[
    str, Pattern("letters, digits and underscores, with no digit at the beginning", r"[A-Za-z_][A-Za-z0-9_]*")
]
Variables = dict[VariableName, PlainText]


def arn(what: str, service: str, resource: str, form: str = "") -> Pattern:
    """Return the pattern of an ARN with region and account.

    Args:
        what: the resource in words, such as "a KMS key".
        service: its namespace, such as kms.
        resource: regular expression of all after the account.
        form: how messages show that, with a colon before it, such as :key/….
    """
    return Pattern(
        f"the ARN of {what} (arn:aws:{service}:…{form})",
        rf"arn:aws[a-z-]*:{service}:[a-z0-9-]+:\d{{12}}:{resource}",
    )


def resource_id(what: str, prefix: str) -> Pattern:
    """Return the pattern of an id with 8 or 17 hexadecimal digits."""
    return Pattern(
        f"the id of {what}, such as {prefix}-0123456789abcdef0", rf"{prefix}-[0-9a-f]{{8}}(?:[0-9a-f]{{9}})?"
    )
