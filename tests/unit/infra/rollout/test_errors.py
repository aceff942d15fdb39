"""The error hook: retries for new roles, evidence for failed deployments."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi
import pytest

from infra.rollout.errors import OperationErrors
from tests.unit.infra.rollout.aws import NEW, Aws, FakeClock, lines, service, task, tasks

SERVICE = "aws:ecs/service:Service"
DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
NEW_ROLE_ERRORS = [
    "InvalidParameterException: Unable to assume the service linked role. Please verify that it exists.",
    "ClientException: ECS was unable to assume the role 'arn:aws:iam::1:role/x' that was provided",
    "AccessDeniedException: User: x is not authorized to perform: iam:PassRole on resource: y",
    "ClientException: Role is not valid",
    "ValidationError: Invalid IAM Instance Profile name",
    "ValidationException: Nonexistent role or missing ssm service principal in trust policy: arn",
    # Managed instances, until half a minute after their creation.
    "InvalidParameterException: The specified capacity provider 'cp' is not in an ACTIVE state.",
]
SERVICE_INPUTS = {"cluster": "cluster", "name": "web-1a2b3c4", "taskDefinition": NEW}


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(pulumi.log, "error", lines.append)
    return lines


def should_retry(
    *errors: str,
    clock: FakeClock | None = None,
    aws: Aws | None = None,
    type_: str = SERVICE,
    service_count: int = 1,
    **more: Any,
) -> bool:
    """Call the hook as the engine does."""
    clients: Any = aws or Aws(describe_services=service())
    args = pulumi.ErrorHookArgs(
        urn="urn",
        id="",
        name="web",
        type=type_,
        errors=list(errors),
        **{"failed_operation": "create", "new_inputs": SERVICE_INPUTS, **more},
    )
    operation_errors = OperationErrors(clients, (clock or FakeClock()).clock)
    operation_errors.service_count = service_count
    return asyncio.run(operation_errors.should_retry(args))


@pytest.mark.parametrize("message", NEW_ROLE_ERRORS)
@pytest.mark.parametrize("type_", [SERVICE, DEFINITION])
def test_operation_with_a_new_role_is_retried(message: str, type_: str) -> None:
    clock = FakeClock()

    assert should_retry(message, clock=clock, type_=type_)
    assert clock.seconds > 0


def test_retries_end_after_a_minute(reported: list[str]) -> None:
    clock, tries = FakeClock(), 1
    while should_retry(*NEW_ROLE_ERRORS[:1] * tries, clock=clock):
        tries += 1

    assert 55 <= clock.seconds <= 65
    assert reported == []


@pytest.mark.parametrize("type_", [SERVICE, DEFINITION])
def test_other_errors_are_not_retried(type_: str) -> None:
    assert not should_retry("ClientException: Too many concurrent attempts to create a revision", type_=type_)


def test_only_the_latest_error_counts() -> None:
    assert not should_retry("ClusterNotFoundException: Cluster not found.", NEW_ROLE_ERRORS[0])


def test_failed_deployment_is_reported_with_evidence(reported: list[str]) -> None:
    aws = Aws(
        **tasks(task(1, stopped="Essential container exited")),
        describe_services=service(),
        get_log_events=lines("Error: no database"),
    )

    assert not should_retry("waiting for ECS Service: deployment failed: circuit breaker", aws=aws)

    assert "\n".join(reported) == (
        "web does not run what this update asked for:\n"
        "  stopped: task 00000000: Essential container exited; web exited with code 3\n"
        "    | Error: no database"
    )


def test_updated_service_is_found_by_its_old_name(reported: list[str]) -> None:
    """The new inputs of a service with an automatic name have no name."""
    aws = Aws(**tasks(task(1, stopped="Essential container exited")), describe_services=service())
    new = {key: value for key, value in SERVICE_INPUTS.items() if key != "name"}

    should_retry("failed", aws=aws, failed_operation="update", new_inputs=new, old_outputs=SERVICE_INPUTS)

    assert aws.requests("describe_services") == [{"cluster": "cluster", "services": ["web-1a2b3c4"]}]
    assert len(reported) == 1


@pytest.mark.parametrize(
    ("operation", "service_count", "count"),
    [("update", 2, 1), ("update", 1, 0), ("create", 2, 0)],
)
def test_failed_update_says_that_other_services_are_not_rolled_back(
    reported: list[str], operation: str, service_count: int, count: int
) -> None:
    aws = Aws(**tasks(task(1, stopped="Essential container exited")), describe_services=service())

    should_retry("failed", aws=aws, failed_operation=operation, service_count=service_count)

    assert reported[0].count("others of this update keep their new version") == count


def test_nothing_is_requested_without_a_name_or_for_a_delete(reported: list[str]) -> None:
    aws = Aws(describe_services=service())

    should_retry("failed", aws=aws, new_inputs={"cluster": "cluster", "taskDefinition": NEW})
    should_retry("failed", aws=aws, failed_operation="delete")

    assert (aws.calls, reported) == ([], [])
