# ruff: noqa: INP001 - a folder of documents, not a package
"""Writes the tables of fields into the guides for Copilot and Compose: `python -m docs.convert_tables`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from automation.convert.compose_fields import SERVICE
from automation.convert.copilot_fields import ENVIRONMENT, WORKLOAD
from automation.convert.fields import Field, markdown

ROOT: Final = Path(__file__).resolve().parents[1]


class Table(NamedTuple):
    """A table, and the name in the comments around it in its document."""

    name: str
    fields: Iterable[Field]
    headings: Sequence[str]


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
"""The tables of each document."""


def rendered(document: str, tables: Sequence[Table]) -> str:
    """Return a document with its tables generated again."""
    for table in tables:
        begin, end = f"<!-- {table.name} -->\n", f"\n<!-- end of {table.name} -->"
        before, _, rest = document.partition(begin)
        _, _, after = rest.partition(end)
        lines = "\n".join(markdown(table.fields, table.headings))
        document = f"{before}{begin}{lines}{end}{after}"
    return document


if __name__ == "__main__":
    for name, tables in DOCUMENTS.items():
        path = ROOT / name
        path.write_text(rendered(path.read_text(encoding="utf-8"), tables), encoding="utf-8")
