"""What the stacks of this project cost as they are shipped."""

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
from automation.cost.prices import PricesOfTable, load_table
from automation.cost.resources import Stack
from tests.unit.automation.conftest import STACKS

SERVICE = "aws:ecs/service:Service"
ROOT = Path(__file__).parents[4]
DOCUMENT = (ROOT / "docs" / "cost.md").read_text(encoding="utf-8")
STRATEGIES = (ROOT / "docs" / "strategies.md").read_text(encoding="utf-8")
DEAREST_DEV = 30


def priced(stack: Stack) -> Estimate:
    return estimate(stack, PricesOfTable("us-east-1"), Assumptions())


def without_copies(stack: Stack) -> Stack:
    alone = tuple(r for r in stack.resources if r.type != SERVICE or r.name == "web")
    return replace(stack, resources=alone)


@pytest.fixture(scope="session")
def with_office_hours(tmp_path_factory: pytest.TempPathFactory) -> Estimate:
    """Return what dev costs with the office hours that the document shows."""
    project = tmp_path_factory.mktemp("project")
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / name, project)
    (project / "app").mkdir()
    (project / "app" / "Dockerfile").write_text("FROM scratch\n")
    option = re.search(r"### Office hours\n.*?```yaml\nconfig:\n(.*?)```", STRATEGIES, re.DOTALL)
    assert option is not None
    (project / "Pulumi.dev.yaml").write_text((ROOT / "Pulumi.dev.yaml").read_text() + option[1])
    return priced(plan("dev", project))


def test_dev_without_its_copies_costs_less_than_thirty_dollars_a_month_day_and_night(
    planned: Callable[[str], Stack],
) -> None:
    alone = priced(without_copies(planned("dev")))

    assert {name: of.levels for name, of in alone.tasks.items()} == {"web": ((1, 1),)}
    assert alone.usd < DEAREST_DEV


@pytest.mark.parametrize("name", ["dev", "staging"])
def test_the_desired_count_of_a_stack_file_is_the_number_of_tasks(
    name: str, planned: Callable[[str], Stack]
) -> None:
    """Autoscaling would make it a number without effect: the service ignores it then."""
    declared = {resource.type for resource in planned(name).resources}

    assert {token for token in declared if token.startswith("aws:appautoscaling")} == set()


def test_the_office_hours_of_the_document_stop_dev_and_all_its_copies(with_office_hours: Estimate) -> None:
    """50 of the 168 hours of a week; a schedule that finds no service would sell a dear stack as a cheap one."""
    awake = {name: round(of.average, 2) for name, of in with_office_hours.tasks.items()}

    assert awake == dict.fromkeys(("web", "web-alice", "web-bob"), round(50 / 168, 2))


def test_the_documents_tell_what_office_hours_save(
    planned: Callable[[str], Stack], with_office_hours: Estimate
) -> None:
    always, less = priced(planned("dev")).usd, with_office_hours.usd
    saved = always - less

    assert f"dev with its two copies costs ${less:.0f} instead of ${always:.0f}" in DOCUMENT
    assert f"saves ${saved:.0f} a month, about ${saved / 3:.0f} for each service" in DOCUMENT
    assert f"saves about ${saved:.0f} of ${always:.0f} a month" in STRATEGIES


@pytest.mark.parametrize("name", STACKS)
def test_the_document_tells_what_a_stack_costs_about(name: str, planned: Callable[[str], Stack]) -> None:
    told = re.search(rf"\| {name} \|.*\| \$(\d+) \|", DOCUMENT)

    assert told is not None
    assert float(told[1]) == pytest.approx(priced(planned(name)).usd, rel=0.03)


def test_the_document_tells_what_a_copy_of_dev_adds(planned: Callable[[str], Stack]) -> None:
    dev = planned("dev")
    copies = sum(service.name != "web" for service in dev.all(SERVICE))
    alone = priced(without_copies(dev)).usd
    each = (priced(dev).usd - alone) / copies

    assert f"dev costs ${alone:.2f} without its two copies, and each copy adds ${each:.2f}" in DOCUMENT


def test_the_document_lists_every_assumption_with_its_default() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| ([\d.]+) \| (.*) \|$", DOCUMENT, re.MULTILINE)
    everything = [item.name for item in fields(Assumptions)]

    assert [(name, float(value), meaning) for name, value, meaning in rows] == Assumptions().described(
        everything
    )


@pytest.mark.parametrize(
    ("told", "key"),
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
def test_the_document_tells_where_a_price_is_known(told: str, key: str) -> None:
    row = re.search(rf"^\| {told} \| (.*) \|$", DOCUMENT, re.MULTILINE)
    known = {region for region, prices in load_table().regions.items() if key in prices}

    assert row is not None
    assert set(row[1].split(", ")) - {"no other"} == known - {"us-east-1"}


def test_the_document_names_every_price_that_a_region_lacks() -> None:
    """Those of the table of the document, and the two that ca-central-1 lacks alone."""
    told = {"endpoint-hour", "insights-metric", "fargate-storage", "ebs-gp3", "efs-stored", "efs-read"}
    told |= {"efs-written", "efs-backup", "schedule-invocations", "logs-stored", "object-stored"}
    lacking = {key for prices in load_table().regions.values() for key in load_table().units.keys() - prices}

    assert lacking == told


def test_the_document_names_the_regions_that_the_table_knows() -> None:
    assert [region for region in load_table().regions if region not in DOCUMENT] == []
