"""The table says what was measured, and the document has the table of the committed results."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bench import report

Rounds = list[tuple[float, float]]


def results(**figures: dict[str, Rounds]) -> dict[str, Any]:
    """Results of a run with rounds of seconds and megabytes, by contender."""
    return {
        "date": "2026-01-02",
        "machine": {
            "cores": 2,
            "processor": "A Processor",
            "memory_gb": 8.0,
            "system": "Linux 6",
            "load_before": 0.1,
        },
        "versions": {"pulumi": "3", "docker": ""},
        "rounds": 3,
        "many": 10,
        "planned": [1, 50],
        "figures": {
            what.replace("_", "-"): {
                name: [{"seconds": seconds, "peak_mb": peak} for seconds, peak in rounds]
                for name, rounds in of_contenders.items()
            }
            for what, of_contenders in figures.items()
        },
    }


def test_a_row_has_medians_their_ratio_and_what_is_to_be_reached() -> None:
    ours: Rounds = [(1.0, 150), (9.0, 100), (2.0, 160)]
    text = report.text(results(unchanged={"local run": ours, "AWS CDK": [(4.0, 600)]}))

    assert "| nothing changed | 2.00 | 4.00 | 0.50 | 0.75 | 150 | 600 | 0.25 |  |" in text
    assert "2 cores (A Processor), 8 GB, Linux 6, load average before 0.1" in text
    assert "\n\npulumi 3.\n\n" in text


@pytest.mark.parametrize(
    ("services", "named", "target"), [(1, "1 service", "0.90"), (50, "50 services", "1.50")]
)
def test_planning_many_services_may_take_longer_than_synth_in_less_memory(
    services: int, named: str, target: str
) -> None:
    both: dict[str, Rounds] = {"local run": [(1.0, 1)], "AWS CDK": [(1.0, 1)]}
    text = report.text(results(**{f"synth_{services}": both}))

    row = f"| planning {named}, beside `cdk synth` | 1.00 | 1.00 | 1.00 | {target} | 1 | 1 | 1.00 | 0.60 |"
    assert row in text


def test_rows_stand_in_the_order_of_the_figures_whatever_came_first() -> None:
    one: dict[str, Rounds] = {"local run": [(1.0, 1)]}
    text = report.text(results(diff_1=one, destroy=one, first=one))

    assert text.index("first `up`") < text.index("| delete |") < text.index("beside `cdk diff`")


def test_without_npm_the_table_says_so() -> None:
    text = report.text(results(unchanged={"local run": [(1.0, 100)]}))

    assert "| nothing changed | 1.00 | - | - | 0.75 | 100 | - | - |  |" in text
    assert "AWS CDK was not measured" in text


def test_only_what_stands_between_the_markers_is_written() -> None:
    document = report.with_text(f"before {report.BEGIN} old {report.END} after", report.text(results()))

    assert document.startswith(f"before {report.BEGIN}\n2026-01-02")
    assert document.endswith(f"\n{report.END} after")


def test_a_document_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="results"):
        report.with_text("no markers", "text")


def test_the_document_shows_the_committed_results() -> None:
    committed = json.loads(report.RESULTS.read_text())
    document = report.DOCUMENT.read_text()

    assert document == report.with_text(document, report.text(committed)), "run `python -m bench.report`"
