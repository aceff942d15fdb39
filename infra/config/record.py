"""A typed look at one object of the configuration, which notes what is wrong and goes on."""

from __future__ import annotations

import difflib
import json
import re
from typing import TYPE_CHECKING, Final, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from infra.config.faults import Faults

_WHOLE_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,18}")
_ABSENT: Final = object()

T = TypeVar("T")
ChoiceT = TypeVar("ChoiceT", bound=str | int)


def nearest(name: str, names: Iterable[str]) -> str:
    """Return the name that was most likely meant."""
    return difflib.get_close_matches(name, list(names), n=1, cutoff=0)[0]


class Record:
    """Reads values by key; a value that is missing or of the wrong type is a fault.

    After a fault the reader returns some value of the right type, so that the reading can go on and find
    the other faults; nobody uses it, for the faults are raised before.
    """

    def __init__(
        self,
        values: Mapping[str, object],
        *,
        faults: Faults,
        path: str = "",
        defaults: Mapping[str, object] | None = None,
        from_text: bool = False,
    ) -> None:
        """Look at an object.

        Args:
            values: the object.
            faults: takes what is wrong.
            path: where the object stands; empty for the configuration itself.
            defaults: what stands for values that are missing.
            from_text: whether values may be written as text: the CLI hands every top-level value over so.
        """
        self._defaults = defaults or {}
        self._values = {**self._defaults, **values}
        self._path = path
        self._from_text = from_text
        self.faults = faults

    @property
    def values(self) -> Mapping[str, object]:
        """The object as it was given, with its defaults."""
        return self._values

    @property
    def defaults(self) -> Mapping[str, object]:
        """What stands for values that are missing."""
        return self._defaults

    def key(self, name: str) -> str:
        """Return where a value stands, from the top."""
        return f"{self._path}.{name}" if self._path else name

    @property
    def is_empty(self) -> bool:
        """Whether the object holds nothing at all."""
        return not self._values

    def has(self, name: str) -> bool:
        """Whether the object holds this name at all."""
        return name in self._values

    def text(
        self,
        name: str,
        *,
        allowed: str,
        pattern: re.Pattern[str] | None = None,
        may_be_empty: bool = False,
    ) -> str:
        """Read text that matches `pattern` as a whole."""
        value = self._values.get(name, _ABSENT)
        if self._from_text and isinstance(value, int | float):
            # YAML reads `user: 1000` as a number where the CLI makes text of it.
            value = json.dumps(value)
        if isinstance(value, str):
            if not value and may_be_empty:
                return value
            if value and (pattern is None or pattern.fullmatch(value)):
                return value
        return self._refuse(name, value, allowed, instead="")

    def optional_text(self, name: str, *, allowed: str, pattern: re.Pattern[str] | None = None) -> str | None:
        """Read text of which the empty one means that there is none."""
        return self.text(name, allowed=allowed, pattern=pattern, may_be_empty=True) or None

    def whole(self, name: str, minimum: int, maximum: int | None = None) -> int:
        """Read a whole number from `minimum` to `maximum`."""
        value = self._number(name)
        # By its exact type: for Python, true is a number as well.
        if type(value) is int and minimum <= value and (maximum is None or value <= maximum):
            return value
        allowed = f", {minimum} or more" if maximum is None else f" from {minimum} to {maximum}"
        return self._refuse(name, value, f"a whole number{allowed}", instead=minimum)

    def whole_of(self, name: str, options: tuple[int, ...]) -> int:
        """Read a whole number that is one of some."""
        value = self._number(name)
        if type(value) is int and value in options:
            return value
        return self._refuse(name, value, f"one of {_listed(options)}", instead=options[0])

    def choice(self, name: str, options: tuple[ChoiceT, ...]) -> ChoiceT:
        """Read one of some texts."""
        value = self._values.get(name, _ABSENT)
        chosen = next((option for option in options if option == value), None)
        return chosen or self._refuse(name, value, f"one of {_listed(options)}", instead=options[0])

    def flag(self, name: str) -> bool:
        """Read true or false."""
        value = self._values.get(name, _ABSENT)
        if self._from_text and value in ("true", "false"):
            return value == "true"
        return value if isinstance(value, bool) else self._refuse(name, value, "true or false", instead=False)

    def items(self, name: str, *, allowed: str) -> list[object]:
        """Read a list of anything."""
        value = self._structure(name)
        return (
            cast("list[object]", value) if isinstance(value, list) else self._refuse(name, value, allowed, [])
        )

    def texts(
        self,
        name: str,
        *,
        allowed: str,
        pattern: re.Pattern[str] | None = None,
        unique: bool = False,
    ) -> tuple[str, ...]:
        """Read a list of texts that match `pattern`, each as a whole."""
        texts: list[str] = []
        for index, item in enumerate(self.items(name, allowed=f"a list, each item {allowed}")):
            where = f"{self.key(name)}[{index}]"
            if not isinstance(item, str) or not item or (pattern is not None and not pattern.fullmatch(item)):
                self.faults.add(where, item, allowed)
            elif unique and item in texts:
                self.faults.add(
                    where, item, f"each one once; it is {self.key(name)}[{texts.index(item)}] already"
                )
            else:
                texts.append(item)
        return tuple(texts)

    def records(self, name: str, fields: tuple[str, ...]) -> list[Record]:
        """Read a list of objects that have some of `fields` and no others."""
        form = f"an object with {_listed(fields)}"
        return [
            record
            for index, item in enumerate(self.items(name, allowed=f"a list, each item {form}"))
            if (record := self.record_at(f"{name}[{index}]", item, fields, allowed=form)) is not None
        ]

    def record(self, name: str, fields: tuple[str, ...], *, allowed: str) -> Record | None:
        """Read an object that has some of `fields` and no others."""
        value = self._structure(name)
        if not isinstance(value, dict):
            return self._refuse(name, value, allowed, instead=None)
        return self.record_at(name, cast("dict[object, object]", value), fields, allowed=allowed)

    def record_at(self, name: str, value: object, fields: tuple[str, ...], *, allowed: str) -> Record | None:
        """Look at an object inside this one; keys that are none of `fields` are faults."""
        if not isinstance(value, dict):
            self.faults.add(self.key(name), value, allowed)
            return None
        values = _named(cast("dict[object, object]", value))
        record = Record(values, faults=self.faults, path=self.key(name))
        for stranger in (name for name in values if name not in fields):
            self.faults.add(
                record.key(stranger),
                values[stranger],
                f"there is no such key; the nearest is `{nearest(stranger, fields)}` (of {_listed(fields)})",
            )
        return record

    def section(self, name: str, *, defaults: Mapping[str, object] | None = None) -> Record:
        """Look at an object that names only what differs from `defaults`, which have all that there can be.

        Args:
            name: where the object stands.
            defaults: what stands for values that are missing; by default those of this object.
        """
        if defaults is None:
            if name not in self._defaults:
                self.faults.add_missing(self.key(name), "an object")
                # What such an object lacks is no fault of its own.
                return Record({}, faults=self.faults.aside())
            defaults = cast("Mapping[str, object]", self._defaults[name])
        allowed = f"an object with {_listed(defaults)}"
        own = self.record_at(name, self._structure(name), tuple(defaults), allowed=allowed)
        return Record(
            {} if own is None else own.values, faults=self.faults, path=self.key(name), defaults=defaults
        )

    def strings(self, name: str, *, pattern: re.Pattern[str], named: str) -> dict[str, str]:
        """Read an object of plain values, and turn each into text.

        Args:
            name: where the object stands.
            pattern: what its names match as a whole.
            named: what such a name is, for the message.
        """
        value = self._structure(name)
        if not isinstance(value, dict):
            return self._refuse(name, value, "an object of names and plain values", instead={})
        strings: dict[str, str] = {}
        for item_name, item in _named(cast("dict[object, object]", value)).items():
            where = f"{self.key(name)}.{item_name}"
            if not pattern.fullmatch(item_name):
                self.faults.add(where, item, f"the name must be {named}")
            elif isinstance(item, str):
                strings[item_name] = item
            elif isinstance(item, bool | int | float):
                strings[item_name] = json.dumps(item)
            else:
                self.faults.add(where, item, 'text, a number, true or false ("" for an empty one)')
        return strings

    def _number(self, name: str) -> object:
        value = self._values.get(name, _ABSENT)
        if self._from_text and isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value):
            return int(value)
        return value

    def _structure(self, name: str) -> object:
        value = self._values.get(name, _ABSENT)
        if self._from_text and isinstance(value, str):
            try:
                return json.loads(value)
            except ValueError:
                return value
        return value

    def _refuse(self, name: str, value: object, allowed: str, instead: T) -> T:
        if value is _ABSENT:
            self.faults.add_missing(self.key(name), allowed)
        else:
            self.faults.add(self.key(name), value, allowed)
        return instead


def _named(values: dict[object, object]) -> dict[str, object]:
    # YAML reads an unquoted number or `on` as a name of its own type; the CLI makes text of it.
    return {str(name): value for name, value in values.items()}


def _listed(names: Iterable[object]) -> str:
    return ", ".join(map(str, names))
