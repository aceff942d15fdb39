"""Writes the table of config keys from `Pulumi.yaml` into the documents: `python -m docs.config_table`."""  # noqa: INP001 - a folder of documents, not a package

from __future__ import annotations

import json
from pathlib import Path

from infra.config.schema import PROJECT_ROOT, DeclaredKey, load_schema

BEGIN = "<!-- config table -->"
END = "<!-- end of config table -->"
DOCUMENTS = (Path("README.md"), Path("docs/configuration.md"))


def table() -> str:
    """Return the table, a row for each key in the order of `Pulumi.yaml`."""
    rows = "\n".join(_row(key) for key in load_schema().keys.values())
    return f"| Key | Type | Default | Meaning |\n|---|---|---|---|\n{rows}"


def with_table(document: str) -> str:
    """Return a document with the table between its markers.

    Raises:
        ValueError: the document has not exactly one pair of markers.
    """
    if (document.count(BEGIN), document.count(END)) != (1, 1):
        raise ValueError(f"there must be one {BEGIN} and one {END}")
    head, _, rest = document.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{table()}\n{END}{tail}"


def _row(key: DeclaredKey) -> str:
    default = "" if key.default == "" else f"`{json.dumps(key.default).strip(chr(34))}`"
    return (
        f"| `{key.name}` | {key.type or 'list'} | {default} | {key.description.replace('|', chr(92) + '|')} |"
    )


def main() -> None:
    """Write the table into every document that has it."""
    for path in DOCUMENTS:
        document = PROJECT_ROOT / path
        document.write_text(with_table(document.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
