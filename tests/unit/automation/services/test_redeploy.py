"""A forced deployment of what the state asks for, and how its end is judged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from click.testing import CliRunner, Result

from automation.errors import AutomationError
from automation.services.redeploy import Redeployment, redeploy
from tests.unit.automation.fakes import FakeStacks, deployed, no_service
from tests.unit.infra.rollout.aws import NEW, OLD, Answer, Aws, Hours, deployment, service, task, tasks

BEGUN = deployment(state="IN_PROGRESS", age=1)
DONE = deployment(state="COMPLETED", age=1)


def cloud(*after: dict[str, Any], **operations: Answer | Sequence[Answer]) -> Aws:
    """An account in which the service is, after it was updated, as one answer after the other says."""
    return Aws(
        **{
            "describe_services": [service(), *after],
            "update_service": {"service": service(BEGUN)["services"][0]},
            **tasks(task(1)),
            **operations,
        }
    )


def wait(aws: Aws, minutes: float = 30) -> tuple[str, list[str], Hours]:
    stack, said, time = deployed(aws), list[str](), Hours()
    redeployment = Redeployment(stack, stack.service("web"), clock=time.clock, say=said.append)
    redeployment.start()
    return redeployment.wait(minutes=minutes), said, time


def failure(aws: Aws, minutes: float = 30) -> str:
    with pytest.raises(AutomationError) as raised:
        wait(aws, minutes)
    return str(raised.value)


def test_it_deploys_what_the_state_asks_for_whatever_ecs_runs() -> None:
    aws = cloud(service(DONE), describe_services=service(DONE, taskDefinition=OLD))

    wait(aws)

    assert aws.questions("update_service") == [
        {
            "cluster": deployed(aws).service("web").cluster,
            "service": "web-1a2b3c4",
            "taskDefinition": NEW,
            "forceNewDeployment": True,
        }
    ]


def test_it_waits_for_the_end_and_reports_each_change_once() -> None:
    under_way = service(BEGUN, runningCount=0)

    line, said, _ = wait(cloud(under_way, under_way, service(BEGUN), service(DONE)))

    assert line == "web runs web:7 (1/1 task)"
    assert said == [
        "web: in progress, 0/1 task",
        "web: in progress, 1/1 task",
        "web: completed, 1/1 task, checking that they stay up",
    ]


def test_tasks_that_restart_again_and_again_are_not_the_end() -> None:
    """A first deployment is complete from the start on the emulator, and its tasks run for a moment each."""
    numbers = iter(range(99))

    def restarting(_: dict[str, Any]) -> dict[str, Any]:
        return {"taskArns": [task(next(numbers))["taskArn"]]}

    def describe(question: dict[str, Any]) -> dict[str, Any]:
        return {"tasks": [task(int(arn[-4:], 16)) for arn in question["tasks"]]}

    message = failure(cloud(service(DONE), list_tasks=restarting, describe_tasks=describe), minutes=0.5)

    assert message.startswith("web: not complete after 0.5 minutes")


def test_tasks_of_another_version_do_not_count() -> None:
    aws = cloud(service(DONE), **tasks(task(1, taskDefinitionArn=OLD)))

    assert "not complete" in failure(aws, minutes=0.5)


def test_a_failure_has_the_reasons_of_stopped_tasks_and_the_end_of_their_log() -> None:
    failed = deployment(NEW, "FAILED", age=1, rolloutStateReason="tasks failed to start")
    aws = cloud(
        service(failed),
        **tasks(task(2, stopped="Essential container exited", age=0)),
        get_log_events={"events": [{"timestamp": 0, "message": "Error: DATABASE_URL is missing\n"}]},
    )

    assert failure(aws).splitlines() == [
        "web: ECS gave up, and could not roll it back: tasks failed to start",
        f"  stopped: task {'0' * 8}: Essential container exited; web exited with code 3",
        "    | Error: DATABASE_URL is missing",
    ]
    assert aws.questions("get_log_events")[0]["logStreamName"] == f"web/web/{2:032x}"


def test_a_rollback_is_waited_for_before_it_fails() -> None:
    failed = deployment(NEW, "FAILED", status="ACTIVE", age=1)
    back = [deployment(OLD, state, age=600) for state in ("IN_PROGRESS", "COMPLETED")]
    aws = cloud(service(failed, back[0]), service(failed, back[1]), **tasks())
    said: list[str] = []
    stack = deployed(aws)
    redeployment = Redeployment(stack, stack.service("web"), clock=Hours().clock, say=said.append)
    redeployment.start()

    with pytest.raises(AutomationError, match="web: ECS rolled it back"):
        redeployment.wait(minutes=1)

    assert said == ["web: rolling back, 1/1 task"]


def test_another_deployment_ends_it() -> None:
    other = deployment(OLD, "IN_PROGRESS", age=0)

    assert failure(cloud(service(other, deployment(status="ACTIVE", age=1)), **tasks())).startswith(
        "web: another deployment replaced it"
    )


def test_a_service_that_was_deleted_cannot_be_deployed() -> None:
    assert "`python -m automation up --refresh dev` creates it again" in failure(
        cloud(describe_services=no_service())
    )


def call(aws: Aws, *arguments: str) -> Result:
    return CliRunner().invoke(
        redeploy,
        ["dev", "--within-minutes", "0.0001", *arguments],
        obj=FakeStacks(aws),
        standalone_mode=False,
    )


def test_without_a_name_every_service_is_deployed_and_every_failure_reported() -> None:
    failed = deployment(NEW, "FAILED", age=1)
    aws = cloud(describe_services=service(failed), **tasks())

    result = call(aws)

    assert [one["service"] for one in aws.questions("update_service")] == ["web-1a2b3c4", "web-alice-1a2b3c4"]
    assert isinstance(result.exception, AutomationError)
    assert [line.partition(":")[0] for line in str(result.exception).splitlines()] == ["web", "web-alice"]


def test_one_service_alone_can_be_deployed() -> None:
    aws = cloud(describe_services=service(deployment(NEW, "FAILED", age=1)), **tasks())

    call(aws, "--service", "web-alice")

    assert [one["service"] for one in aws.questions("update_service")] == ["web-alice-1a2b3c4"]
