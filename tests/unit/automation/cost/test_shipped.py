"""The cost of the shipped stacks, and what the documents say about it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pytest

from automation.cost.assumptions import Assumptions
from automation.cost.estimate import Estimate, estimate
from automation.cost.plan import plan
from automation.cost.prices import TablePrices, load_table
from automation.cost.resources import Stack
from tests.unit.automation.conftest import STACKS
from tests.unit.automation.cost.bills import SERVICE

ROOT = Path(__file__).parents[4]
DOCUMENT = (ROOT / "docs" / "cost.md").read_text(encoding="utf-8")
STRATEGIES = (ROOT / "docs" / "strategies.md").read_text(encoding="utf-8")
MAXIMUM_FOR_DEV = 30


def priced(stack: Stack) -> Estimate:
    return estimate(stack, TablePrices("us-east-1"), Assumptions())


def without_copies(stack: Stack) -> Stack:
    resources = tuple(item for item in stack.resources if item.type != SERVICE or item.name == "web")
    return replace(stack, resources=resources)


@pytest.fixture(scope="session")
def with_office_hours(tmp_path_factory: pytest.TempPathFactory) -> Estimate:
    """Return the cost of dev with the office hours of the document."""
    project = tmp_path_factory.mktemp("project")
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / name, project)
    (project / "app").mkdir()
    (project / "app" / "Dockerfile").write_text("FROM scratch\n")
    option = re.search(r"### Office hours\n.*?```yaml\nconfig:\n(.*?)```", STRATEGIES, re.DOTALL)
    assert option is not None
    (project / "Pulumi.dev.yaml").write_text((ROOT / "Pulumi.dev.yaml").read_text() + option[1])
    return priced(plan("dev", project))


def test_dev_without_copies_costs_less_than_thirty_dollars_a_month(planned: Callable[[str], Stack]) -> None:
    alone = priced(without_copies(planned("dev")))

    assert {name: tasks.levels for name, tasks in alone.tasks.items()} == {"web": ((1, 1),)}
    assert alone.usd < MAXIMUM_FOR_DEV


@pytest.mark.parametrize("name", ["dev", "staging"])
def test_dev_and_staging_run_their_desired_count(name: str, planned: Callable[[str], Stack]) -> None:
    """With autoscaling the service ignores it."""
    declared = {resource.type for resource in planned(name).resources}

    assert [token for token in declared if token.startswith("aws:appautoscaling")] == []


def test_office_hours_stop_dev_and_its_copies(with_office_hours: Estimate) -> None:
    """They run 50 of the 168 hours of a week."""
    awake = {name: round(tasks.average, 2) for name, tasks in with_office_hours.tasks.items()}

    assert awake == dict.fromkeys(("web", "web-alice", "web-bob"), round(50 / 168, 2))


def test_the_documents_have_the_savings_of_office_hours(
    planned: Callable[[str], Stack], with_office_hours: Estimate
) -> None:
    always, less = priced(planned("dev")).usd, with_office_hours.usd
    saved = always - less

    assert f"dev with its two copies costs ${less:.0f} instead of ${always:.0f}" in DOCUMENT
    assert f"saves ${saved:.0f} a month, about ${saved / 3:.0f} for each service" in DOCUMENT
    assert f"saves about ${saved:.0f} of ${always:.0f} a month" in STRATEGIES


@pytest.mark.parametrize("name", STACKS)
def test_the_document_has_the_cost_of_each_stack(name: str, planned: Callable[[str], Stack]) -> None:
    documented = re.search(rf"\| {name} \|.*\| \$(\d+) \|", DOCUMENT)

    assert documented is not None
    assert float(documented[1]) == pytest.approx(priced(planned(name)).usd, rel=0.03)


def test_the_document_has_the_cost_of_a_copy_of_dev(planned: Callable[[str], Stack]) -> None:
    dev = planned("dev")
    copies = sum(service.name != "web" for service in dev.all(SERVICE))
    alone = priced(without_copies(dev)).usd
    each = (priced(dev).usd - alone) / copies

    assert f"dev costs ${alone:.2f} without its two copies, and each copy adds ${each:.2f}" in DOCUMENT


def test_the_document_has_each_assumption_with_its_default() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| ([\d.]+) \| (.*) \|$", DOCUMENT, re.MULTILINE)
    names = [item.name for item in fields(Assumptions)]

    assert [(name, float(value), meaning) for name, value, meaning in rows] == Assumptions().described(names)


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("VPC endpoints", "endpoint-hour"),
        ("metrics of enhanced Container Insights", "insights-metric"),
        ("task storage above 20 GB", "fargate-storage"),
        ("gp3 disks", "ebs-gp3"),
        ("EFS, kept", "efs-stored"),
        ("EFS, read and written", "efs-read"),
        ("EFS, backups", "efs-backup"),
        ("EventBridge Scheduler", "schedule-invocations"),
    ],
)
def test_the_document_has_the_regions_of_each_price(title: str, key: str) -> None:
    row = re.search(rf"^\| {title} \| (.*) \|$", DOCUMENT, re.MULTILINE)
    known = {region for region, prices in load_table().regions.items() if key in prices}

    assert row is not None
    assert set(row[1].split(", ")) - {"no other"} == known - {"us-east-1"}


def test_the_document_has_each_price_that_a_region_lacks() -> None:
    """Those of its table, and two that only ca-central-1 lacks."""
    documented = {"endpoint-hour", "insights-metric", "fargate-storage", "ebs-gp3", "efs-stored", "efs-read"}
    documented |= {"efs-written", "efs-backup", "schedule-invocations", "logs-stored", "object-stored"}
    lacking = {key for prices in load_table().regions.values() for key in load_table().units.keys() - prices}

    assert lacking == documented


def test_the_document_has_the_regions_of_the_table() -> None:
    assert [region for region in load_table().regions if region not in DOCUMENT] == []
