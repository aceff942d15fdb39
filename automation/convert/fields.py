"""A table of another tool's fields: what each one becomes. Conversion and documents both follow it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from automation.convert.report import Place
from automation.convert.source import mapping

_UNKNOWN: Final = "there is no such field in the format's own documents; nothing was made of it"


@dataclass(frozen=True)
class Field:
    """One field, and what it becomes."""

    name: str
    """Its path; `*` stands for any name."""
    keys: str = ""
    """The keys of a stack file, in backquotes; empty if there are none."""
    text: str = ""
    """What is different; without keys, what to do instead."""
    others: Sequence[str] = ()
    """What other tools do with it, for documents."""

    def covers(self, path: str) -> bool:
        """Whether it is the field at a path, or around it."""
        return covers(self.name, path)


def covers(name: str, path: str) -> bool:
    """Whether a field is the one at a path, or around it."""
    mine, theirs = name.split("."), path.split(".")
    return len(mine) <= len(theirs) and all(a in ("*", b) for a, b in zip(mine, theirs, strict=False))


def note_what_is_left(fields: Iterable[Field], left: Iterable[tuple[str, object]], place: Place) -> None:
    """Report the fields that a conversion has not read, with the table's advice."""
    table = sorted(fields, key=lambda field: -len(field.name))
    for path in (path for found in left for path in _as_deep_as(table, *found)):
        found = next((field for field in table if field.covers(path)), None)
        inside = () if found else tuple(one for one in table if covers(path, one.name))
        if found is None and not inside:
            place.missing(path, _UNKNOWN)
        elif found is None:
            place.missing(path, "what stands there cannot be read; nothing was made of it")
        elif not found.keys:
            place.missing(path, found.text)
        elif found.name.count(".") < path.count(".") and any(
            one.name.startswith(f"{found.name}.") for one in table
        ):
            place.missing(path, _UNKNOWN)
        else:
            place.missing(path, f"becomes {found.keys}, but what stands there cannot be read: look at it")


def _as_deep_as(table: Sequence[Field], path: str, value: object) -> Iterator[str]:
    """Yield a path, or those inside of it where the table has rows for them."""
    inner = mapping(value)
    if inner and any(field.name != path and covers(path, field.name) for field in table):
        for name, item in inner.items():
            yield from _as_deep_as(table, f"{path}.{name}", item)
    else:
        yield path


def markdown(fields: Iterable[Field], headings: Sequence[str]) -> Iterator[str]:
    """Yield a table of the fields.

    Args:
        fields: the rows.
        headings: the table's; the first is that of the fields, and those after the third of other tools.
    """
    yield f"| {' | '.join(headings)} |"
    yield f"|{'---|' * len(headings)}"
    for field in fields:
        yield f"| {' | '.join((f'`{field.name}`', field.keys or 'none', field.text or ' ', *field.others))} |"
