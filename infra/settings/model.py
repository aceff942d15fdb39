"""Base of all settings: frozen models, strict about types, with kebab-case keys."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

T = TypeVar("T")


@dataclass(frozen=True)
class Stack:
    """Whose configuration is read: what rules get as their context."""

    project: str
    name: str

    def is_named(self, name: str) -> bool:
        """Whether this is the stack of a name, alone or in full."""
        return name in (self.name, f"{name.partition('/')[0]}/{self.project}/{self.name}")


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong."""

    allowed: str
    """What may stand there, or what to do instead."""
    path: tuple[str | int, ...] = ()
    """Where, seen from the model or the field that says so."""
    value: object = None
    """What stands there; None for what the field that says so has."""


class FaultsError(ValueError):
    """What a validator raises; each fault is reported on its own."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(*faults)
        self.faults = faults


def check(faults: Iterable[Fault]) -> None:
    """Raise what was found.

    Raises:
        FaultsError: there is a fault.
    """
    if found := tuple(faults):
        raise FaultsError(*found)


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
        """Yield what is wrong between several keys, each of which may be right alone."""
        yield from ()

    @model_validator(mode="after")
    def _keeps_its_rules(self) -> Self:
        check(self._rules())
        return self


@dataclass(frozen=True)
class Pattern:
    """Text that matches a pattern as a whole."""

    words: str
    pattern: str
    flags: re.RegexFlag = re.ASCII

    def matches(self, text: str) -> bool:
        """Whether the whole text has this form."""
        return re.fullmatch(self.pattern, text, self.flags) is not None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check the text after its type."""

        def matching(text: str) -> str:
            if not self.matches(text):
                raise ValueError(self.words)
            return text

        return core_schema.no_info_after_validator_function(matching, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        """Give editors the words, and the pattern where it means the same to them."""
        pattern = {"pattern": f"^(?:{self.pattern})$"} if self.flags == re.ASCII else {}
        return {**handler(schema), **pattern, WORDS: self.words}


@dataclass(frozen=True)
class Allowed:
    """Says what a value may be, where its type does not say it well."""

    words: str

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        """Put the words where messages and editors find them."""
        return {**handler(schema), WORDS: self.words}


def to_text(value: object) -> object:
    """Return a plain value as text, as JSON and YAML have it."""
    return json.dumps(value) if isinstance(value, bool | int | float) else value


def repeated(items: Iterable[T], *path: str) -> Iterator[Fault]:
    """Yield a fault for each item that was there before."""
    seen: list[T] = []
    for index, item in enumerate(items):
        if item in seen:
            yield Fault(f"each once; it is number {seen.index(item) + 1} already", (index, *path), item)
        seen.append(item)


def _each_once(items: tuple[T, ...]) -> tuple[T, ...]:
    check(repeated(items))
    return items


WORDS: Final = "errorMessage"
"""The keyword of a JSON schema, understood by editors, that holds what we say of a type."""

ONCE: Final = AfterValidator(_each_once)
"""For lists: no item twice."""

Word = Annotated[str, Pattern("text that is not empty", r"[\s\S]+")]


def _begins_with_a_word(words: tuple[str, ...]) -> tuple[str, ...]:
    # Others may be empty: redis-server --save "".
    check([Fault("text that is not empty", (0,), "")] if words[:1] == ("",) else ())
    return words


Command = Annotated[tuple[str, ...], AfterValidator(_begins_with_a_word)]
PlainText = Annotated[
    str, BeforeValidator(to_text), Allowed('text, a number, true or false ("" for an empty one)')
]
VariableName = Annotated[
    str, Pattern("letters, digits and underscores, with no digit at the beginning", r"[A-Za-z_][A-Za-z0-9_]*")
]
Variables = dict[VariableName, PlainText]
