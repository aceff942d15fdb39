# ruff: noqa: INP001 - a folder of documents, not a package
"""Writes the tables of fields in the guides to this program: `python -m docs.convert_tables`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from automation.convert.compose_fields import SERVICE
from automation.convert.copilot_fields import ENVIRONMENT, WORKLOAD
from automation.convert.fields import Field, markdown

ROOT: Final = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Table:
    """A table, with what stands around it in its document."""

    name: str
    fields: Iterable[Field]
    headings: Sequence[str]

    @property
    def begin(self) -> str:
        """What stands before it."""
        return f"<!-- {self.name} -->\n"

    @property
    def end(self) -> str:
        """What stands after it."""
        return f"\n<!-- end of {self.name} -->"


_COPILOT: Final = ("Copilot", "Here", "What is different")
DOCUMENTS: Final[Mapping[Path, Sequence[Table]]] = {
    Path("docs/from-copilot.md"): (
        Table("fields of services and jobs", WORKLOAD, _COPILOT),
        Table("fields of environments", ENVIRONMENT, _COPILOT),
    ),
    Path("docs/from-compose.md"): (
        Table(
            "fields of a service", SERVICE, ("Compose", "Here", "What is different", "Defang", "ecs_composex")
        ),
    ),
}
"""Which tables each document has."""


def rendered(document: str, tables: Sequence[Table]) -> str:
    """Return a document with its tables made anew."""
    for table in tables:
        before, _, rest = document.partition(table.begin)
        _, _, after = rest.partition(table.end)
        lines = "\n".join(markdown(table.fields, table.headings))
        document = f"{before}{table.begin}{lines}{table.end}{after}"
    return document


if __name__ == "__main__":
    for name, tables in DOCUMENTS.items():
        path = ROOT / name
        path.write_text(rendered(path.read_text(encoding="utf-8"), tables), encoding="utf-8")
