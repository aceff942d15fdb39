"""What happens when the provider reports that an operation failed."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi
import pytest

from infra.rollout.errors import OperationErrors
from tests.unit.infra.rollout.aws import NEW, Aws, Hours, lines, service, task, tasks

SERVICE = "aws:ecs/service:Service"
DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
FRESH = [
    "InvalidParameterException: Unable to assume the service linked role. Please verify that it exists.",
    "ClientException: ECS was unable to assume the role 'arn:aws:iam::1:role/x' that was provided",
    "AccessDeniedException: User: x is not authorized to perform: iam:PassRole on resource: y",
    "ClientException: Role is not valid",
    "ValidationError: Invalid IAM Instance Profile name",
    "ValidationException: Nonexistent role or missing ssm service principal in trust policy: arn",
    # Of managed instances, half a minute after they were made.
    "InvalidParameterException: The specified capacity provider 'cp' is not in an ACTIVE state.",
]
KNOWN = {"cluster": "cluster", "name": "web-1a2b3c4", "taskDefinition": NEW}


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "error", said.append)
    return said


def ask(
    *errors: str, hours: Hours | None = None, aws: Aws | None = None, type_: str = SERVICE, **more: Any
) -> bool:
    """Ask the hook as the engine does."""
    clients: Any = aws or Aws(describe_services=service())
    args = pulumi.ErrorHookArgs(
        urn="urn",
        id="",
        name="web",
        type=type_,
        errors=list(errors),
        **{"failed_operation": "create", "new_inputs": KNOWN, **more},
    )
    return asyncio.run(OperationErrors(clients, (hours or Hours()).clock).retries(args))


@pytest.mark.parametrize("message", FRESH)
@pytest.mark.parametrize("type_", [SERVICE, DEFINITION])
def test_a_role_that_aws_does_not_know_yet_is_tried_again(message: str, type_: str) -> None:
    hours = Hours()

    assert ask(message, hours=hours, type_=type_)
    assert hours.seconds > 0


def test_it_is_tried_for_a_minute(reported: list[str]) -> None:
    hours, tries = Hours(), 1
    while ask(*FRESH[:1] * tries, hours=hours):
        tries += 1

    assert 55 <= hours.seconds <= 65
    assert reported == []


@pytest.mark.parametrize("type_", [SERVICE, DEFINITION])
def test_any_other_error_is_not(type_: str) -> None:
    assert not ask("ClientException: Too many concurrent attempts to create a revision", type_=type_)


def test_the_newest_error_decides() -> None:
    assert not ask("ClusterNotFoundException: Cluster not found.", FRESH[0])


def test_a_deployment_that_failed_is_reported_with_what_aws_knows_of_it(reported: list[str]) -> None:
    aws = Aws(
        **tasks(task(1, stopped="Essential container exited")),
        describe_services=service(),
        get_log_events=lines("Error: no database"),
    )

    assert not ask("waiting for ECS Service: deployment failed: circuit breaker", aws=aws)

    assert "\n".join(reported) == (
        "web does not run what this update asked for:\n"
        "  stopped: task 00000000: Essential container exited; web exited with code 3\n"
        "    | Error: no database"
    )


def test_of_an_update_the_service_is_known_by_what_it_was(reported: list[str]) -> None:
    """The new inputs of a service that is named by Pulumi need not have its name."""
    aws = Aws(**tasks(task(1, stopped="Essential container exited")), describe_services=service())
    new = {key: value for key, value in KNOWN.items() if key != "name"}

    ask("failed", aws=aws, failed_operation="update", new_inputs=new, old_outputs=KNOWN)

    assert aws.questions("describe_services") == [{"cluster": "cluster", "services": ["web-1a2b3c4"]}]
    assert len(reported) == 1


def test_without_a_name_and_when_deleting_nothing_is_asked(reported: list[str]) -> None:
    aws = Aws(describe_services=service())

    ask("failed", aws=aws, new_inputs={"cluster": "cluster", "taskDefinition": NEW})
    ask("failed", aws=aws, failed_operation="delete")

    assert (aws.asked, reported) == ([], [])
