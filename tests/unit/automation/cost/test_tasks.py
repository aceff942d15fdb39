"""How many tasks a service runs over a year, and on which capacity."""

from __future__ import annotations

from typing import Any

import pytest

from automation.cost.resources import Resource
from automation.cost.tasks import Tasks, tasks_by_provider, tasks_of
from tests.unit.automation.cost.bills import (
    SPOT,
    action,
    bill,
    policy,
    quantities,
    resource,
    service,
    stack,
    target,
    task,
)

MORNING, EVENING = action("cron(0 8 ? * MON-FRI *)", 1, 4), action("cron(0 18 ? * * *)", 0, 0)
OFFICE_HOURS = 261 * 10 / (365 * 24)


def web(**properties: Any) -> Resource:
    return service(**{"name": "web", **properties})


def tasks(*resources: Resource, of: Resource | None = None, scaling: float = 0) -> Tasks:
    subject = of or web()
    return tasks_of(subject, stack(subject, *resources), scaling)


def test_without_autoscaling_the_desired_count_always_runs() -> None:
    assert tasks(of=web(desiredCount=3)) == Tasks(levels=((3, 1),))


def test_autoscaling_of_another_service_does_not_count() -> None:
    assert tasks(target(5, 9, "web-alice"), policy("web-alice")).average == 1


def test_a_service_that_follows_load_runs_its_minimum_unless_scaling_is_assumed() -> None:
    scaled = (target(2, 10), policy())

    assert tasks(*scaled, of=web(desiredCount=7)).average == 2
    assert tasks(*scaled, scaling=0.25).average == 4
    assert tasks(*scaled).basis == "2, of 2 to 10 by load"


def test_a_scalable_target_alone_keeps_the_desired_count() -> None:
    assert tasks(target(1, 4), of=web(desiredCount=2)).average == 2


@pytest.mark.parametrize("desired", [1, 0], ids=["exported by day", "exported at night"])
def test_office_hours_last_from_each_morning_to_the_evening(desired: int) -> None:
    found = tasks(target(1, 4), MORNING, EVENING, of=web(desiredCount=desired))

    assert found.average == found.awake == pytest.approx(OFFICE_HOURS)
    assert [count for count, _ in found.levels] == [0, 1]
    assert found.basis == "0.3 on average, 0 to 1 by its schedule"
    assert not found.follows_load


def test_load_scales_a_service_within_the_bounds_of_its_office_hours() -> None:
    found = tasks(target(1, 4), MORNING, EVENING, policy(), scaling=0.5)

    assert found.average == pytest.approx(2.5 * OFFICE_HOURS)
    assert found.follows_load
    assert found.basis.endswith("0 to 2.5 by its schedule, the day's number by load")


def test_load_starts_no_task_if_none_runs() -> None:
    """Without tasks there are no metrics."""
    zero_minimum = action("cron(0 8 ? * MON-FRI *)", 0, 4)

    assert tasks(target(1, 4), zero_minimum, EVENING, policy(), scaling=1).average == 0


def test_a_scheduled_action_changes_the_number_only_as_far_as_its_bounds() -> None:
    busy, quiet = action("cron(0 8 * * ? *)", 4, 9), action("cron(0 20 * * ? *)", 1, 3)

    assert tasks(target(1, 9), busy, quiet).levels == ((3, pytest.approx(0.5)), (4, pytest.approx(0.5)))


@pytest.mark.parametrize(
    "unsupported",
    [
        action("cron(0 8 L * ? *)", 2, 6),
        action("cron(0 8 * * ? *)", 2, 6, endTime="2026-12-01T00:00:00Z"),
        resource(EVENING.type, resourceId="service/cluster/web", schedule="rate(1 day)"),
    ],
    ids=["a last day", "an end", "a rate without bounds"],
)
def test_a_service_with_an_unsupported_schedule_runs_its_maximum(unsupported: Resource) -> None:
    found = tasks(target(1, 4), EVENING, unsupported)

    assert found.average == (6 if unsupported.block("scalableTargetAction") else 4)
    assert "its maximum: the schedule " in found.basis
    assert found.basis.endswith(" is not understood")


def test_a_service_with_a_schedule_that_never_runs_runs_its_maximum() -> None:
    assert tasks(target(1, 4), action("cron(0 8 30 2 ? *)", 2, 6)).average == 6


def test_stopped_tasks_pay_neither_for_fargate_nor_for_addresses() -> None:
    public = web(networkConfiguration={"assignPublicIp": True})
    found = quantities(task(), public, target(1, 4), MORNING, EVENING, hours=1000)

    assert found["public-ipv4"] == pytest.approx(1000 * OFFICE_HOURS)
    assert found["fargate-arm64-vcpu"] == pytest.approx(500 * OFFICE_HOURS)


def test_the_base_of_a_strategy_applies_to_each_number_of_tasks_and_not_to_the_average() -> None:
    strategy = [{"capacityProvider": "FARGATE", "base": 1, "weight": 0}, *SPOT]
    day, night = action("cron(0 0 * * ? *)", 3, 3), action("cron(0 12 * * ? *)", 0, 0)
    found = quantities(task(), web(capacityProviderStrategies=strategy), target(3, 3), day, night, hours=1000)

    assert found["fargate-arm64-vcpu"] == pytest.approx(250)
    assert found["fargate-spot-arm64-vcpu"] == pytest.approx(500)


@pytest.mark.parametrize(
    ("autoscaling", "listed"),
    [([target(1, 4), policy()], True), ([target(1, 4), MORNING, EVENING], False), ([], False)],
    ids=["load", "schedules", "none"],
)
def test_the_assumption_about_scaling_is_listed_only_for_services_that_follow_load(
    autoscaling: list[Resource], *, listed: bool
) -> None:
    assert ("scaling" in {name for name, _, _ in bill(task(), web(), *autoscaling).assumed}) is listed


@pytest.mark.parametrize(
    ("total", "strategy", "expected"),
    [
        (4, [("FARGATE", 1, 1), ("FARGATE_SPOT", 3, 0)], {"FARGATE": 1.75, "FARGATE_SPOT": 2.25}),
        (1, [("FARGATE", 0, 1), ("FARGATE_SPOT", 1, 0)], {"FARGATE": 1}),
        (5, [("FARGATE", 0, 2), ("FARGATE_SPOT", 1, 0)], {"FARGATE": 2, "FARGATE_SPOT": 3}),
        (2, [("FARGATE", 1, 7)], {"FARGATE": 2}),
    ],
)
def test_tasks_fill_bases_first_and_are_then_shared_by_weight(
    total: int, strategy: list[tuple[str, int, int]], expected: dict[str, float]
) -> None:
    items = [{"capacityProvider": name, "weight": weight, "base": base} for name, weight, base in strategy]

    assert tasks_by_provider(total, items) == pytest.approx(expected)
