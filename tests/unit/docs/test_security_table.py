"""The tables of docs/security.md are those of the policy pack and the stack files."""

from __future__ import annotations

from docs import security_table
from policies.evaluation import CONTROLS


def test_the_document_has_the_controls_of_today() -> None:
    text = security_table.DOCUMENT.read_text(encoding="utf-8")

    assert text == security_table.rendered(text), "run `python -m docs.security_table`"


def test_every_control_has_a_row_with_aws_s_page() -> None:
    text = security_table.DOCUMENT.read_text(encoding="utf-8")

    assert [one.id for one in CONTROLS.values() if f"| [{one.id}]({one.source}) |" not in text] == []


def test_what_dev_leaves_out_stands_there_with_its_reason() -> None:
    assert "| dev | ECS.2 | no NAT gateway in dev" in security_table.exceptions_table()
