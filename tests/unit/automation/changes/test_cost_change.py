"""How an update changes a stack's cost."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from automation.changes import cost_change
from automation.changes.cost_change import CostChange
from automation.cost.resources import Stack
from automation.errors import AutomationError
from tests.unit.automation.cost.bills import LOAD_BALANCER, NAT_GATEWAY, resource

_PROVIDER = "pulumi:providers:aws"


def _resource(token: str, name: str, **inputs: Any) -> dict[str, Any]:
    urn = f"urn:pulumi:dev::node-on-ecs::{token}::{name}"
    return {"type": token, "urn": urn, "custom": True, "inputs": inputs, "outputs": inputs}


BEFORE = [
    _resource(_PROVIDER, "aws", region="us-east-1"),
    _resource(LOAD_BALANCER, "alb", loadBalancerType="application"),
]
"""The state of dev has a load balancer."""


@pytest.fixture
def dev(monkeypatch: pytest.MonkeyPatch) -> Stack:
    """The program declares a load balancer and a NAT gateway for dev."""
    balancer = resource(LOAD_BALANCER, "alb", loadBalancerType="application")
    stack = Stack("dev", "us-east-1", (balancer, resource(NAT_GATEWAY, "network")))
    monkeypatch.setattr(cost_change, "plan", lambda _: stack)
    return stack


def of(*before: dict[str, Any]) -> CostChange:
    return CostChange.of("dev", before)


@pytest.mark.usefixtures("dev")
def test_the_cost_is_estimated_before_and_after_an_update() -> None:
    cost = of(*BEFORE)

    assert cost.unknown == ""
    assert 0 < cost.before < cost.after


@pytest.mark.usefixtures("dev")
def test_a_new_stack_costs_nothing_before() -> None:
    assert of().before == 0


def test_the_budget_comes_from_the_stacks_file(dev: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost_change, "plan", lambda _: replace(dev, monthly_budget_usd=1))

    cost = of(*BEFORE)

    assert (cost.budget, cost.over_budget) == (1, True)


def test_an_unchanged_stack_costs_the_same_without_running_the_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(cost_change, "plan")
    settings = SimpleNamespace(monthly_budget_usd=1)
    monkeypatch.setattr(cost_change, "settings_of", lambda stack, _root: {"dev": settings}[stack])

    cost = CostChange.of("dev", BEFORE, unchanged=True)

    assert cost.before == cost.after > 0
    assert (cost.budget, cost.over_budget) == (1, True)


def test_a_failed_estimate_is_reported_as_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> Stack:
        raise AutomationError("no prices are known")

    monkeypatch.setattr(cost_change, "plan", fail)

    cost = of(*BEFORE)

    assert str(cost) == "unknown: no prices are known"
    assert not cost.over_budget
    assert cost.as_json()["error"] == "no prices are known"


def test_a_price_that_the_region_lacks_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    balancer = resource(LOAD_BALANCER, "alb", loadBalancerType="application")
    bucket = resource("aws:s3/bucket:Bucket", "logs")
    monkeypatch.setattr(cost_change, "plan", lambda _: Stack("dev", "ca-central-1", (balancer, bucket)))

    cost = of()

    assert cost.after > 0
    assert str(cost).endswith(", without object-stored: no price is known there")
    assert cost.as_json()["missing_prices"] == ["object-stored"]


@pytest.mark.parametrize(
    ("after", "budget", "over"),
    [(100.0, 100, False), (100.004, 100, False), (100.01, 100, True), (100.01, None, False)],
)
def test_a_stack_is_over_budget_from_a_cent_more(after: float, budget: int | None, over: bool) -> None:  # noqa: FBT001
    assert CostChange(after=after, budget=budget).over_budget is over


def test_the_text_has_dollars_a_month() -> None:
    cost = CostChange(before=40, after=52.5, budget=50)

    assert str(cost) == "$40.00 → $52.50 a month (+$12.50), more than its budget of $50"
    assert str(CostChange(before=40.001, after=40)) == "$40.00 a month, as before"
