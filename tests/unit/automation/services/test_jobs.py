"""Results of scheduled tasks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from automation.services.deployed_stack import DeployedStack
from automation.services.jobs import failed_jobs, given_up
from infra.settings import Schedule
from tests.unit.automation.fakes import deployed, dev
from tests.unit.infra.rollout.aws import Aws, ErrorResponse, task, tasks

QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/dead-letters"


def stack(aws: Aws, **schedules: Schedule) -> DeployedStack:
    """Dev, whose main service has schedules."""
    main = dev().main.model_copy(update={"schedules": schedules})
    settings = dev().model_copy(update={"main": main})
    return replace(deployed(aws), settings=settings, dead_letter_queues={"web": QUEUE} if schedules else {})


def stopped(number: int, code: int | None = 0, **more: Any) -> dict[str, Any]:
    container = {"name": "web"} if code is None else {"name": "web", "exitCode": code}
    return task(number, stopped="Essential container exited", containers=[container], **more)


NIGHTLY = Schedule(cron="0 3 * * ? *")


def test_scheduled_starts_that_aws_gave_up_are_counted() -> None:
    aws = Aws(get_queue_attributes={"Attributes": {"ApproximateNumberOfMessages": "2"}})
    found = stack(aws, nightly=NIGHTLY)

    assert given_up(found, found.service("web")) == 2
    assert given_up(found, found.service("web-alice")) == 0
    assert aws.requests("get_queue_attributes") == [
        {"QueueUrl": QUEUE, "AttributeNames": ["ApproximateNumberOfMessages"]}
    ]


def test_a_deleted_dead_letter_queue_has_no_messages() -> None:
    """`status` and `promote` go on; `drift` reports it."""
    found = stack(Aws(get_queue_attributes=ErrorResponse("QueueDoesNotExist")), nightly=NIGHTLY)

    assert given_up(found, found.service("web")) == 0


def test_failed_jobs_are_listed_without_the_services_own_tasks() -> None:
    """The deployment reports those."""
    aws = Aws(
        **tasks(
            stopped(1, 3, age=90),
            stopped(2, 0),
            stopped(3, 1, group="service:web-1a2b3c4"),
            stopped(4, None, stopCode="TaskFailedToStart", age=10),
        )
    )
    found = stack(aws, nightly=NIGHTLY)

    assert failed_jobs(found, found.service("web")) == (
        "task 00000000: Essential container exited",
        "task 00000000: Essential container exited; web exited with code 3",
    )


def test_a_service_without_schedules_needs_no_request() -> None:
    aws = Aws(**tasks(stopped(1, 3)))
    found = stack(aws)

    assert (given_up(found, found.service("web")), failed_jobs(found, found.service("web"))) == (0, ())
    assert aws.calls == []
