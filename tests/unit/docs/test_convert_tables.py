"""The guides for those who come from other tools hold what the conversion does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.convert_tables import DOCUMENTS, ROOT, rendered
from infra.settings import ImageSettings, ServiceSettings, keys
from infra.settings.services import KEYS_OF_A_SERVICE
from infra.settings.sidecars import Sidecar

RUN = "run `python -m docs.convert_tables`"


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_guides_contain_the_generated_tables(path: Path) -> None:
    document = (ROOT / path).read_text(encoding="utf-8")

    assert document == rendered(document, DOCUMENTS[path]), RUN


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_a_table_names_keys_that_exist(path: Path) -> None:
    known = {*keys(), *KEYS_OF_A_SERVICE, "exposure: tcp", "flow-logs: log-group", "-maximum-percent"}
    inner = [Sidecar, ServiceSettings, ImageSettings]
    known |= {str(field.alias) for model in inner for field in model.model_fields.values()}
    known |= {"max-count", "scale-out-seconds", "rate", "services"}
    named = [
        key.split(".")[0]
        for table in DOCUMENTS[path]
        for field in table.fields
        for key in re.findall(r"`([^`]+)`", field.keys)
    ]

    assert [key for key in named if key not in known] == []
