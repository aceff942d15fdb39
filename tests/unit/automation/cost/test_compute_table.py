"""What three workloads cost on all that tasks may run on."""

from __future__ import annotations

from pathlib import Path

from automation.cost.assumptions import Assumptions
from automation.cost.compute_table import as_json, lines, rows
from automation.cost.prices import PricesOfTable

DOCUMENTS = sorted((Path(__file__).parents[4] / "docs").glob("*.md"))


def table(region: str = "us-east-1", **assumed: float) -> dict[str, dict[str, tuple[float | None, str]]]:
    """Dollars and instances by workload and by what it runs on."""
    found = rows(PricesOfTable(region), region, Assumptions(**assumed))
    return {
        workload.name: {
            kind: (None if cell.usd is None else round(cell.usd, 2), cell.instances)
            for kind, cell in cells.items()
        }
        for workload, cells in found
    }


def shown(region: str = "us-east-1") -> list[str]:
    return list(lines(rows(PricesOfTable(region), region, Assumptions()), region))


def test_a_small_site_is_cheapest_on_spot_and_on_demand_on_fargate() -> None:
    """Half a vCPU and 1 GB; of instances there are two, each with a disk: 2 * (0.0084 * 730 + 30 * 0.08)."""
    assert table()["a small site"] == {
        "fargate-x86_64": (18.02, ""),
        "fargate-arm64": (14.42, ""),
        "fargate-spot-arm64": (4.59, ""),
        "ec2": (17.06, "2 x t4g.micro"),
        "managed-instances": (26.54, "2 x t4g.micro"),
    }


def test_an_api_costs_as_much_on_instances_that_it_fills_by_half() -> None:
    """4 vCPUs and 8 GB, on two instances of 2 vCPUs and 8 GB: 2 * (0.077 * 730 + 30 * 0.08)."""
    assert table()["an API"] == {
        "fargate-x86_64": (144.16, ""),
        "fargate-arm64": (115.34, ""),
        "fargate-spot-arm64": (36.72, ""),
        "ec2": (117.22, "2 x m6g.large"),
        "managed-instances": (138.71, "2 x m6g.large"),
    }


def test_a_batch_fleet_pays_for_the_hours_in_which_it_runs() -> None:
    """40 of the 168 hours of a week: 5 * (0.308 * 730 + 30 * 0.08) * 40 / 168."""
    assert table()["a batch fleet"] == {
        "fargate-x86_64": (343.24, ""),
        "fargate-arm64": (274.62, ""),
        "fargate-spot-arm64": (87.44, ""),
        "ec2": (270.52, "5 x m6g.2xlarge"),
        "managed-instances": (307.41, "5 x m6g.2xlarge"),
    }


def test_assumptions_count() -> None:
    """With all memory for tasks, a smaller type has room for them."""
    assert table(instance_reserved_gb=0)["an API"]["ec2"][1] == "2 x c6g.large"


def test_where_a_price_is_not_known_there_is_no_number_but_the_reason() -> None:
    assert table("ap-southeast-2")["an API"]["ec2"] == (None, "")
    assert shown("ap-southeast-2")[-1].startswith(
        "no price of ebs-gp3 is known in ap-southeast-2: use --live"
    )


def test_it_is_shown_as_a_table_of_markdown() -> None:
    header, ruler, site, *_ = shown()
    kinds = "Fargate, x86_64 | Fargate, arm64 | Fargate Spot, arm64 | EC2, arm64 | Managed Instances, arm64"
    costs = "$18.02 | $14.42 | $4.59 | $17.06 (2 x t4g.micro) | $26.54 (2 x t4g.micro)"

    assert header == f"| In us-east-1, dollars a month | {kinds} |"
    assert ruler == "|---|---|---|---|---|---|"
    assert site == f"| a small site: 2 tasks of 0.25 vCPU and 0.5 GB, always | {costs} |"


def test_a_program_gets_the_same_numbers() -> None:
    document = as_json(rows(PricesOfTable("us-east-1"), "us-east-1", Assumptions()), "us-east-1")

    assert document["workloads"][1] == {
        "name": "an API",
        "tasks": 4,
        "vcpus": 1,
        "gb": 2,
        "share_of_the_time": 1,
        "costs": {
            "fargate-x86_64": {"usd_per_month": 144.16, "instances": None},
            "fargate-arm64": {"usd_per_month": 115.34, "instances": None},
            "fargate-spot-arm64": {"usd_per_month": 36.72, "instances": None},
            "ec2": {"usd_per_month": 117.22, "instances": "2 x m6g.large"},
            "managed-instances": {"usd_per_month": 138.71, "instances": "2 x m6g.large"},
        },
    }


def test_the_table_of_a_document_is_the_command_s() -> None:
    command = [line for line in shown() if line.startswith("|")]
    told = [document.read_text(encoding="utf-8").splitlines() for document in DOCUMENTS]
    tables = [text[text.index(command[0]) :][: len(command)] for text in told if command[0] in text]

    assert tables
    assert all(table == command for table in tables)
