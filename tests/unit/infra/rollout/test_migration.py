"""Migrations: when they run, as which task, and how failures are reported."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi
import pytest

from infra.rollout.migration import MigrationError, MigrationRun, Migrations, fingerprint_of
from infra.settings import Migration
from tests.unit.infra.factories import child_options
from tests.unit.infra.recorder import declare
from tests.unit.infra.rollout.aws import NEW, Answer, Aws, FakeClock, lines, logging_to, task

MIGRATION = Migration(command=("node", "migrate.js"), timeout_minutes=15)
IMAGE = f"registry/app@sha256:{'d' * 64}"
FINGERPRINT = fingerprint_of(IMAGE, MIGRATION.command)
SERVICE = {
    "cluster": "arn:of:the:cluster",
    "taskDefinition": NEW,
    "networkConfiguration": {
        "subnets": ["subnet-1", "subnet-2"],
        "securityGroups": ["sg-1"],
        "assignPublicIp": False,
    },
}
DEFINITION = logging_to(image=IMAGE)
RUNS = task(7)


def stopped(code: int | None, **more: Any) -> dict[str, Any]:
    container = {"name": "web"} if code is None else {"name": "web", "exitCode": code}
    return {"tasks": [task(7, stopped="Essential container exited", **{"containers": [container], **more})]}


def cloud(**operations: Answer | list[Answer]) -> Aws:
    def put(request: dict[str, Any]) -> dict[str, Any]:
        aws.operations["get_parameter"] = record_of(request["Value"])
        return {"Version": 2}

    aws = Aws(
        **{
            "describe_task_definition": DEFINITION,
            "run_task": {"tasks": [RUNS]},
            "describe_tasks": [{"tasks": [RUNS]}, stopped(0)],
            "get_parameter": record_of("none"),
            "put_parameter": put,
            **operations,
        }
    )
    return aws


def record_of(value: str) -> dict[str, Any]:
    return {"Parameter": {"Name": "web-migrations-1a2b3c4", "Value": value}}


def migrate(aws: Aws, service: dict[str, Any] = SERVICE, succeeded: set[str] | None = None) -> None:
    run = MigrationRun(
        aws,  # type: ignore[arg-type]
        "web",
        MIGRATION,
        record="web-migrations-1a2b3c4",
        service=service,
        clock=FakeClock().clock,
    )
    asyncio.run(run.run_once(set() if succeeded is None else succeeded))


def failure_of(aws: Aws) -> str:
    with pytest.raises(MigrationError) as raised:
        migrate(aws)
    return str(raised.value)


def test_migration_runs_the_new_version_where_the_service_runs() -> None:
    aws = cloud()

    migrate(aws)

    (request,) = aws.requests("run_task")
    assert request["taskDefinition"] == NEW
    assert request["cluster"] == "arn:of:the:cluster"
    assert request["launchType"] == "FARGATE"
    assert request["networkConfiguration"]["awsvpcConfiguration"] == {
        "subnets": ["subnet-1", "subnet-2"],
        "securityGroups": ["sg-1"],
        "assignPublicIp": "DISABLED",
    }
    assert request["overrides"] == {
        "containerOverrides": [{"name": "web", "command": ["node", "migrate.js"]}]
    }


def test_successful_migration_does_not_run_again() -> None:
    aws = cloud()

    migrate(aws)
    migrate(aws)

    assert len(aws.requests("run_task")) == 1


@pytest.mark.parametrize(
    ("record", "runs"),
    [
        (f"{FINGERPRINT},0000000000000000", 0),
        (fingerprint_of("another", MIGRATION.command), 1),
        (fingerprint_of(IMAGE, ("node", "migrate.js", "--all")), 1),
    ],
    ids=["an earlier image", "another image", "another command"],
)
def test_migration_runs_once_for_an_image_and_command(record: str, runs: int) -> None:
    aws = cloud(get_parameter=record_of(record))

    migrate(aws)

    assert len(aws.requests("run_task")) == runs


def test_record_fits_into_a_parameter() -> None:
    aws = cloud(get_parameter=record_of(",".join(f"{number:016x}" for number in range(200))))

    migrate(aws)

    value = aws.requests("put_parameter")[0]["Value"]
    assert value.endswith(FINGERPRINT)
    assert len(value) <= 4096


def test_failed_migration_is_reported_and_runs_again() -> None:
    aws = cloud(describe_tasks=stopped(7), get_log_events=lines("connecting", "table is gone"))

    message = failure_of(aws)

    assert message == (
        "web was not changed: its migration `node migrate.js` failed: "
        "task 00000000: Essential container exited; web exited with code 7\n"
        "  | connecting\n"
        "  | table is gone"
    )
    assert aws.requests("get_log_events")[0]["logStreamName"] == f"web/web/{7:032x}"
    assert aws.requests("put_parameter") == []
    failure_of(aws)
    assert len(aws.requests("run_task")) == 2


NOT_PULLED = stopped(
    None, stopCode="TaskFailedToStart", stoppedReason="CannotPullContainerError: no such image"
)


@pytest.mark.parametrize(
    ("operations", "message"),
    [
        ({"describe_tasks": NOT_PULLED}, "CannotPullContainerError: no such image"),
        (
            {"describe_tasks": {"tasks": [RUNS]}, "stop_task": {}, "get_log_events": lines("locked")},
            "took longer than 15 minutes and was stopped\n  | locked",
        ),
        (
            {"run_task": {"tasks": [], "failures": [{"reason": "RESOURCE:CPU"}]}},
            "could not be run: RESOURCE:CPU",
        ),
    ],
    ids=["a container that never started", "a time limit", "no capacity"],
)
def test_migration_that_did_not_finish_is_an_error(operations: dict[str, Any], message: str) -> None:
    aws = cloud(**operations)

    assert message in failure_of(aws)
    assert [request["task"] for request in aws.requests("stop_task")] == (
        [RUNS["taskArn"]] if "stop_task" in operations else []
    )


def test_migration_left_running_by_an_interrupted_update_is_adopted() -> None:
    """Few migrations may run twice at once."""
    aws = cloud(list_tasks={"taskArns": [RUNS["taskArn"]]})

    migrate(aws)

    assert aws.requests("run_task") == []
    assert aws.requests("list_tasks") == [
        {"cluster": "arn:of:the:cluster", "startedBy": f"migration/web/{FINGERPRINT}"}
    ], "AWS accepts no other filter beside this one"
    assert len(aws.requests("put_parameter")) == 1


def definition_with(**variables: str) -> dict[str, Any]:
    """Return a response of `describe_task_definition` with variables."""
    definition = logging_to(image=IMAGE)
    environment = [{"name": name, "value": value} for name, value in variables.items()]
    definition["taskDefinition"]["containerDefinitions"][0]["environment"] = environment
    return definition


@pytest.mark.parametrize(
    ("second", "runs"),
    [
        (definition_with(SERVICE_NAME="api", PORT="4000", DB="one"), 1),
        (definition_with(SERVICE_NAME="api", PORT="4000", DB="two"), 2),
    ],
    ids=["the same database", "another database"],
)
def test_services_with_the_same_database_migrate_once_in_an_update(second: dict[str, Any], runs: int) -> None:
    succeeded: set[str] = set()
    count = 0
    for definition in (definition_with(SERVICE_NAME="web", PORT="3000", DB="one"), second):
        aws = cloud(describe_task_definition=definition)
        migrate(aws, succeeded=succeeded)
        count += len(aws.requests("run_task"))
        assert len(aws.requests("put_parameter")) == 1, "each service records it for the next update"

    assert count == runs


def test_migrations_run_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies of a service may share a database."""
    running: list[str] = []
    most = 0

    async def run_once(run: MigrationRun, succeeded: set[str]) -> None:
        nonlocal most
        running.append("migration")
        most = max(most, len(running))
        await asyncio.sleep(0.01)
        running.pop()

    monkeypatch.setattr(MigrationRun, "run_once", run_once)
    hooks: list[pulumi.ResourceHook] = []

    def program() -> None:
        migrations = Migrations(cloud())  # type: ignore[arg-type]
        for name in ("web", "web-alice"):
            hook, _ = migrations.hook(name, MIGRATION, parent=child_options().parent)  # type: ignore[arg-type]
            hooks.append(hook)
        pulumi.export("done", pulumi.Output.from_input(both()))

    async def both() -> None:
        call = pulumi.ResourceHookArgs(urn="", id="", name="", type="", new_inputs=SERVICE)
        await asyncio.gather(*(hook(call) for hook in hooks))  # type: ignore[arg-type]

    declare(program)

    assert len(hooks) == 2
    assert most == 1
