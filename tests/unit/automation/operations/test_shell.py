"""A command in a task: what is called for it, and what is missing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from automation.errors import AutomationError
from automation.operations.shell import Invocation, by_ecs_exec, in_container
from tests.unit.automation.operations.places import place
from tests.unit.infra.rollout.aws import Answer, Aws, task

SESSION = boto3.Session(
    aws_access_key_id="id",
    aws_secret_access_key="key",
    aws_session_token="token",
    region_name="eu-central-1",
)


def cloud(*described: dict[str, Any]) -> Aws:
    tasks: dict[str, Answer] = {
        "list_tasks": {"taskArns": [one["taskArn"] for one in described]},
        "describe_tasks": {"tasks": list(described)},
    }
    return Aws(**tasks)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing on it but what a test puts there."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def install(path: Path, *names: str) -> None:
    for name in names:
        (path / name).write_text("#!/bin/sh\n")
        (path / name).chmod(0o755)


def on_aws(aws: Aws) -> Invocation:
    return by_ecs_exec(place(aws), "web", ["sh", "-c", "ls | wc"], SESSION, "eu-central-1")


def test_the_aws_cli_is_told_task_container_and_command(path: Path) -> None:
    install(path, "aws", "session-manager-plugin")
    older, newer = task(1, age=90, enableExecuteCommand=True), task(2, age=10, enableExecuteCommand=True)

    invocation = on_aws(cloud(older, newer))

    arguments = list(invocation.arguments)
    assert arguments[:3] == ["aws", "ecs", "execute-command"]
    assert arguments[arguments.index("--task") + 1] == newer["taskArn"]
    assert arguments[arguments.index("--container") + 1] == "web"
    assert arguments[arguments.index("--command") + 1] == "sh -c 'ls | wc'"


def test_the_aws_cli_is_who_the_settings_say_whatever_the_shell_says(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(path, "aws", "session-manager-plugin")
    aws = cloud(task(1, enableExecuteCommand=True))
    aws.get("ecs")  # made before: boto3 would look for the profile
    monkeypatch.setenv("AWS_PROFILE", "another")

    environment = on_aws(aws).environment

    assert "AWS_PROFILE" not in environment
    assert environment["AWS_ACCESS_KEY_ID"] == "id"
    assert environment["AWS_SESSION_TOKEN"] == "token"
    assert environment["AWS_REGION"] == "eu-central-1"


def test_what_is_not_installed_is_named(path: Path) -> None:
    install(path, "aws")

    with pytest.raises(AutomationError, match=r"session-manager-plugin is not on PATH: install .*https://"):
        on_aws(cloud(task(1, enableExecuteCommand=True)))


def test_a_task_without_ecs_exec_says_how_to_switch_it_on(path: Path) -> None:
    install(path, "aws", "session-manager-plugin")

    with pytest.raises(AutomationError, match=r"set `execute-command: true` in Pulumi\.dev\.yaml"):
        on_aws(cloud(task(1)))


def test_without_a_task_there_is_nothing_to_enter(path: Path) -> None:
    install(path, "aws", "session-manager-plugin")

    with pytest.raises(AutomationError, match="no task of web runs"):
        on_aws(cloud())


def test_on_this_machine_the_container_is_entered(path: Path) -> None:
    install(path, "docker")
    asked: list[tuple[str, str]] = []

    def find(arn: str, name: str) -> str:
        asked.append((arn, name))
        return "0123abcd"

    invocation = in_container(place(cloud(task(1))), "web", ["ls", "-l"], find)

    assert asked == [(task(1)["taskArn"], "web")]
    assert [*invocation.arguments][:2] == ["docker", "exec"]
    assert [*invocation.arguments][-3:] == ["0123abcd", "ls", "-l"]


def test_a_container_that_is_gone_is_told(path: Path) -> None:
    install(path, "docker")

    with pytest.raises(AutomationError, match="has no container on this machine"):
        in_container(place(cloud(task(1))), "web", ["ls"], lambda _arn, _name: None)


def test_it_ends_with_the_code_of_what_it_called() -> None:
    assert Invocation([sys.executable, "-c", "raise SystemExit(7)"], {}).run() == 7
