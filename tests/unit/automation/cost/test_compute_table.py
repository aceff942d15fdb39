"""What three workloads cost on each kind of capacity."""

from __future__ import annotations

from pathlib import Path

import pytest

from automation.cost.assumptions import Assumptions
from automation.cost.compute_table import as_json, lines, rows
from automation.cost.prices import TablePrices

DOCUMENTS = sorted((Path(__file__).parents[4] / "docs").glob("*.md"))


def table(region: str = "us-east-1", **assumed: float) -> dict[str, dict[str, tuple[float | None, str]]]:
    """Return dollars and instances by workload and kind of capacity."""
    document = as_json(rows(TablePrices(region), region, Assumptions(**assumed)), region)
    return {
        workload["name"]: {
            kind: (cell["usd_per_month"], cell["instances"] or "") for kind, cell in workload["costs"].items()
        }
        for workload in document["workloads"]
    }


def shown(region: str = "us-east-1") -> list[str]:
    return list(lines(rows(TablePrices(region), region, Assumptions()), region))


@pytest.mark.parametrize(
    ("workload", "costs"),
    [
        # Half a vCPU and 1 GB; each of two instances has a disk: 2 * (0.0084 * 730 + 30 * 0.08).
        ("a small site", [18.02, 14.42, 4.59, (17.06, "2 x t4g.micro"), (26.54, "2 x t4g.micro")]),
        # 4 vCPUs and 8 GB, on two instances with 2 vCPUs and 8 GB: 2 * (0.077 * 730 + 30 * 0.08).
        ("an API", [144.16, 115.34, 36.72, (117.22, "2 x m6g.large"), (138.71, "2 x m6g.large")]),
        # 40 of the 168 hours of a week: 5 * (0.308 * 730 + 30 * 0.08) * 40 / 168.
        ("a batch fleet", [343.24, 274.62, 87.44, (270.52, "5 x m6g.2xlarge"), (307.41, "5 x m6g.2xlarge")]),
    ],
)
def test_a_workload_costs(workload: str, costs: list[float | tuple[float, str]]) -> None:
    expected = [cost if isinstance(cost, tuple) else (cost, "") for cost in costs]
    kinds = ("fargate-x86_64", "fargate-arm64", "fargate-spot-arm64", "ec2", "managed-instances")

    assert table()[workload] == dict(zip(kinds, expected, strict=True))


def test_assumptions_apply() -> None:
    """Without reserved memory a smaller type is large enough."""
    assert table(instance_reserved_gb=0)["an API"]["ec2"][1] == "2 x c6g.large"


def test_an_unknown_price_is_reported_instead_of_a_number() -> None:
    assert table("ap-southeast-2")["an API"]["ec2"] == (None, "")
    assert shown("ap-southeast-2")[-1].startswith(
        "no price of ebs-gp3 is known in ap-southeast-2: use --live"
    )


def test_the_table_is_markdown() -> None:
    header, ruler, site, *_ = shown()
    kinds = "Fargate, x86_64 | Fargate, arm64 | Fargate Spot, arm64 | EC2, arm64 | Managed Instances, arm64"
    costs = "$18.02 | $14.42 | $4.59 | $17.06 (2 x t4g.micro) | $26.54 (2 x t4g.micro)"

    assert header == f"| In us-east-1, dollars a month | {kinds} |"
    assert ruler == "|---|---|---|---|---|---|"
    assert site == f"| a small site: 2 tasks of 0.25 vCPU and 0.5 GB, always | {costs} |"


def test_tables_in_the_docs_are_those_of_the_command() -> None:
    command = [line for line in shown() if line.startswith("|")]
    texts = [document.read_text(encoding="utf-8").splitlines() for document in DOCUMENTS]
    tables = [text[text.index(command[0]) :][: len(command)] for text in texts if command[0] in text]

    assert tables
    assert all(table == command for table in tables)


def test_json_has_the_size_of_each_workload() -> None:
    workload = as_json(rows(TablePrices("us-east-1"), "us-east-1", Assumptions()), "us-east-1")["workloads"][
        1
    ]
    del workload["costs"]

    assert workload == {"name": "an API", "tasks": 4, "vcpus": 1, "gb": 2, "share_of_month": 1}
