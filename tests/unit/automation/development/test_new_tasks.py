"""When `dev` takes a service's tasks for replaced."""

from __future__ import annotations

from typing import Any

import pytest

from automation.development.new_tasks import replace_tasks
from automation.errors import AutomationError
from tests.unit.automation.fakes import deployed
from tests.unit.infra.rollout.aws import NEW, OLD, Aws, Hours, deployment, service

BEGUN = deployment(state="IN_PROGRESS", age=1, runningCount=0, pendingCount=1)
DONE = deployment(age=1, pendingCount=0)
BEFORE = deployment(age=60, status="ACTIVE", pendingCount=0)
FAILED_BEFORE = deployment(OLD, "FAILED", age=90, status="ACTIVE", runningCount=0, pendingCount=0)


def replace(*after: dict[str, Any]) -> tuple[list[str], float]:
    """Return what is said and how many seconds pass, where ECS answers one thing after the other."""
    aws = Aws(
        describe_services=[service(), *after],
        update_service={"service": service(BEGUN)["services"][0]},
    )
    stack, said, time = deployed(aws), list[str](), Hours()
    replace_tasks(stack, [stack.service("web")], said.append, time.clock)
    return said, time.seconds


def failure(*after: dict[str, Any]) -> str:
    with pytest.raises(AutomationError) as raised:
        replace(*after)
    return str(raised.value)


def test_it_is_over_when_the_new_tasks_alone_run() -> None:
    said, seconds = replace(service(BEGUN, BEFORE), service(DONE, BEFORE), service(DONE))

    assert said == []
    assert seconds == pytest.approx(0.2)


def test_a_deployment_that_failed_before_is_not_waited_for() -> None:
    """It stays listed beside all that come after it."""
    assert replace(service(DONE, FAILED_BEFORE)) == ([], 0)


def test_the_newest_deployment_need_not_be_listed_first() -> None:
    assert replace(service(FAILED_BEFORE, DONE)) == ([], 0)


def test_what_takes_long_says_once_what_it_waits_for() -> None:
    begun, ending = [service(BEGUN, BEFORE)] * 60, [service(DONE, BEFORE)] * 10

    said, _ = replace(*begun, *ending, service(DONE))

    assert said == [
        "web waits for its new tasks: 0/1 task running",
        "web waits for the end of 1 old task",
    ]


def test_what_takes_too_long_names_the_whole_command_that_shows_more() -> None:
    assert failure(service(BEGUN, BEFORE)) == (
        "web has no new tasks: after 90 s it waits for its new tasks: 0/1 task running; "
        "`python -m automation status dev` shows why"
    )


def test_new_tasks_that_ecs_gives_up_are_not_waited_for() -> None:
    rolled_back = deployment(NEW, "IN_PROGRESS", age=60, pendingCount=0)
    given_up = BEGUN | {"status": "ACTIVE", "rolloutState": "FAILED", "rolloutStateReason": "3 tasks failed"}

    message = failure(service(given_up, rolled_back))

    assert message.startswith("web has no new tasks: 3 tasks failed; ")


def test_a_deployment_by_somebody_else_serves_as_well() -> None:
    newer = deployment(age=0, pendingCount=0)

    assert replace(service(newer)) == ([], 0)
