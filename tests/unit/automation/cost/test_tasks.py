"""How many tasks a service runs over a year."""

from __future__ import annotations

from typing import Any

import pytest

from automation.cost.resources import Resource
from automation.cost.tasks import Tasks, tasks_of
from tests.unit.automation.cost.bills import SERVICE, bill, quantities, resource, service, stack, task

TARGET = "aws:appautoscaling/target:Target"
POLICY = "aws:appautoscaling/policy:Policy"
SCHEDULED = "aws:appautoscaling/scheduledAction:ScheduledAction"
OF_WEB = "service/cluster/web-1a2b3c4"


def web(**properties: Any) -> Resource:
    whole = {"name": "web-1a2b3c4", **service().properties, **properties}
    return resource(SERVICE, "web", **whole)


def bounds(fewest: int, most: int, of: str = OF_WEB) -> Resource:
    return resource(TARGET, "web", resourceId=of, minCapacity=fewest, maxCapacity=most)


def by_load(of: str = OF_WEB) -> Resource:
    return resource(POLICY, "web-cpu", resourceId=of)


def at(cron: str, fewest: int, most: int, **properties: Any) -> Resource:
    return resource(
        SCHEDULED,
        "web-at",
        resourceId=OF_WEB,
        schedule=f"cron({cron})",
        timezone="UTC",
        scalableTargetAction={"minCapacity": fewest, "maxCapacity": most},
        **properties,
    )


MORNING, EVENING = at("0 8 ? * MON-FRI *", 1, 4), at("0 18 ? * * *", 0, 0)
IN_OFFICE = 261 * 10 / (365 * 24)


def tasks(*resources: Resource, of: Resource | None = None, scaling: float = 0) -> Tasks:
    subject = of or web()
    return tasks_of(subject, stack(subject, *resources), scaling)


def test_without_autoscaling_the_desired_count_runs_all_the_time() -> None:
    assert tasks(of=web(desiredCount=3)) == Tasks(levels=((3, 1),))


def test_another_service_s_autoscaling_does_not_count() -> None:
    other = "service/cluster/web-alice-1a2b3c4"

    assert tasks(bounds(5, 9, other), by_load(other)).average == 1


def test_load_is_assumed_to_call_for_the_fewest_unless_somebody_knows_better() -> None:
    scaled = (bounds(2, 10), by_load())

    assert tasks(*scaled, of=web(desiredCount=7)).average == 2
    assert tasks(*scaled, scaling=0.25).average == 4
    assert tasks(*scaled).basis == "2, of 2 to 10 by load"


def test_bounds_that_nothing_moves_within_leave_the_desired_count() -> None:
    assert tasks(bounds(1, 4), of=web(desiredCount=2)).average == 2


def test_office_hours_run_from_each_morning_to_the_evening() -> None:
    found = tasks(bounds(1, 4), MORNING, EVENING)

    assert found.average == found.awake == pytest.approx(IN_OFFICE)
    assert [count for count, _ in found.levels] == [0, 1]
    assert found.basis == "0.3 on average, 0 to 1 by its schedule"
    assert not found.follows_load


def test_it_does_not_matter_what_ran_when_the_stack_was_looked_at() -> None:
    """An export that was made at night says 0."""
    asleep = tasks(bounds(0, 0), MORNING, EVENING, of=web(desiredCount=0))

    assert asleep.average == pytest.approx(IN_OFFICE)


def test_in_office_hours_too_load_may_call_for_more() -> None:
    found = tasks(bounds(1, 4), MORNING, EVENING, by_load(), scaling=0.5)

    assert found.average == pytest.approx(2.5 * IN_OFFICE)
    assert found.follows_load
    assert found.basis.endswith("0 to 2.5 by its schedule, the day's number by load")


def test_of_no_tasks_nothing_is_measured_so_that_load_starts_none() -> None:
    sleeps_in = at("0 8 ? * MON-FRI *", 0, 4)

    assert tasks(bounds(1, 4), sleeps_in, EVENING, by_load(), scaling=1).average == 0


def test_an_action_moves_a_number_only_as_far_as_its_bounds() -> None:
    busy, quiet = at("0 8 * * ? *", 4, 9), at("0 20 * * ? *", 1, 3)

    assert tasks(bounds(1, 9), busy, quiet).levels == ((3, pytest.approx(0.5)), (4, pytest.approx(0.5)))


@pytest.mark.parametrize(
    "unknown",
    [
        at("0 8 L * ? *", 2, 6),
        at("0 8 * * ? *", 2, 6, endTime="2026-12-01T00:00:00Z"),
        resource(SCHEDULED, "web-at", resourceId=OF_WEB, schedule="rate(1 day)", scalableTargetAction={}),
    ],
)
def test_a_schedule_that_is_not_understood_is_priced_at_its_most_and_said(unknown: Resource) -> None:
    found = tasks(bounds(1, 4), EVENING, unknown)

    assert found.average == max(4, *(unknown.block("scalableTargetAction").values() or [0]))
    assert "its maximum: the schedule " in found.basis
    assert found.basis.endswith(" is not understood")


def test_a_schedule_that_never_comes_round_is_not_understood_either() -> None:
    assert tasks(bounds(1, 4), at("0 8 30 2 ? *", 2, 6)).average == 6


def test_a_task_that_sleeps_pays_neither_for_itself_nor_for_its_address() -> None:
    public = web(networkConfiguration={"assignPublicIp": True})
    taken = quantities(task(), public, bounds(1, 4), MORNING, EVENING, hours=1000)

    assert taken["public-ipv4"] == pytest.approx(1000 * IN_OFFICE)
    assert taken["fargate-arm64-vcpu"] == pytest.approx(500 * IN_OFFICE)


def test_a_strategy_s_base_is_reckoned_for_each_number_of_tasks() -> None:
    """Of 0.3 tasks on average, none is above a base of 1; of the 3 of the day, two are."""
    strategy = [
        {"capacityProvider": "FARGATE", "base": 1, "weight": 0},
        {"capacityProvider": "FARGATE_SPOT", "weight": 1},
    ]
    day = at("0 0 * * ? *", 3, 3)
    night = at("0 12 * * ? *", 0, 0)
    taken = quantities(task(), web(capacityProviderStrategies=strategy), bounds(3, 3), day, night, hours=1000)

    assert taken["fargate-arm64-vcpu"] == pytest.approx(250)
    assert taken["fargate-spot-arm64-vcpu"] == pytest.approx(500)


def test_how_far_load_goes_is_an_assumption_only_where_load_moves_something() -> None:
    def names(*resources: Resource) -> set[str]:
        return {name for name, _, _ in bill(task(), web(), *resources).assumed}

    assert "scaling" in names(bounds(1, 4), by_load())
    assert "scaling" not in names(bounds(1, 4), MORNING, EVENING)
    assert "scaling" not in names()
