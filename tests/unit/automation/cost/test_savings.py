"""What a Savings Plan or Graviton would save for the tasks that always run."""

from __future__ import annotations

import pytest

from automation.cost.prices import TablePrices
from automation.cost.resources import Resource, Stack
from automation.cost.savings import Savings, as_json, savings
from tests.unit.automation.cost.bills import SPOT, action, policy, service, target, task

X86 = {"cpuArchitecture": "X86_64"}


def saved(*resources: Resource, region: str = "us-east-1", hours: float = 730) -> Savings:
    return savings(Stack("test", region, resources), TablePrices(region), hours)


def options(found: Savings) -> dict[str, tuple[float, float]]:
    """Return dollars a month, and dollars saved, by option."""
    return {option.name: (round(option.usd, 2), round(option.saved, 2)) for option in found.options}


def scheduled(schedule: str) -> list[Resource]:
    actions = [action(schedule, 3, 3), action("cron(0 18 * * ? *)", 1, 1)]
    return [task(), service(name="web", desiredCount=4), target(1, 4), *actions]


def test_tasks_on_graviton_are_cheaper_with_a_plan() -> None:
    """3 tasks of half a vCPU and 1 GB: 1095 vCPU-hours and 2190 GB-hours."""
    found = saved(task(), service(desiredCount=3))

    assert round(found.usd, 2) == 43.25
    assert options(found) == {
        "Compute Savings Plan, 1 year, no upfront": (34.05, 9.20),
        "Compute Savings Plan, 3 years, no upfront": (23.36, 19.90),
    }


def test_tasks_on_x86_are_cheaper_with_a_plan_on_graviton_and_with_both() -> None:
    found = saved(task(runtimePlatform=X86), service(desiredCount=3))

    assert round(found.usd, 2) == 54.06
    assert options(found) == {
        "Compute Savings Plan, 1 year, no upfront": (43.25, 10.81),
        "Compute Savings Plan, 3 years, no upfront": (29.73, 24.33),
        "Graviton (architecture: arm64)": (43.25, 10.81),
        "Compute Savings Plan, 1 year, no upfront, and Graviton": (34.05, 20.01),
        "Compute Savings Plan, 3 years, no upfront, and Graviton": (23.36, 30.70),
    }


def test_a_plan_commits_to_the_hourly_cost_of_the_tasks_and_graviton_to_nothing() -> None:
    plan, _, graviton, *_ = saved(task(runtimePlatform=X86), service(), hours=100).options

    assert plan.commitment == pytest.approx(plan.usd / 100)
    assert graviton.commitment is None


def test_a_plan_has_the_same_discount_in_another_region() -> None:
    here, there = saved(task(), service()), saved(task(), service(), region="eu-central-1")

    assert there.usd > here.usd
    assert there.options[0].usd / there.usd == pytest.approx(here.options[0].usd / here.usd, abs=0.001)


@pytest.mark.parametrize(
    ("resources", "tasks"),
    [
        ([task(), service("web"), service("worker", desiredCount=3)], {"web": 1, "worker": 3}),
        ([task(), service(capacityProviderStrategies=SPOT)], {}),
        (
            [
                task(),
                service(
                    desiredCount=5,
                    capacityProviderStrategies=[
                        {"capacityProvider": "FARGATE", "base": 1, "weight": 1},
                        {"capacityProvider": "FARGATE_SPOT", "weight": 3},
                    ],
                ),
            ],
            {"web": 2},
        ),
        ([task(), service(capacityProviderStrategies=[{"capacityProvider": "own", "weight": 1}])], {}),
        ([task(), service(name="web", desiredCount=4), target(2, 10), policy()], {"web": 2}),
        (scheduled("cron(0 6 * * ? *)"), {"web": 1}),
        # The bill has their maximum; a plan for those would cost too much.
        (scheduled("cron(0 6 L * ? *)"), {}),
        ([task(), service(desiredCount=0)], {}),
    ],
    ids=[
        "several services",
        "Spot",
        "the on-demand part of a mixed strategy",
        "instances",
        "the minimum of a service that follows load",
        "the lowest number of a schedule",
        "an unsupported schedule",
        "a stopped service",
    ],
)
def test_only_on_demand_tasks_that_always_run_count(
    resources: list[Resource], tasks: dict[str, float]
) -> None:
    found = saved(*resources)

    assert found.tasks == tasks
    assert bool(found.options) is bool(tasks)


def test_json_has_each_option_and_the_source_of_the_rates() -> None:
    document = as_json(saved(task(), service(desiredCount=2)))

    assert document["tasks"] == {"web": 2}
    assert document["options"][0] == {
        "name": "Compute Savings Plan, 1 year, no upfront",
        "usd_per_month": 22.7,
        "saved_usd_per_month": 6.13,
        "commitment_usd_per_hour": 0.0311,
    }
    assert document["plan_rates"] == {
        "region": "us-east-1",
        "source": "https://pricing.us-east-1.amazonaws.com/savingsPlan/v1.0/aws/AWSComputeSavingsPlan/current/us-east-1/index.json",
        "retrieved": "2026-09-28",
    }
