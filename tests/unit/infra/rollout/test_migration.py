"""What runs before a service changes: when, as what, and what a failure says."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi
import pytest

from infra.rollout.migration import MigrationError, Migrations, Run, fingerprint
from infra.service.service import Service
from infra.settings import Migration
from tests.unit.infra.factories import held, service_args, service_settings
from tests.unit.infra.recorder import Declared, Graph, declare, once
from tests.unit.infra.rollout.aws import NEW, Answer, Aws, Hours, lines, logging_to, task

MIGRATION = Migration(command=("node", "migrate.js"), timeout_minutes=15)
IMAGE = f"registry/app@sha256:{'d' * 64}"
PAIR = fingerprint(IMAGE, MIGRATION.command)
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


def ended(code: int | None, **more: Any) -> dict[str, Any]:
    container = {"name": "web"} if code is None else {"name": "web", "exitCode": code}
    return {"tasks": [task(7, stopped="Essential container exited", **{"containers": [container], **more})]}


def cloud(**operations: Answer | list[Answer]) -> Aws:
    def put(question: dict[str, Any]) -> dict[str, Any]:
        aws.operations["get_parameter"] = remembered(question["Value"])
        return {"Version": 2}

    aws = Aws(
        **{
            "describe_task_definition": DEFINITION,
            "run_task": {"tasks": [RUNS]},
            "describe_tasks": [{"tasks": [RUNS]}, ended(0)],
            "get_parameter": remembered("none"),
            "put_parameter": put,
            **operations,
        }
    )
    return aws


def remembered(value: str) -> dict[str, Any]:
    return {"Parameter": {"Name": "web-migrations-1a2b3c4", "Value": value}}


def migrate(aws: Aws, migration: Migration = MIGRATION, service: dict[str, Any] = SERVICE) -> None:
    run = Run(
        aws,  # type: ignore[arg-type]
        "web",
        migration,
        record="web-migrations-1a2b3c4",
        service=service,
        clock=Hours().clock,
    )
    asyncio.run(run.once())


def failure_of(aws: Aws) -> str:
    with pytest.raises(MigrationError) as raised:
        migrate(aws)
    return str(raised.value)


def test_it_runs_the_new_version_with_what_the_service_has() -> None:
    aws = cloud()

    migrate(aws)

    (question,) = aws.questions("run_task")
    assert question["taskDefinition"] == NEW, "its roles and secrets are the service's"
    assert question["cluster"] == "arn:of:the:cluster"
    assert question["networkConfiguration"]["awsvpcConfiguration"] == {
        "subnets": ["subnet-1", "subnet-2"],
        "securityGroups": ["sg-1"],
        "assignPublicIp": "DISABLED",
    }
    assert question["overrides"] == {
        "containerOverrides": [{"name": "web", "command": ["node", "migrate.js"]}]
    }


def test_it_never_runs_on_spot() -> None:
    """Its machine could be taken away in the middle."""
    aws = cloud()

    migrate(aws)

    assert aws.questions("run_task")[0]["launchType"] == "FARGATE"


def test_without_nat_it_needs_a_public_address_as_the_service_does() -> None:
    aws = cloud()
    network = {**SERVICE["networkConfiguration"], "assignPublicIp": True}

    migrate(aws, service={**SERVICE, "networkConfiguration": network})

    (question,) = aws.questions("run_task")
    assert question["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] == "ENABLED"


def test_what_has_succeeded_does_not_run_again() -> None:
    aws = cloud()

    migrate(aws)
    migrate(aws)

    assert len(aws.questions("run_task")) == 1


def test_an_earlier_image_that_comes_back_is_remembered() -> None:
    aws = cloud(get_parameter=remembered(f"{PAIR},0000000000000000"))

    migrate(aws)

    assert aws.questions("run_task") == []


@pytest.mark.parametrize(
    ("image", "command"), [("another", MIGRATION.command), (IMAGE, ("node", "migrate.js", "--all"))]
)
def test_another_image_or_command_runs(image: str, command: tuple[str, ...]) -> None:
    aws = cloud(get_parameter=remembered(fingerprint(image, command)))

    migrate(aws)

    assert len(aws.questions("run_task")) == 1


def test_what_is_remembered_fits_into_a_parameter() -> None:
    aws = cloud(get_parameter=remembered(",".join(f"{number:016x}" for number in range(200))))

    migrate(aws)

    value = aws.questions("put_parameter")[0]["Value"]
    assert value.endswith(PAIR)
    assert len(value) <= 4096


def test_one_that_failed_is_told_and_runs_again_next_time() -> None:
    aws = cloud(describe_tasks=ended(7), get_log_events=lines("connecting", "table is gone"))

    message = failure_of(aws)

    assert message == (
        "web was not changed: its migration `node migrate.js` failed: "
        "task 00000000: Essential container exited; web exited with code 7\n"
        "  | connecting\n"
        "  | table is gone"
    )
    assert aws.questions("get_log_events")[0]["logStreamName"] == f"web/web/{7:032x}"
    assert aws.questions("put_parameter") == []
    failure_of(aws)
    assert len(aws.questions("run_task")) == 2


def test_one_whose_container_never_started_has_failed_too() -> None:
    aws = cloud(
        describe_tasks=ended(
            None,
            stopCode="TaskFailedToStart",
            stoppedReason="CannotPullContainerError: no such image",
        )
    )

    assert "CannotPullContainerError: no such image" in failure_of(aws)


def test_one_that_takes_too_long_is_stopped() -> None:
    aws = cloud(describe_tasks={"tasks": [RUNS]}, stop_task={}, get_log_events=lines("waits for a lock"))

    message = failure_of(aws)

    assert "took longer than 15 minutes and was stopped\n  | waits for a lock" in message
    assert aws.questions("stop_task")[0]["task"] == RUNS["taskArn"]


def test_one_that_cannot_be_placed_is_told() -> None:
    aws = cloud(run_task={"tasks": [], "failures": [{"reason": "RESOURCE:CPU"}]})

    assert failure_of(aws).endswith("could not be run: RESOURCE:CPU")


def test_one_that_an_interrupted_update_left_running_is_not_started_a_second_time() -> None:
    """Two at once is what few migrations can stand."""
    aws = cloud(list_tasks={"taskArns": [RUNS["taskArn"]]})

    migrate(aws)

    assert aws.questions("run_task") == []
    assert aws.questions("list_tasks") == [
        {"cluster": "arn:of:the:cluster", "startedBy": f"migration/web/{PAIR}"}
    ], "AWS takes no other filter beside this one"
    assert len(aws.questions("put_parameter")) == 1


# As a part of the service.


@once
def graph(migration: Migration | None) -> Graph:
    args = service_args(service_settings(migration=migration))
    return declare(lambda: Service("web", args, opts=held()))


def ecs_service(migration: Migration | None) -> Declared:
    return graph(migration).one("aws:ecs/service:Service")


def test_another_command_changes_the_service() -> None:
    """Hooks run only for what changes."""
    other = Migration(command=("node", "other.js"), timeout_minutes=15)

    assert ecs_service(MIGRATION).inputs["triggers"] != ecs_service(other).inputs["triggers"]


def test_what_it_remembers_is_there_before_the_service_and_stays_as_it_writes_it() -> None:
    declared = graph(MIGRATION)
    record = declared.one("aws:ssm/parameter:Parameter")

    assert record.urn in declared.one("aws:ecs/service:Service").dependencies
    assert record.ignore_changes == ("insecureValue",)


def test_without_one_nothing_is_held_and_nothing_remembered() -> None:
    declared = graph(None)

    assert declared.all("aws:ssm/parameter:Parameter") == []
    assert "triggers" not in declared.one("aws:ecs/service:Service").inputs


def told(**variables: str) -> dict[str, Any]:
    """What `describe_task_definition` answers of a container with variables."""
    definition = logging_to(image=IMAGE)
    environment = [{"name": name, "value": value} for name, value in variables.items()]
    definition["taskDefinition"]["containerDefinitions"][0]["environment"] = environment
    return definition


@pytest.mark.parametrize(
    ("second", "runs"),
    [
        (told(SERVICE_NAME="api", PORT="4000", DB="one"), 1),
        (told(SERVICE_NAME="api", PORT="4000", DB="two"), 2),
    ],
    ids=["the same database", "another database"],
)
def test_what_a_service_migrated_in_this_update_another_one_need_not(
    second: dict[str, Any], runs: int
) -> None:
    done: set[str] = set()
    count = 0
    for definition in (told(SERVICE_NAME="web", PORT="3000", DB="one"), second):
        aws: Any = cloud(describe_task_definition=definition)
        run = Run(aws, "web", MIGRATION, record="record", service=SERVICE, clock=Hours().clock)
        asyncio.run(run.once(done))
        count += len(aws.questions("run_task"))
        assert len(aws.questions("put_parameter")) == 1, "each remembers it for the next update"

    assert count == runs


def test_two_services_do_not_migrate_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies of a service may share its database."""
    under_way: list[str] = []
    most = 0

    async def once(run: Run, done: set[str]) -> None:
        nonlocal most
        under_way.append("one")
        most = max(most, len(under_way))
        await asyncio.sleep(0.01)
        under_way.pop()

    monkeypatch.setattr(Run, "once", once)
    hooks: list[pulumi.ResourceHook] = []

    def program() -> None:
        migrations = Migrations(cloud())  # type: ignore[arg-type]
        for name in ("web", "web-alice"):
            hook, _ = migrations.gate(name, MIGRATION, parent=held().parent)  # type: ignore[arg-type]
            hooks.append(hook)
        pulumi.export("done", pulumi.Output.from_input(both()))

    async def both() -> None:
        call = pulumi.ResourceHookArgs(urn="", id="", name="", type="", new_inputs=SERVICE)
        await asyncio.gather(*(hook(call) for hook in hooks))  # type: ignore[arg-type]

    declare(program)

    assert len(hooks) == 2
    assert most == 1
