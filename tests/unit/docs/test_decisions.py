"""Decisions stand below an area, each with its date."""

from __future__ import annotations

import re

from tests.unit.infra.settings_fixtures import PROJECT_ROOT

TEXT = (PROJECT_ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")
ENTRY = re.compile(r"(?ms)^### (.*?)\n(.*?)(?=^##|\Z)")


def test_every_decision_begins_with_its_date() -> None:
    undated = [
        title for title, body in ENTRY.findall(TEXT) if not re.match(r"\n\*20\d\d-\d\d-\d\d\.\* ", body)
    ]

    assert undated == []


def test_every_area_is_in_the_list_at_the_top_and_has_decisions() -> None:
    areas = re.findall(r"(?m)^## (.*)$", TEXT)

    assert re.findall(r"(?m)^- \[(.*?)\]\(#", TEXT) == areas, "a decision is `### Title` under its area"
    assert len(ENTRY.findall(TEXT)) > 90


def test_no_decision_has_the_title_of_another() -> None:
    titles = [title for title, _ in ENTRY.findall(TEXT)]

    assert len(titles) == len(set(titles))
