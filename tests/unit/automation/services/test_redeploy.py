"""`redeploy` forces a deployment of the state's task definition and waits for its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from click.testing import CliRunner, Result

from automation.errors import AutomationError
from automation.services.redeploy import ForcedDeployment, redeploy
from tests.unit.automation.fakes import FakeStacks, deployed
from tests.unit.infra.rollout.aws import NEW, OLD, Answer, Aws, FakeClock, deployment, service, task, tasks

STARTED = deployment(state="IN_PROGRESS", age=1)
DONE = deployment(state="COMPLETED", age=1)


def cloud(*after: dict[str, Any], **operations: Answer | Sequence[Answer]) -> Aws:
    """An account in which `after` are the service's descriptions after the update."""
    return Aws(
        **{
            "describe_services": [service(), *after],
            "update_service": {"service": service(STARTED)["services"][0]},
            **tasks(task(1)),
            **operations,
        }
    )


def wait(aws: Aws, minutes: float = 30) -> tuple[str, list[str], FakeClock]:
    stack, reported, time = deployed(aws), list[str](), FakeClock()
    forced = ForcedDeployment(stack, stack.service("web"), clock=time.clock, say=reported.append)
    forced.start()
    return forced.wait(minutes=minutes), reported, time


def failure(aws: Aws, minutes: float = 30) -> str:
    with pytest.raises(AutomationError) as raised:
        wait(aws, minutes)
    return str(raised.value)


def test_the_states_task_definition_is_deployed_instead_of_the_running_one() -> None:
    aws = cloud(service(DONE), describe_services=service(DONE, taskDefinition=OLD))

    wait(aws)

    assert aws.requests("update_service") == [
        {
            "cluster": deployed(aws).service("web").cluster,
            "service": "web-1a2b3c4",
            "taskDefinition": NEW,
            "forceNewDeployment": True,
        }
    ]


def test_each_change_of_progress_is_reported_once() -> None:
    under_way = service(STARTED, runningCount=0)

    line, reported, _ = wait(cloud(under_way, under_way, service(STARTED), service(DONE)))

    assert line == "web runs web:7 (1/1 task)"
    assert reported == [
        "web: in progress, 0/1 task",
        "web: in progress, 1/1 task",
        "web: completed, 1/1 task, checking that they stay up",
    ]


def test_tasks_that_keep_restarting_do_not_complete_it() -> None:
    """On the emulator a first deployment is complete from the start, and each task runs for a moment."""
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


def test_a_failure_has_the_reasons_of_stopped_tasks_and_their_last_log_lines() -> None:
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
    assert aws.requests("get_log_events")[0]["logStreamName"] == f"web/web/{2:032x}"


def test_it_fails_only_after_the_rollback() -> None:
    failed = deployment(NEW, "FAILED", status="ACTIVE", age=1)
    back = [deployment(OLD, state, age=600) for state in ("IN_PROGRESS", "COMPLETED")]
    aws = cloud(service(failed, back[0]), service(failed, back[1]), **tasks())
    reported: list[str] = []
    stack = deployed(aws)
    forced = ForcedDeployment(stack, stack.service("web"), clock=FakeClock().clock, say=reported.append)
    forced.start()

    with pytest.raises(AutomationError, match="web: ECS rolled it back"):
        forced.wait(minutes=1)

    assert reported == ["web: rolling back, 1/1 task"]


def test_another_deployment_is_an_error() -> None:
    other = deployment(OLD, "IN_PROGRESS", age=0)

    assert failure(cloud(service(other, deployment(status="ACTIVE", age=1)), **tasks())).startswith(
        "web: another deployment replaced it"
    )


def call(aws: Aws, *arguments: str) -> Result:
    return CliRunner().invoke(
        redeploy,
        ["dev", "--within-minutes", "0.0001", *arguments],
        obj=FakeStacks(aws),
        standalone_mode=False,
    )


def test_all_services_are_deployed_and_all_failures_reported() -> None:
    failed = deployment(NEW, "FAILED", age=1)
    aws = cloud(describe_services=service(failed), **tasks())

    result = call(aws)

    assert [request["service"] for request in aws.requests("update_service")] == [
        "web-1a2b3c4",
        "web-alice-1a2b3c4",
    ]
    assert isinstance(result.exception, AutomationError)
    assert [line.partition(":")[0] for line in str(result.exception).splitlines()] == ["web", "web-alice"]


def test_service_option_deploys_that_service_only() -> None:
    aws = cloud(describe_services=service(deployment(NEW, "FAILED", age=1)), **tasks())

    call(aws, "--service", "web-alice")

    assert [request["service"] for request in aws.requests("update_service")] == ["web-alice-1a2b3c4"]
