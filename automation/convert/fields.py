"""Tables of another tool's fields and their keys: conversion, report and documents follow them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from automation.convert.report import Report
from automation.convert.source import mapping


@dataclass(frozen=True)
class Field:
    """A row of a table."""

    name: str
    """The field's path; `*` stands for any name."""
    reader: str = ""
    """The method of `Draft` that reads its value; empty if code of its own converts the field."""
    keys: str = ""
    """The keys of a stack file, in backquotes; empty if there are none."""
    text: str = ""
    """What is different; without keys, what to do instead."""
    others: str = ""
    """What other tools do with it, as cells of Markdown."""

    def covers(self, path: str) -> bool:
        """Whether it is the field at a path, or around it."""
        return _covers(self.name, path)

    def is_below(self, path: str) -> bool:
        """Whether it is inside the field at a path."""
        return self.name != path and _covers(path, self.name)


def table(text: str) -> tuple[Field, ...]:
    """Return the fields of a table: one in each line, with cells between `|`."""
    return tuple(Field(*(cell.strip() for cell in row.split("|", 4))) for row in text.strip().splitlines())


def report_unread(fields: Iterable[Field], unread: Iterable[tuple[str, object]], report: Report) -> None:
    """Report the fields that a conversion has not read, with the table's advice."""
    specific_first = sorted(fields, key=lambda field: -len(field.name))
    for path in (path for outer, value in unread for path in _as_deep_as(specific_first, outer, value)):
        field = next((field for field in specific_first if field.covers(path)), None)
        is_outer = any(inner.is_below(path if field is None else field.name) for inner in specific_first)
        if field is None and is_outer:
            report.missing(path, "the value cannot be read, and is not converted")
        elif field is None or (field.keys and is_outer and field.name.count(".") < path.count(".")):
            report.missing(path, "the format's documentation has no such field; it is not converted")
        else:
            report.missing(
                path, f"would be {field.keys}, but its value cannot be read" if field.keys else field.text
            )


def markdown(fields: Iterable[Field], headings: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a table, whose headings after the third are those of other tools."""
    yield f"| {' | '.join(headings)} |"
    yield f"|{'---|' * len(headings)}"
    for field in fields:
        cells = [f"`{field.name}`", field.keys or "none", field.text or " ", *filter(None, [field.others])]
        yield f"| {' | '.join(cells)} |"


def _covers(name: str, path: str) -> bool:
    mine, theirs = name.split("."), path.split(".")
    return len(mine) <= len(theirs) and all(a in ("*", b) for a, b in zip(mine, theirs, strict=False))


def _as_deep_as(fields: Sequence[Field], path: str, value: object) -> Iterator[str]:
    """Yield a path, or those inside it where the table has rows for them."""
    if (inner := mapping(value)) and any(field.is_below(path) for field in fields):
        for name, item in inner.items():
            yield from _as_deep_as(fields, f"{path}.{name}", item)
    else:
        yield path
