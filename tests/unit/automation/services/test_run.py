"""A command beside a service: as what it runs, what is shown of it, and how it ends."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field
from typing import Any

import pytest
from click.testing import CliRunner, Result

from automation.errors import AutomationError
from automation.services.logs import Line
from automation.services.run import OneOffTask
from automation.services.run import run as command
from infra.settings import Schedule
from tests.unit.automation.fakes import FakeStacks, deployed, dev, no_service
from tests.unit.infra.rollout.aws import NEW, NOW, OLD, Answer, Aws, Hours, deployment, service, task

RUNS = task(7)
PLACED = (
    *("capacityProviderStrategy", "launchType", "networkConfiguration", "placementConstraints"),
    *("placementStrategy", "enableExecuteCommand", "volumeConfigurations"),
)
SPOT = {"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}
NETWORK = {
    "awsvpcConfiguration": {
        "subnets": ["subnet-1"],
        "securityGroups": ["sg-1"],
        "assignPublicIp": "ENABLED",
    }
}


def described(*deployments: dict[str, Any]) -> dict[str, Any]:
    return service(
        *deployments,
        networkConfiguration=NETWORK,
        capacityProviderStrategy=[SPOT],
    )


def ended(code: int | None = 0) -> dict[str, Any]:
    container = {"name": "web"} if code is None else {"name": "web", "exitCode": code}
    return {"tasks": [task(7, stopped="Essential container exited", containers=[container])]}


def logged(*numbers: int) -> dict[str, Any]:
    return {
        "events": [
            {
                "eventId": str(number),
                "timestamp": 1_800_000_000_000 + number,
                "logStreamName": f"web/web/{7:032x}",
                "message": f"line {number}",
            }
            for number in numbers
        ]
    }


@dataclass
class Heard:
    lines: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def show(self, line: Line) -> None:
        self.lines.append(line.message)


def cloud(**operations: Answer | list[Answer]) -> Aws:
    return Aws(
        **{
            "describe_services": described(),
            "run_task": {"tasks": [RUNS]},
            "describe_tasks": [{"tasks": [RUNS]}, ended()],
            "filter_log_events": logged(),
            "stop_task": {},
            **operations,
        }
    )


def run(aws: Aws, heard: Heard | None = None, *, container: str = "web") -> tuple[int | None, str]:
    heard, stack = heard or Heard(), deployed(aws)
    task = OneOffTask(
        stack,
        stack.service("web"),
        {"containerOverrides": [{"name": container, "command": ["node", "migrate.js"]}]},
        container=container,
        show=heard.show,
        say=heard.words.append,
        clock=Hours().clock,
    )
    return task.run()


def test_it_runs_what_the_service_runs_where_the_service_runs() -> None:
    aws = cloud()

    run(aws)

    (question,) = aws.questions("run_task")
    assert question["taskDefinition"] == NEW
    assert question["networkConfiguration"] == NETWORK
    assert question["capacityProviderStrategy"] == [SPOT]
    assert question["overrides"]["containerOverrides"] == [{"name": "web", "command": ["node", "migrate.js"]}]


ON_FARGATE = {"capacityProviderStrategy": [SPOT], "networkConfiguration": NETWORK}
DISK = {"sizeInGiB": 20, "roleArn": "arn:of:the:role"}
PLACES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, ON_FARGATE),
    (
        {"capacityProviderStrategy": [], "launchType": "FARGATE"},
        {"launchType": "FARGATE", "networkConfiguration": NETWORK},
    ),
    (
        {
            "capacityProviderStrategy": [{"capacityProvider": "machines", "weight": 1}],
            "networkConfiguration": {},
            "placementConstraints": [{"type": "distinctInstance"}],
            "placementStrategy": [{"type": "binpack", "field": "memory"}],
        },
        {
            "capacityProviderStrategy": [{"capacityProvider": "machines", "weight": 1}],
            "placementConstraints": [{"type": "distinctInstance"}],
            "placementStrategy": [{"type": "binpack", "field": "memory"}],
        },
    ),
    (
        {"capacityProviderStrategy": [], "launchType": "EXTERNAL", "networkConfiguration": {}},
        {"launchType": "EXTERNAL"},
    ),
    ({"enableExecuteCommand": True}, {**ON_FARGATE, "enableExecuteCommand": True}),
    (
        {"deployments": [deployment(volumeConfigurations=[{"name": "data", "managedEBSVolume": DISK}])]},
        {
            **ON_FARGATE,
            "volumeConfigurations": [
                {
                    "name": "data",
                    "managedEBSVolume": {**DISK, "terminationPolicy": {"deleteOnTermination": True}},
                }
            ],
        },
    ),
]


@pytest.mark.parametrize(
    ("said", "asked"), PLACES, ids=["spot", "launch type", "instances", "external", "exec", "disk"]
)
def test_it_runs_on_whatever_the_service_runs_on(said: dict[str, Any], asked: dict[str, Any]) -> None:
    aws = cloud(describe_services={"services": [{**described()["services"][0], **said}]})

    run(aws)

    (question,) = aws.questions("run_task")
    assert {key: question[key] for key in question if key in PLACED} == asked


def test_in_a_deployment_it_runs_the_version_that_most_tasks_run() -> None:
    """The new one may be the one that does not start."""
    new = deployment(NEW, "IN_PROGRESS", runningCount=0)
    old = deployment(OLD, status="ACTIVE", runningCount=2)
    aws = cloud(describe_services=described(new, old))

    run(aws)

    assert aws.questions("run_task")[0]["taskDefinition"] == OLD


def test_its_lines_are_shown_while_it_runs_once_each_and_those_that_come_late_too() -> None:
    heard = Heard()
    aws = cloud(filter_log_events=[logged(), logged(1), logged(1, 2), logged(2)])

    run(aws, heard)

    assert heard.lines == ["line 1", "line 2"]
    assert aws.questions("filter_log_events")[0]["logStreamNames"] == [f"web/web/{7:032x}"]


def test_one_that_logs_nothing_is_not_waited_for_for_long() -> None:
    aws = cloud()

    run(aws)

    assert len(aws.questions("filter_log_events")) <= 6


@pytest.mark.parametrize("code", [0, 3])
def test_it_ends_with_the_exit_code_of_its_container(code: int) -> None:
    assert run(cloud(describe_tasks=ended(code)))[0] == code


def test_of_another_container_the_log_and_the_exit_code_count() -> None:
    containers = [{"name": "web", "exitCode": 0}, {"name": "proxy", "exitCode": 7}]
    over = {"tasks": [task(7, stopped="Essential container exited", containers=containers)]}
    aws = cloud(describe_tasks=over)

    assert run(aws, container="proxy")[0] == 7
    assert aws.questions("filter_log_events")[0]["logStreamNames"] == [f"web/proxy/{7:032x}"]


def test_one_whose_container_never_ran_has_no_exit_code_but_a_reason() -> None:
    code, reason = run(cloud(describe_tasks=ended(None)))

    assert code is None
    assert "Essential container exited" in reason


def test_one_that_has_no_place_says_why() -> None:
    aws = cloud(run_task={"tasks": [], "failures": [{"reason": "RESOURCE:CPU"}]})

    with pytest.raises(AutomationError, match="could not be started: RESOURCE:CPU"):
        run(aws)


def test_a_service_that_was_deleted_is_named() -> None:
    with pytest.raises(AutomationError, match="does not have the service web any more"):
        run(cloud(describe_services=no_service()))


def test_ctrl_c_stops_the_task() -> None:
    def interrupted(_: dict[str, Any]) -> dict[str, Any]:
        os.kill(os.getpid(), signal.SIGINT)
        return {"tasks": [RUNS]}

    aws, heard = cloud(describe_tasks=interrupted), Heard()

    with pytest.raises(KeyboardInterrupt):
        run(aws, heard)

    (question,) = aws.questions("stop_task")
    assert question["task"] == RUNS["taskArn"]
    assert heard.words[-1] == f"stopping task {7:032x}"


def test_ctrl_c_while_it_is_started_stops_it_too() -> None:
    def interrupted(_: dict[str, Any]) -> dict[str, Any]:
        os.kill(os.getpid(), signal.SIGINT)
        return {"tasks": [RUNS]}

    aws = cloud(run_task=interrupted)

    with pytest.raises(KeyboardInterrupt):
        run(aws)

    assert [question["task"] for question in aws.questions("stop_task")] == [RUNS["taskArn"]]


def test_a_task_that_ecs_does_not_know_is_not_waited_for_without_end() -> None:
    with pytest.raises(AutomationError, match="ECS does not know the task"):
        run(cloud(describe_tasks={"tasks": []}))


@dataclass
class Stage:
    """What a command ran, in tasks that end at once."""

    tasks: list[OneOffTask] = field(default_factory=list)
    code: int | None = 0

    def call(self, *arguments: str, stacks: FakeStacks | None = None) -> Result:
        return CliRunner().invoke(
            command, ["dev", *arguments], obj=stacks or FakeStacks(), standalone_mode=False
        )

    @property
    def ran(self) -> dict[str, Any]:
        return dict(self.tasks[0].overrides)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    stage = Stage()

    def ends_at_once(task: OneOffTask) -> tuple[int | None, str]:
        stage.tasks.append(task)
        task.show(
            Line(id="1", at=NOW, service="web", container="web", task="1", message="from the container")
        )
        task.say("what happens")
        return stage.code, "Essential container exited"

    monkeypatch.setattr(OneOffTask, "run", ends_at_once)
    return stage


def test_only_what_the_container_logs_is_on_the_standard_output(stage: Stage) -> None:
    result = stage.call("--", "node", "-e", "1", "--flag")

    assert stage.ran == {"containerOverrides": [{"name": "web", "command": ["node", "-e", "1", "--flag"]}]}
    assert (result.return_value, result.stdout, result.stderr) == (
        0,
        "from the container\n",
        "what happens\n",
    )


@pytest.mark.parametrize(("code", "words"), [(3, "with exit code 3"), (None, "without an exit code")])
def test_a_command_that_fails_ends_with_1_and_names_the_code(
    stage: Stage, code: int | None, words: str
) -> None:
    stage.code = code

    result = stage.call("--", "node")

    assert result.return_value == 1
    assert f"error: `node` ended {words}: Essential container exited" in result.stderr


def test_it_runs_in_another_service_and_another_container(stage: Stage) -> None:
    stage.call("--service", "web-alice", "--container", "proxy", "--", "check")

    (task,) = stage.tasks
    assert (task.service.name, task.container) == ("web-alice", "proxy")
    assert stage.ran == {"containerOverrides": [{"name": "proxy", "command": ["check"]}]}


def test_what_runs_by_the_clock_runs_now(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    nightly = Schedule(cron="0 3 * * ? *", command=("node", "report.js"), environment={"LEVEL": "3"})
    main = dev().main.model_copy(update={"schedules": {"nightly": nightly}})
    scheduled = dev().model_copy(update={"main": main})
    monkeypatch.setattr(FakeStacks, "settings", lambda *_: scheduled)

    assert stage.call("--schedule", "nightly").return_value == 0
    assert stage.ran == nightly.overrides("web")
    assert "no schedule 'hourly' in Pulumi.dev.yaml: there are nightly" in str(
        stage.call("--schedule", "hourly").exception
    )
    assert (
        "web-alice has no schedule 'nightly' in Pulumi.dev.yaml: it has none; web has it: add `--service web`"
        in str(stage.call("--service", "web-alice", "--schedule", "nightly").exception)
    )


@pytest.mark.parametrize("arguments", [(), ("--schedule", "nightly", "--", "node")])
def test_it_runs_one_thing(stage: Stage, arguments: tuple[str, ...]) -> None:
    assert "give either a COMMAND or --schedule NAME" in str(stage.call(*arguments).exception)
    assert stage.tasks == []
