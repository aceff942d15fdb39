"""The table of config keys in the documents is the one that `Pulumi.yaml` makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from docs.config_table import BEGIN, DOCUMENTS, END, table, with_table
from infra.config.fargate import MEMORY_BY_CPU, sizes_for
from infra.config.schema import PROJECT_ROOT, load_schema

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_a_document_holds_the_table_that_the_script_writes(path: Path) -> None:
    document = (PROJECT_ROOT / path).read_text(encoding="utf-8")

    assert document == with_table(document), "run `python -m docs.config_table`"


def test_the_table_has_a_row_of_four_cells_for_every_key() -> None:
    _, _, *rows = table().splitlines()

    assert len(rows) == len(load_schema().keys)
    assert {row.replace("\\|", "").count("|") for row in rows} == {5}


def test_only_what_stands_between_the_markers_is_written() -> None:
    assert with_table(f"before {BEGIN} old {END} after") == f"before {BEGIN}\n{table()}\n{END} after"


def test_a_document_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="config table"):
        with_table("no markers")


@pytest.mark.parametrize("cpu", MEMORY_BY_CPU)
def test_the_document_s_sizes_are_the_program_s(cpu: int) -> None:
    document = (PROJECT_ROOT / "docs/configuration.md").read_text(encoding="utf-8")

    assert f"| {cpu} | {sizes_for(cpu).replace(' MiB', '')} |" in document
