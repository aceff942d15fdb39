"""Tasks that EventBridge Scheduler starts."""

from __future__ import annotations

from typing import Any

import pytest

from automation.cost.cron import UnknownScheduleError
from automation.cost.jobs import starts_of_year
from automation.cost.resources import Resource
from tests.unit.automation.cost.bills import bill, quantities, resource, task

SCHEDULE = "aws:scheduler/schedule:Schedule"


def schedule(expression: str = "rate(1 hour)", *, state: str = "ENABLED", **task_: Any) -> Resource:
    ecs = {
        "taskDefinitionArn": "arn:task",
        "taskCount": 1,
        "capacityProviderStrategies": [{"capacityProvider": "FARGATE", "weight": 1}],
        **task_,
    }
    return resource(SCHEDULE, scheduleExpression=expression, state=state, target={"ecsParameters": ecs})


@pytest.mark.parametrize(
    ("expression", "starts"),
    [
        ("rate(1 hour)", 8760),
        ("rate(5 minutes)", 105120),
        ("rate(2 days)", 182.5),
        ("cron(0 3 * * ? *)", 365),
        ("cron(0 3 ? * MON *)", 52),
        ("cron(0/15 * * * ? *)", 35040),
        ("at(2027-01-01T00:05:00)", 0),
    ],
)
def test_a_schedule_starts_tasks_so_often_in_a_year(expression: str, starts: float) -> None:
    assert starts_of_year(expression, "UTC") == starts


@pytest.mark.parametrize("expression", ["cron(0 3 L * ? *)", "rate(0 hours)", "rate(1 week)"])
def test_a_schedule_that_is_not_understood_is_told_apart(expression: str) -> None:
    with pytest.raises(UnknownScheduleError):
        starts_of_year(expression, "UTC")


def test_its_tasks_are_paid_while_they_run() -> None:
    """730 starts in a month, of two tasks for 6 minutes: 146 hours of half a vCPU and 1 GB."""
    assert quantities(task(), schedule(taskCount=2), job_minutes=6) == pytest.approx(
        {"schedule-invocations": 730e-6, "fargate-arm64-vcpu": 73, "fargate-arm64-memory": 146}
    )


def test_its_tasks_on_spot_have_spot_s_prices() -> None:
    spot = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]

    assert quantities(task(), schedule(capacityProviderStrategies=spot), job_minutes=6) == pytest.approx(
        {"schedule-invocations": 730e-6, "fargate-spot-arm64-vcpu": 36.5, "fargate-spot-arm64-memory": 73}
    )


def test_its_tasks_on_instances_cost_nothing_beside_them() -> None:
    own = [{"capacityProvider": "own", "weight": 1}]

    assert quantities(task(), schedule(capacityProviderStrategies=own)) == {"schedule-invocations": 730e-6}


def test_its_tasks_pay_for_public_addresses_while_they_run() -> None:
    public = schedule(networkConfiguration={"assignPublicIp": True})

    assert quantities(task(), public, job_minutes=6)["public-ipv4"] == pytest.approx(73)


def test_one_that_is_disabled_costs_nothing() -> None:
    assert quantities(task(), schedule(state="DISABLED")) == {}


def test_one_that_is_not_understood_counts_each_hour_and_says_so() -> None:
    found = bill(schedule("cron(0 3 L * ? *)"))

    assert [(line.usage.quantity, line.usage.what) for line in found.lines] == [
        (730e-6, "starts, each hour: cron(0 3 L * ? *) is not understood here")
    ]
