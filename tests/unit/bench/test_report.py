"""The table says what was measured, and the document has the table of the results that are committed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bench import report
from bench.contenders import copies, host_names
from bench.measure import Cost
from bench.results import Record, ratio


def cost(seconds: float, *, peak_mb: float = 100.0) -> Cost:
    return Cost(seconds=seconds, happened_after=seconds, cpu_seconds=seconds / 2, peak_mb=peak_mb)


def results(record: Record) -> dict[str, Any]:
    return {
        "date": "2026-01-02",
        "rounds": 3,
        "machine": {
            "cores": 2, "processor": "A Processor", "memory_gb": 8.0, "system": "Linux 6", "load_before": 0.1,
        },
        "versions": {"pulumi": "3", "docker": ""},
        "figures": record.document(),
    }  # fmt: skip


def test_a_figure_is_the_median_of_its_rounds() -> None:
    record = Record()
    for seconds in (1.0, 9.0, 2.0):
        record.add("again", "make up", seconds, cost(seconds))

    entry = record.document()["again"]["make up"]

    assert entry["median"]["seconds"] == 2.0
    assert entry["rounds"]["seconds"] == [1.0, 9.0, 2.0]


def test_of_several_commands_the_processor_s_time_adds_up_and_the_largest_memory_counts() -> None:
    record = Record()
    record.add("fresh", "AWS CDK", 7.0, cost(4.0, peak_mb=300), cost(2.0, peak_mb=500))

    median = record.document()["fresh"]["AWS CDK"]["median"]

    assert median == {"seconds": 7.0, "cpu_seconds": 3.0, "peak_mb": 500}


def test_a_ratio_below_one_is_in_our_favour() -> None:
    record = Record()
    record.add("again", "make up", 1.0, cost(1.0))
    record.add("again", "AWS CDK", 4.0, cost(4.0))

    assert ratio(record.document()["again"], "make up", "AWS CDK", "seconds") == 0.25


def test_the_table_has_figures_ratios_and_targets() -> None:
    record = Record()
    record.add("again", "make up", 1.0, cost(1.0, peak_mb=150))
    record.add("again", "AWS CDK", 4.0, cost(4.0, peak_mb=600))

    text = report.text(results(record))

    assert "| again, nothing changed | 1.00 | 4.00 | 0.25 | 0.33 | 150 | 600 | 0.25 |" in text
    assert "2 cores (A Processor), 8 GB, Linux 6" in text
    assert "pulumi 3." in text


def test_without_npm_the_table_says_so() -> None:
    record = Record()
    record.add("again", "make up", 1.0, cost(1.0))

    text = report.text(results(record))

    assert "| again, nothing changed | 1.00 | - | - | 0.33 | 100 | - | - |" in text
    assert "AWS CDK was not measured" in text


def test_only_what_stands_between_the_markers_is_written() -> None:
    document = report.with_text(
        f"before {report.BEGIN} old {report.END} after", report.text(results(Record()))
    )

    assert document.startswith(f"before {report.BEGIN}\n2026-01-02")
    assert document.endswith(f"\n{report.END} after")


def test_a_document_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="results"):
        report.with_text("no markers", "text")


def test_the_document_shows_the_results_that_are_there() -> None:
    committed = json.loads(report.RESULTS.read_text())
    document = report.DOCUMENT.read_text()

    assert document == report.with_text(document, report.text(committed)), "run `python -m bench.report`"


def test_the_first_service_has_the_domain_itself() -> None:
    assert host_names("example.com", 3) == ["example.com", "dev1.example.com", "dev2.example.com"]
    assert copies(1) == []
