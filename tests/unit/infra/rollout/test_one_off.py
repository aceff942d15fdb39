"""Tasks that run once: how they are started, and followed to their end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from infra.rollout.one_off import OneOff, OneOffError, OneOffs, exit_code_of
from tests.unit.infra.rollout.aws import NEW, Aws, Hours, task

RUNS = task(7)
ENDED = task(7, stopped="Essential container exited")
SPOT = {"capacityProvider": "FARGATE_SPOT", "weight": 1}


def one_off(**changes: Any) -> OneOff:
    return OneOff(
        **{
            "cluster": "cluster",
            "task_definition": NEW,
            "container": "web",
            "command": ("node", "--version"),
            "subnets": ("subnet-1",),
            "security_groups": ("sg-1",),
            "assign_public_ip": True,
            "started_by": "run/web",
            **changes,
        }
    )


def one_offs(aws: Aws, hours: Hours | None = None) -> OneOffs:
    return OneOffs(aws.get("ecs"), (hours or Hours()).clock)


def test_it_runs_on_what_the_service_runs_on_if_that_is_asked_for() -> None:
    aws = Aws(run_task={"tasks": [RUNS]})

    one_offs(aws).start(one_off(capacity_provider_strategy=[SPOT]))

    (question,) = aws.questions("run_task")
    assert question["capacityProviderStrategy"] == [SPOT]
    assert "launchType" not in question, "AWS takes only one of the two"


def test_a_task_that_ecs_does_not_show_yet_is_waited_for() -> None:
    """ECS is eventually consistent: what was started a moment ago may not be there."""
    aws = Aws(describe_tasks=[{"tasks": [], "failures": [{"reason": "MISSING"}]}, {"tasks": [ENDED]}])

    ended = asyncio.run(one_offs(aws).end_of("cluster", RUNS["taskArn"]))

    assert ended is not None
    assert exit_code_of(ended, "web") == 3


def test_a_task_that_ecs_never_shows_is_not_waited_for_for_ever() -> None:
    aws, hours = Aws(describe_tasks={"tasks": []}), Hours()

    with pytest.raises(OneOffError, match="does not know the task"):
        asyncio.run(one_offs(aws, hours).end_of("cluster", RUNS["taskArn"]))

    assert hours.seconds < 120


def test_each_look_is_shown_and_so_is_the_last() -> None:
    aws, seen = Aws(describe_tasks=[{"tasks": [RUNS]}, {"tasks": [ENDED]}]), list[str]()

    asyncio.run(
        one_offs(aws).end_of("cluster", RUNS["taskArn"], look=lambda task: seen.append(task["lastStatus"]))
    )

    assert seen == ["RUNNING", "STOPPED"]


def test_without_an_end_there_is_none_to_return() -> None:
    aws = Aws(describe_tasks={"tasks": [RUNS]})

    assert asyncio.run(one_offs(aws).end_of("cluster", RUNS["taskArn"], within_seconds=60)) is None


def test_a_container_that_never_ran_has_no_exit_code() -> None:
    assert exit_code_of(task(7, containers=[{"name": "web"}]), "web") is None
