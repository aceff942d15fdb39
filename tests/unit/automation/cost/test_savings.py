"""What the tasks that always run would cost less."""

from __future__ import annotations

import pytest

from automation.cost.prices import PricesOfTable
from automation.cost.resources import Resource, Stack
from automation.cost.savings import Savings, as_json, savings
from tests.unit.automation.cost.bills import SERVICE, resource, service, task

X86 = {"cpuArchitecture": "X86_64"}
SCHEDULED = "aws:appautoscaling/scheduledAction:ScheduledAction"
TARGET = "aws:appautoscaling/target:Target"
POLICY = "aws:appautoscaling/policy:Policy"


def saved(*resources: Resource, region: str = "us-east-1", hours: float = 730) -> Savings:
    return savings(Stack("test", region, resources), PricesOfTable(region), hours)


def options(found: Savings) -> dict[str, tuple[float, float]]:
    """Dollars a month and dollars saved of it, by what one would do."""
    return {option.name: (round(option.usd, 2), round(option.saved, 2)) for option in found.options}


def scaled(fewest: int, most: int) -> list[Resource]:
    where = {"resourceId": "service/cluster/web-1"}
    return [
        task(),
        resource(SERVICE, "web", **{**service().properties, "name": "web-1", "desiredCount": 4}),
        resource(TARGET, **where, minCapacity=fewest, maxCapacity=most),
        resource(POLICY, **where),
    ]


def scheduled(schedule: str) -> list[Resource]:
    where = {"resourceId": "service/cluster/web-1"}

    def action(name: str, when: str, count: int) -> Resource:
        to = {"minCapacity": str(count), "maxCapacity": str(count)}
        return resource(SCHEDULED, name, **where, schedule=when, scalableTargetAction=to)

    return [
        task(),
        resource(SERVICE, "web", **{**service().properties, "name": "web-1", "desiredCount": 4}),
        resource(TARGET, **where, minCapacity=1, maxCapacity=4),
        action("day", schedule, 3),
        action("night", "cron(0 18 * * ? *)", 1),
    ]


def test_tasks_on_graviton_are_cheaper_with_a_plan() -> None:
    """3 tasks of half a vCPU and 1 GB: 1095 vCPU-hours and 2190 GB-hours."""
    found = saved(task(), service(desiredCount=3))

    assert round(found.usd, 2) == 43.25
    assert options(found) == {
        "Compute Savings Plan, 1 year, no upfront": (34.05, 9.20),
        "Compute Savings Plan, 3 years, no upfront": (23.36, 19.90),
    }


def test_tasks_on_x86_are_cheaper_on_graviton_too_and_with_both() -> None:
    found = saved(task(runtimePlatform=X86), service(desiredCount=3))

    assert round(found.usd, 2) == 54.06
    assert options(found) == {
        "Compute Savings Plan, 1 year, no upfront": (43.25, 10.81),
        "Compute Savings Plan, 3 years, no upfront": (29.73, 24.33),
        "Graviton (architecture: arm64)": (43.25, 10.81),
        "Compute Savings Plan, 1 year, no upfront, and Graviton": (34.05, 20.01),
        "Compute Savings Plan, 3 years, no upfront, and Graviton": (23.36, 30.70),
    }


def test_a_plan_commits_to_what_the_tasks_cost_an_hour() -> None:
    found = saved(task(), service(), hours=100)

    assert found.options[0].commitment == pytest.approx(found.options[0].usd / 100)


def test_graviton_commits_to_nothing() -> None:
    found = saved(task(runtimePlatform=X86), service())

    assert [option.commitment for option in found.options if option.name.startswith("Graviton")] == [None]


def test_in_another_region_a_plan_leaves_the_same_share_of_its_prices() -> None:
    here, there = saved(task(), service()), saved(task(), service(), region="eu-central-1")

    assert there.usd > here.usd
    assert there.options[0].usd / there.usd == pytest.approx(here.options[0].usd / here.usd, abs=0.001)


def test_the_tasks_of_all_services_count_together() -> None:
    found = saved(task(), service("web"), service("worker", desiredCount=3))

    assert found.tasks == {"web": 1, "worker": 3}


def test_spot_is_no_part_of_it() -> None:
    spot = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]

    assert saved(task(), service(capacityProviderStrategies=spot)) == Savings()


def test_of_a_mixed_strategy_the_tasks_on_demand_count() -> None:
    mixed = [
        {"capacityProvider": "FARGATE", "base": 1, "weight": 1},
        {"capacityProvider": "FARGATE_SPOT", "weight": 3},
    ]

    assert saved(task(), service(desiredCount=5, capacityProviderStrategies=mixed)).tasks == {"web": 2}


def test_tasks_on_instances_are_no_part_of_it() -> None:
    own = [{"capacityProvider": "instances", "weight": 1}]

    assert saved(task(), service(capacityProviderStrategies=own)) == Savings()


def test_of_a_service_that_follows_load_the_fewest_count() -> None:
    assert saved(*scaled(2, 10)).tasks == {"web": 2}


def test_of_a_service_with_a_schedule_the_fewest_of_any_hour_count() -> None:
    assert saved(*scheduled("cron(0 6 * * ? *)")).tasks == {"web": 1}


def test_a_service_whose_schedule_is_not_understood_is_left_out() -> None:
    """The bill counts its most tasks; a commitment to those would be lost."""
    assert saved(*scheduled("cron(0 6 L * ? *)")) == Savings()


def test_a_service_that_is_asleep_at_any_hour_is_left_out() -> None:
    assert saved(task(), service(desiredCount=0)) == Savings()


def test_a_program_gets_every_option_and_where_the_rates_are_from() -> None:
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
        "read": "2026-09-28",
    }
