"""The report of a conversion: what to do, what has no counterpart, and what differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal["do", "missing", "differs"]

HEADINGS: Final[dict[Kind, str]] = {
    "do": "To do before the first deployment",
    "missing": "Without a counterpart",
    "differs": "Not the same as before",
}


@dataclass(frozen=True)
class Note:
    """An entry of a report."""

    kind: Kind
    place: str
    """The service or the environment; empty for the whole stack."""
    field: str
    """The field of the file that was read; empty for none."""
    text: str

    @property
    def line(self) -> str:
        """The note in one line."""
        name = " ".join(filter(None, (self.place, self.field)))
        return f"{name}: {self.text}" if name else self.text


@dataclass
class Report:
    """The notes of a stack, to which notes about one service or environment are added."""

    place: str = ""
    notes: list[Note] = field(default_factory=list[Note])

    def about(self, place: str) -> Report:
        """Return the same report, for notes about a service or an environment."""
        return Report(place, self.notes)

    def todo(self, name: str, text: str) -> None:
        """Note what the user has to do about a field."""
        self._add("do", name, text)

    def missing(self, name: str, text: str) -> None:
        """Note a field without a counterpart."""
        self._add("missing", name, text)

    def differs(self, name: str, text: str) -> None:
        """Note a field that is converted to something slightly different."""
        self._add("differs", name, text)

    def _add(self, kind: Kind, name: str, text: str) -> None:
        note = Note(kind, self.place, name, text)
        if note not in self.notes:
            self.notes.append(note)


def report_lines(reports: Mapping[str, Report]) -> Iterator[str]:
    """Yield headings and notes, each note once, with its stacks where it is not about all of them.

    Args:
        reports: by stack.
    """
    for kind, heading in HEADINGS.items():
        stacks: dict[str, list[str]] = {}
        for stack, report in reports.items():
            for note in report.notes:
                if note.kind == kind:
                    stacks.setdefault(note.line, []).append(stack)
        if stacks:
            yield f"{heading} ({len(stacks)}):"
        for line, names in stacks.items():
            yield f"  - {line}" if len(names) == len(reports) else f"  - [{', '.join(names)}] {line}"


def report_markdown(reports: Mapping[str, Report]) -> str:
    """Return the reports as lists to tick off, by stack and by service."""
    lines: list[str] = []
    for stack, report in reports.items():
        lines += [f"## Stack {stack}", ""]
        for kind, heading in HEADINGS.items():
            notes = sorted((note for note in report.notes if note.kind == kind), key=lambda note: note.place)
            lines += [f"### {heading}", ""] if notes else []
            for note in notes:
                name = " ".join(filter(None, (note.place, f"`{note.field}`" if note.field else "")))
                lines.append(f"- [ ] {name}: {note.text}" if name else f"- [ ] {note.text}")
            lines += [""] if notes else []
    return "\n".join(lines).rstrip() + "\n"


def report_restrictions(report: Report) -> None:
    """Report what no task may do here, whatever tool its service is converted from."""
    report.differs(
        "",
        "the root file system is read-only except for `/tmp` (`tmpfs`), or unless `execute-command` is set:"
        " add the folders that the app writes to",
    )
    report.differs(
        "", "tasks can connect to port 443 and to what `egress` lists only: check that it is complete"
    )
