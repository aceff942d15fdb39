"""What a conversion has to tell: what is not the same, what has no counterpart, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final, Literal

Kind = Literal["do", "missing", "differs"]

HEADINGS: Final[dict[Kind, str]] = {
    "do": "To do before the first deployment",
    "missing": "Without a counterpart",
    "differs": "Not the same as before",
}


@dataclass(frozen=True)
class Note:
    """One thing to know."""

    kind: Kind
    place: str
    """The service or the environment; empty for all of them."""
    field: str
    """What stands there in the file that was read; empty if nothing does."""
    text: str

    @property
    def line(self) -> str:
        """All of it in one line."""
        name = " ".join(filter(None, (self.place, self.field)))
        return f"{name}: {self.text}" if name else self.text


@dataclass
class Report:
    """What there is to know of one stack."""

    notes: list[Note] = field(default_factory=list[Note])

    def add(self, kind: Kind, place: str, name: str, text: str) -> None:
        """Note something, once."""
        note = Note(kind, place, name, text)
        if note not in self.notes:
            self.notes.append(note)

    def lines(self) -> Iterator[str]:
        """Yield headings and, below each, its notes."""
        for kind, heading in HEADINGS.items():
            found = [note.line for note in self.notes if note.kind == kind]
            if found:
                yield f"{heading}:"
                yield from (f"  - {line}" for line in found)

    def markdown(self) -> Iterator[str]:
        """Yield the same as Markdown, by place."""
        for kind, heading in HEADINGS.items():
            found = [note for note in self.notes if note.kind == kind]
            if not found:
                continue
            yield f"### {heading}\n"
            for place, notes in groupby(sorted(found, key=lambda note: note.place), lambda note: note.place):
                for note in notes:
                    name = " ".join(filter(None, (place, f"`{note.field}`" if note.field else "")))
                    yield f"- [ ] {name}: {note.text}" if name else f"- [ ] {note.text}"
            yield ""


class Place:
    """A report, seen from one service or environment."""

    def __init__(self, report: Report, name: str) -> None:
        self.report = report
        self.name = name

    def do(self, name: str, text: str) -> None:
        """Note what somebody has to do."""
        self.report.add("do", self.name, name, text)

    def missing(self, name: str, text: str) -> None:
        """Note what has no counterpart."""
        self.report.add("missing", self.name, name, text)

    def differs(self, name: str, text: str) -> None:
        """Note what is not the same."""
        self.report.add("differs", self.name, name, text)
