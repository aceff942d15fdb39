"""`run` runs a command in a one-off task like those of a service."""

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
from tests.unit.automation.fakes import FakeStacks, deployed, dev
from tests.unit.infra.rollout.aws import NEW, NOW, OLD, Answer, Aws, FakeClock, deployment, service, task

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
class Output:
    lines: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

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


def run(aws: Aws, output: Output | None = None, *, container: str = "web") -> tuple[int | None, str]:
    output, stack = output or Output(), deployed(aws)
    task = OneOffTask(
        stack,
        stack.service("web"),
        {"containerOverrides": [{"name": container, "command": ["node", "migrate.js"]}]},
        container=container,
        show=output.show,
        say=output.messages.append,
        clock=FakeClock().clock,
    )
    return task.run()


def test_the_task_has_the_services_task_definition_network_and_capacity() -> None:
    aws = cloud()

    run(aws)

    (request,) = aws.requests("run_task")
    assert request["taskDefinition"] == NEW
    assert request["networkConfiguration"] == NETWORK
    assert request["capacityProviderStrategy"] == [SPOT]
    assert request["overrides"]["containerOverrides"] == [{"name": "web", "command": ["node", "migrate.js"]}]


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
    ("described_as", "expected"), PLACES, ids=["spot", "launch type", "instances", "external", "exec", "disk"]
)
def test_the_task_is_placed_like_the_services_tasks(
    described_as: dict[str, Any], expected: dict[str, Any]
) -> None:
    aws = cloud(describe_services={"services": [{**described()["services"][0], **described_as}]})

    run(aws)

    (request,) = aws.requests("run_task")
    assert {key: request[key] for key in request if key in PLACED} == expected


def test_during_a_deployment_it_runs_the_version_of_most_tasks() -> None:
    """The new version may not start."""
    new = deployment(NEW, "IN_PROGRESS", runningCount=0)
    old = deployment(OLD, status="ACTIVE", runningCount=2)
    aws = cloud(describe_services=described(new, old))

    run(aws)

    assert aws.requests("run_task")[0]["taskDefinition"] == OLD


def test_log_lines_are_shown_once_each_including_late_ones() -> None:
    output = Output()
    aws = cloud(filter_log_events=[logged(), logged(1), logged(1, 2), logged(2)])

    run(aws, output)

    assert output.lines == ["line 1", "line 2"]
    assert aws.requests("filter_log_events")[0]["logStreamNames"] == [f"web/web/{7:032x}"]


def test_a_task_without_log_lines_is_waited_for_briefly() -> None:
    aws = cloud()

    run(aws)

    assert len(aws.requests("filter_log_events")) <= 6


@pytest.mark.parametrize("code", [0, 3, None], ids=["success", "failure", "the container never ran"])
def test_exit_code_and_reason_are_the_containers(code: int | None) -> None:
    exit_code, reason = run(cloud(describe_tasks=ended(code)))

    assert exit_code == code
    assert "Essential container exited" in reason


def test_container_option_selects_log_and_exit_code() -> None:
    containers = [{"name": "web", "exitCode": 0}, {"name": "proxy", "exitCode": 7}]
    over = {"tasks": [task(7, stopped="Essential container exited", containers=containers)]}
    definition = {"taskDefinition": {"containerDefinitions": [{"name": "web"}, {"name": "proxy"}]}}
    aws = cloud(describe_tasks=over, describe_task_definition=definition)

    assert run(aws, container="proxy")[0] == 7
    assert aws.requests("filter_log_events")[0]["logStreamNames"] == [f"web/proxy/{7:032x}"]


def test_an_unknown_container_is_rejected_before_a_task_starts() -> None:
    aws = cloud()

    with pytest.raises(AutomationError, match="web has no container 'prxy': there are web"):
        run(aws, container="prxy")

    assert not aws.requests("run_task")


def test_a_task_that_cannot_be_placed_is_an_error_with_the_reason() -> None:
    aws = cloud(run_task={"tasks": [], "failures": [{"reason": "RESOURCE:CPU"}]})

    with pytest.raises(AutomationError, match="could not be started: RESOURCE:CPU"):
        run(aws)


@pytest.mark.parametrize("operation", ["describe_tasks", "run_task"], ids=["running", "being started"])
def test_ctrl_c_stops_a_task_that_is(operation: str) -> None:
    def interrupted(_: dict[str, Any]) -> dict[str, Any]:
        os.kill(os.getpid(), signal.SIGINT)
        return {"tasks": [RUNS]}

    aws, output = cloud(**{operation: interrupted}), Output()

    with pytest.raises(KeyboardInterrupt):
        run(aws, output)

    assert [request["task"] for request in aws.requests("stop_task")] == [RUNS["taskArn"]]
    assert output.messages[-1] == f"stopping task {7:032x}"


def test_a_task_that_ecs_does_not_know_is_an_error() -> None:
    with pytest.raises(AutomationError, match="ECS does not know the task"):
        run(cloud(describe_tasks={"tasks": []}))


@dataclass
class FakeTasks:
    """Tasks that end at once."""

    tasks: list[OneOffTask] = field(default_factory=list)
    code: int | None = 0

    def call(self, *arguments: str, stacks: FakeStacks | None = None) -> Result:
        return CliRunner().invoke(
            command, ["dev", *arguments], obj=stacks or FakeStacks(), standalone_mode=False
        )

    @property
    def overrides(self) -> dict[str, Any]:
        return dict(self.tasks[0].overrides)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeTasks:
    fake = FakeTasks()

    def ends_at_once(task: OneOffTask) -> tuple[int | None, str]:
        fake.tasks.append(task)
        task.show(
            Line(id="1", at=NOW, service="web", container="web", task="1", message="from the container")
        )
        task.say("progress")
        return fake.code, "Essential container exited"

    monkeypatch.setattr(OneOffTask, "run", ends_at_once)
    return fake


def test_standard_output_has_only_the_containers_log(fake: FakeTasks) -> None:
    result = fake.call("--", "node", "-e", "1", "--flag")

    assert fake.overrides == {
        "containerOverrides": [{"name": "web", "command": ["node", "-e", "1", "--flag"]}]
    }
    assert (result.return_value, result.stdout, result.stderr) == (
        0,
        "from the container\n",
        "progress\n",
    )


@pytest.mark.parametrize(("code", "ending"), [(3, "with exit code 3"), (None, "without an exit code")])
def test_a_failed_command_exits_with_1_and_prints_its_exit_code(
    fake: FakeTasks, code: int | None, ending: str
) -> None:
    fake.code = code

    result = fake.call("--", "node")

    assert result.return_value == 1
    assert f"error: `node` ended {ending}: Essential container exited" in result.stderr


def test_service_and_container_options_select_where_it_runs(fake: FakeTasks) -> None:
    fake.call("--service", "web-alice", "--container", "proxy", "--", "check")

    (task,) = fake.tasks
    assert (task.service.name, task.container) == ("web-alice", "proxy")
    assert fake.overrides == {"containerOverrides": [{"name": "proxy", "command": ["check"]}]}


def test_schedule_option_runs_the_schedules_command(fake: FakeTasks, monkeypatch: pytest.MonkeyPatch) -> None:
    nightly = Schedule(cron="0 3 * * ? *", command=("node", "report.js"), environment={"LEVEL": "3"})
    main = dev().main.model_copy(update={"schedules": {"nightly": nightly}})
    scheduled = dev().model_copy(update={"main": main})
    monkeypatch.setattr(FakeStacks, "settings", lambda *_: scheduled)

    assert fake.call("--schedule", "nightly").return_value == 0
    assert fake.overrides == nightly.overrides("web")
    assert "no schedule 'hourly' in Pulumi.dev.yaml: there are nightly" in str(
        fake.call("--schedule", "hourly").exception
    )
    assert (
        "web-alice has no schedule 'nightly' in Pulumi.dev.yaml: it has none; web has it: add `--service web`"
        in str(fake.call("--service", "web-alice", "--schedule", "nightly").exception)
    )


@pytest.mark.parametrize("arguments", [(), ("--schedule", "nightly", "--", "node")])
def test_a_command_and_a_schedule_exclude_one_another(fake: FakeTasks, arguments: tuple[str, ...]) -> None:
    assert "give either a COMMAND or --schedule NAME" in str(fake.call(*arguments).exception)
    assert fake.tasks == []
