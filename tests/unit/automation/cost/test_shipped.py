"""What the stacks of this project cost as they are shipped."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pytest

from automation.cost.assumptions import Assumptions
from automation.cost.estimate import Estimate, estimate
from automation.cost.prices import PricesOfTable, load_table
from automation.cost.resources import Stack
from tests.unit.automation.conftest import STACKS

SERVICE = "aws:ecs/service:Service"
DOCUMENT = (Path(__file__).parents[4] / "docs" / "cost.md").read_text(encoding="utf-8")
DEAREST_DEV = 30


def priced(stack: Stack) -> Estimate:
    return estimate(stack, PricesOfTable("us-east-1"), Assumptions())


def without_copies(stack: Stack) -> Stack:
    alone = tuple(r for r in stack.resources if r.type != SERVICE or r.name == "web")
    return replace(stack, resources=alone)


def test_dev_as_shipped_stays_below_thirty_dollars_a_month(planned: Callable[[str], Stack]) -> None:
    assert priced(planned("dev")).usd < DEAREST_DEV


def test_dev_sleeps_outside_office_hours_with_all_its_copies(planned: Callable[[str], Stack]) -> None:
    """50 of the 168 hours of a week; a schedule that finds no service would sell a dear stack as a cheap one."""
    tasks = priced(planned("dev")).tasks

    assert {name: round(of.average, 2) for name, of in tasks.items()} == dict.fromkeys(
        ("web", "web-alice", "web-bob"), round(50 / 168, 2)
    )
    assert {of.basis for of in tasks.values()} == {"0.3 on average, 0 to 1 by its schedule"}


def test_the_document_tells_what_dev_would_cost_without_office_hours(
    planned: Callable[[str], Stack],
) -> None:
    dev = planned("dev")
    awake = replace(
        dev, resources=tuple(r for r in dev.resources if not r.type.startswith("aws:appautoscaling"))
    )

    assert f"Always awake it would be ${priced(awake).usd:.0f}" in DOCUMENT


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

    assert f"about ${alone:.0f} without its two copies, and each copy adds ${each:.0f}" in DOCUMENT


def test_the_document_lists_every_assumption_with_its_default() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| ([\d.]+) \| (.*) \|$", DOCUMENT, re.MULTILINE)
    everything = [item.name for item in fields(Assumptions)]

    assert [(name, float(value), meaning) for name, value, meaning in rows] == Assumptions().described(
        everything
    )


def test_the_document_names_the_regions_that_the_table_knows() -> None:
    assert [region for region in load_table().regions if region not in DOCUMENT] == []
