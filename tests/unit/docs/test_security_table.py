"""The tables of docs/security.md."""

from __future__ import annotations

from docs import security_table
from policies.evaluation import CONTROLS

TEXT = security_table.DOCUMENT.read_text(encoding="utf-8")


def test_tables_are_current() -> None:
    assert security_table.document(TEXT) == TEXT, "run `python -m docs.security_table`"


def test_every_control_has_a_row_with_aws_s_page() -> None:
    assert [one.id for one in CONTROLS.values() if f"| [{one.id}]({one.source}) |" not in TEXT] == []


def test_exceptions_have_their_reason() -> None:
    assert "| dev | ECS.2 | no NAT gateway in dev" in TEXT
