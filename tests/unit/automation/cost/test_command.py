"""`cost` on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from automation.cli import main
from automation.cost import command
from automation.cost.resources import Stack
from tests.unit.automation.cost.bills import KEY, OneDollarPrices, resource

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def _stacks(monkeypatch: pytest.MonkeyPatch) -> None:
    stacks = {
        "small": Stack("small", "us-east-1", (resource(KEY),)),
        "large": Stack("large", "us-east-1", tuple(resource(KEY, str(number)) for number in range(40))),
        "bound": Stack("bound", "us-east-1", (resource(KEY), resource(KEY, "b")), monthly_budget_usd=1),
    }
    monkeypatch.setattr(command, "plan", stacks.__getitem__)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs the command, and returns its exit code, output and errors."""

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["cost", *arguments])
        captured = capsys.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        return code, captured.out, captured.err

    return call


def test_the_cost_of_a_stack_is_printed(run: Run) -> None:
    code, out, err = run("small")

    assert (code, err) == (0, "")
    assert out.startswith("small in us-east-1: $1.00 a month\n")


def test_another_stack_is_compared(run: Run) -> None:
    code, out, _ = run("small", "--compare", "large")

    assert code == 0
    assert "from small to large: +$39.00 a month" in out


def test_the_declared_stack_is_compared_with_an_export(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "stack.json"
    states = [
        {
            "type": token,
            "urn": f"urn:pulumi:large::p::{token}::{name}",
            "custom": True,
            "inputs": {"region": "us-east-1"},
        }
        for token, name in [("pulumi:providers:aws", "aws"), (KEY, "a"), (KEY, "b")]
    ]
    path.write_text(json.dumps({"deployment": {"resources": states}}))

    assert "from now to declared: +$38.00 a month" in run("large", "--before", str(path))[1]


def test_an_empty_export_costs_nothing(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "stack.json"
    path.write_text(json.dumps({"deployment": {"manifest": {}}}))

    assert "from now to declared: +$40.00 a month" in run("large", "--before", str(path))[1]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["large", "--budget", "39.99"], 1),
        (["large", "--budget", "40"], 0),
        (["bound"], 1),
        (["bound", "--budget", "2"], 0),
        (["small"], 0),
        (["small", "--budget", "0"], 1),
    ],
)
def test_the_exit_code_is_1_above_the_budget(arguments: list[str], code: int, run: Run) -> None:
    assert run(*arguments)[0] == code


def test_above_the_budget_the_bill_and_the_excess_are_printed(run: Run) -> None:
    _, out, err = run("bound")

    assert err == "error: bound costs $2.00 a month, $1.00 more than its budget of $1.00\n"
    assert "bound in us-east-1: $2.00 a month" in out


def test_the_budget_of_the_compared_stack_does_not_count(run: Run) -> None:
    assert run("small", "--compare", "bound")[0] == 0


def test_json_is_the_only_output(run: Run) -> None:
    code, out, err = run("bound", "--json", "--compare", "small")
    document: dict[str, Any] = json.loads(out)

    assert code == 1
    assert "budget" in err
    assert (document["usd_per_month"], document["budget_usd"], document["over_budget"]) == (2, 1, True)
    assert document["change"]["usd_per_month"] == -1


def test_json_has_no_change_without_a_comparison(run: Run) -> None:
    assert "change" not in json.loads(run("small", "--json")[1])


def test_a_chart_is_written(run: Run, tmp_path: Path) -> None:
    run("small", "--compare", "large", "--chart", str(tmp_path / "cost.svg"))

    assert "large: $40.00 a month" in (tmp_path / "cost.svg").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["small", "--compare", "large", "--before", "x.json"], "use either --compare or --before, not both"),
        (["small", "--chart", "cost.png"], "cost.png must end in .svg"),
        (["small", "--assume", "request=1"], "did you mean requests"),
        (["small", "--budget", "-1"], "-1.0 is not in the range"),
        ([], "Missing argument 'STACK'"),
        (["small", "--compute-table"], "--compute-table and --region take no STACK"),
        (["small", "--region", "eu-west-1"], "--compute-table and --region take no STACK"),
    ],
)
def test_invalid_options_are_usage_errors(arguments: list[str], message: str, run: Run) -> None:
    code, out, err = run(*arguments)

    assert (code, out) == (2, "")
    assert message in err


def test_a_chart_that_cannot_be_written_is_an_error(run: Run, tmp_path: Path) -> None:
    code, _, err = run("small", "--chart", str(tmp_path / "nowhere" / "cost.svg"))

    assert code == 1
    assert err.endswith("cannot be written: No such file or directory\n")


def test_the_compute_table_needs_no_stack(run: Run) -> None:
    code, out, err = run("--compute-table")

    assert (code, err) == (0, "")
    assert out.startswith("| In us-east-1, dollars a month | Fargate, x86_64 |")


def test_the_compute_table_may_be_of_another_region(run: Run) -> None:
    document = json.loads(run("--compute-table", "--region", "eu-central-1", "--json")[1])

    assert document["region"] == "eu-central-1"
    assert document["workloads"][0]["costs"]["fargate-arm64"]["usd_per_month"] == 16.58


def test_live_prices_that_aws_lacks_are_reported(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "LivePrices", lambda _: OneDollarPrices())

    assert run("large", "--live")[2] == "prices from the table, as AWS's price list does not have them: key\n"
