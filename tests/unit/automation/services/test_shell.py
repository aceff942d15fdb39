"""`exec` runs a command in a running task."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner

from automation.errors import AutomationError
from automation.services import shell
from automation.services.shell import Target, cli_environment, docker_exec, ecs_exec, run_on_terminal
from tests.unit.automation.fakes import FakeStacks, deployed
from tests.unit.infra.rollout.aws import Aws, task, tasks

SESSION = boto3.Session(
    aws_access_key_id="id",
    aws_secret_access_key="key",
    aws_session_token="token",
    region_name="eu-central-1",
)


@pytest.fixture(autouse=True)
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with only the programs that `exec` needs."""
    for name in ("aws", "session-manager-plugin", "docker"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def target(aws: Aws, **chosen: str) -> Target:
    stack = deployed(aws)
    return Target.of(stack, stack.service("web"), **chosen)


def on_aws(aws: Aws, **chosen: str) -> list[str]:
    return ecs_exec(target(aws, **chosen), ["sh", "-c", "ls | wc"])


def test_ecs_exec_gets_the_latest_task_its_container_and_the_command() -> None:
    older, newer = task(1, age=90, enableExecuteCommand=True), task(2, age=10, enableExecuteCommand=True)

    arguments = on_aws(Aws(**tasks(older, newer)))

    assert arguments[:3] == ["aws", "ecs", "execute-command"]
    assert arguments[arguments.index("--task") + 1] == newer["taskArn"]
    assert arguments[arguments.index("--container") + 1] == "web"
    assert arguments[arguments.index("--command") + 1] == "sh -c 'ls | wc'"


def test_the_aws_cli_gets_the_stacks_credentials_instead_of_the_shells(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "another")

    environment = cli_environment(SESSION)

    assert "AWS_PROFILE" not in environment
    assert environment["AWS_ACCESS_KEY_ID"] == "id"
    assert environment["AWS_SESSION_TOKEN"] == "token"
    assert environment["AWS_REGION"] == "eu-central-1"


def test_a_missing_program_is_an_error_that_names_it(programs: Path) -> None:
    (programs / "session-manager-plugin").unlink()

    with pytest.raises(AutomationError, match=r"session-manager-plugin is not on PATH: install .*https://"):
        on_aws(Aws(**tasks(task(1, enableExecuteCommand=True))))


@pytest.mark.parametrize(
    ("running", "message"),
    [
        ([task(1)], r"set `execute-command: true` in Pulumi\.dev\.yaml"),
        ([], "no task of web runs"),
    ],
    ids=["ECS Exec is off", "no task"],
)
def test_without_a_task_with_ecs_exec_the_error_says_what_to_do(
    running: list[dict[str, Any]], message: str
) -> None:
    with pytest.raises(AutomationError, match=message):
        on_aws(Aws(**tasks(*running)))


def test_a_local_container_is_entered_by_docker_exec(monkeypatch: pytest.MonkeyPatch) -> None:
    containers = {(task(1)["taskArn"], "web"): "0123abcd"}
    monkeypatch.setattr("local.task_containers.container_of", lambda arn, name: containers.get((arn, name)))

    arguments = docker_exec(target(Aws(**tasks(task(1)))), ["ls", "-l"])

    assert arguments[:2] == ["docker", "exec"]
    assert arguments[-3:] == ["0123abcd", "ls", "-l"]
    with pytest.raises(AutomationError, match="has no container on this machine"):
        docker_exec(target(Aws(**tasks(task(2)))), ["ls"])


def test_any_container_can_be_entered_except_those_that_aws_adds() -> None:
    names = ["web", "proxy", "ecs-service-connect-Ab1", "aws-guardduty-agent-Cd2"]
    running = task(1, enableExecuteCommand=True, containers=[{"name": name} for name in names])
    aws = Aws(**tasks(running))

    arguments = on_aws(aws, container="proxy")

    assert arguments[arguments.index("--container") + 1] == "proxy"
    with pytest.raises(AutomationError, match="no container 'ecs-service-connect-Ab1': there are web, proxy"):
        on_aws(aws, container="ecs-service-connect-Ab1")


def test_task_option_selects_the_task() -> None:
    older, newer = task(1, age=90, enableExecuteCommand=True), task(2, age=10, enableExecuteCommand=True)
    by_id = {"describe_tasks": lambda request: {"tasks": [older] if request["tasks"] == ["1" * 32] else []}}

    arguments = on_aws(Aws(**{**tasks(older, newer), **by_id}), task="1" * 32)

    assert arguments[arguments.index("--task") + 1] == older["taskArn"]
    with pytest.raises(AutomationError, match=f"no task {'2' * 32} runs in dev"):
        on_aws(Aws(**{**tasks(older), **by_id}), task="2" * 32)


def test_a_scheduled_task_is_entered_if_the_service_has_none() -> None:
    """A service that only has schedules has no tasks."""
    scheduled = task(3, enableExecuteCommand=True)

    def list_tasks(request: dict[str, Any]) -> dict[str, Any]:
        return {"taskArns": [scheduled["taskArn"]] if request.get("family") == "web" else []}

    arguments = on_aws(Aws(**{**tasks(scheduled), "list_tasks": list_tasks}))

    assert arguments[arguments.index("--task") + 1] == scheduled["taskArn"]


def test_run_on_terminal_returns_the_programs_exit_code() -> None:
    assert run_on_terminal([sys.executable, "-c", "raise SystemExit(7)"], {}) == 7


def test_without_a_command_a_shell_runs_and_its_failure_is_exit_code_1(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entered: list[tuple[str, object]] = []

    def fails(target: Target, command: object) -> list[str]:
        entered.append((target.service.name, command))
        return [sys.executable, "-c", "raise SystemExit(7)"]

    monkeypatch.setattr(shell, "docker_exec", fails)

    result = CliRunner().invoke(
        shell.execute,
        ["dev", "--service", "web-alice"],
        obj=FakeStacks(Aws(**tasks(task(1, containers=[{"name": "web-alice"}]))), is_local=True),
        standalone_mode=False,
    )

    assert entered == [("web-alice", ("/bin/sh",))]
    assert result.return_value == 1
