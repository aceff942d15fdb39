"""The table of the benchmark, and the sections of the document."""

from __future__ import annotations

from typing import Any

import pytest

from bench import report
from bench.change.__main__ import CHANGE
from bench.load.__main__ import LOAD

Rounds = list[tuple[float, float]]


def results(**figures: dict[str, Rounds]) -> dict[str, Any]:
    """Results with rounds of seconds and megabytes by measurement and contender."""
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
            measurement.replace("_", "-"): {
                name: [{"seconds": seconds, "peak_mb": peak} for seconds, peak in rounds]
                for name, rounds in by_contender.items()
            }
            for measurement, by_contender in figures.items()
        },
    }


def test_a_row_has_medians_ratio_and_target() -> None:
    ours: Rounds = [(1.0, 150), (9.0, 100), (2.0, 160)]
    text = report.text(results(unchanged={"local run": ours, "AWS CDK": [(4.0, 600)]}))

    assert "| nothing changed | 2.00 | 4.00 | 0.50 | 0.75 | 150 | 600 | 0.25 |  |" in text
    assert "2 cores (A Processor), 8 GB, Linux 6, load average before 0.1" in text
    assert "\n\npulumi 3.\n\n" in text


@pytest.mark.parametrize(
    ("services", "named", "target"), [(1, "1 service", "0.90"), (50, "50 services", "1.50")]
)
def test_the_time_target_of_planning_depends_on_the_number_of_services(
    services: int, named: str, target: str
) -> None:
    both: dict[str, Rounds] = {"local run": [(1.0, 1)], "AWS CDK": [(1.0, 1)]}
    text = report.text(results(**{f"synth_{services}": both}))

    row = f"| planning {named}, compared with `cdk synth` | 1.00 | 1.00 | 1.00 | {target} | 1 | 1 | 1.00 | 0.60 |"
    assert row in text


def test_rows_are_in_the_order_of_the_table() -> None:
    one: dict[str, Rounds] = {"local run": [(1.0, 1)]}
    text = report.text(results(diff_1=one, destroy=one, first=one))

    assert text.index("first `up`") < text.index("| delete |") < text.index("compared with `cdk diff`")


def test_a_table_without_cdk_says_why() -> None:
    text = report.text(results(unchanged={"local run": [(1.0, 100)]}))

    assert "| nothing changed | 1.00 | - | - | 0.75 | 100 | - | - |  |" in text
    assert "AWS CDK was not measured" in text


def test_only_the_text_between_the_markers_is_replaced() -> None:
    document = report.BENCH.replaced("before <!-- results --> old <!-- end of results --> after", "new")

    assert document == "before <!-- results -->\nnew\n<!-- end of results --> after"


def test_a_document_without_markers_is_rejected() -> None:
    with pytest.raises(ValueError, match="results"):
        report.BENCH.replaced("no markers", "text")


@pytest.mark.parametrize("section", [report.BENCH, LOAD, CHANGE], ids=lambda section: section.name)
def test_the_document_shows_the_committed_results(section: report.Section) -> None:
    document = report.DOCUMENT.read_text()

    assert document == section.replaced(document, section.text(section.read())), (
        "run `python -m bench.report`"
    )
