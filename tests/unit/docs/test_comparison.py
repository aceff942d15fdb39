"""The figures of the comparison are those that its command makes."""

from __future__ import annotations

import re

from docs import comparison

TEXT = comparison.DOCUMENT.read_text(encoding="utf-8")


def test_the_figures_are_current() -> None:
    assert comparison.with_figures(TEXT) == TEXT, "run `python -m docs.comparison`"


def test_the_projects_cost_equals_the_cost_guides_without_requests_and_logs() -> None:
    assert 29 < comparison.dev_alone() < 30


def test_lines_leave_out_comments_and_empty_lines() -> None:
    assert comparison.lines("Pulumi.staging.yaml") < len(
        (comparison.ROOT / "Pulumi.staging.yaml").read_text().splitlines()
    )


def test_every_cited_source_is_listed() -> None:
    body, _, sources = TEXT.partition("## Sources")

    assert set(re.findall(r"\[(\d)\](?!\()", body)) == set(re.findall(r"(?m)^(\d)\. ", sources))


def test_every_source_has_an_address_or_a_version() -> None:
    sources = re.findall(r"(?m)^\d\. (.*)$", TEXT.partition("## Sources")[2])

    assert [one for one in sources if "https://" not in one and not re.search(r"\d+\.\d+\.\d+", one)] == []
