"""What a person asks of services that run, of real containers and by the commands that one types."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.resources.cloud import Cloud
from tests.integration.automation.driver import begin, drive
from tests.integration.project import DOMAIN, Project, taken_down

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Dev with one copy; no test here changes it."""
    with taken_down(Project.copy_to(tmp_path_factory.mktemp("project"))) as project:
        project.configure(multidev=["alice"])
        project.up()
        yield project


def test_the_status_tells_tasks_version_and_address_of_each_service(stack: Project) -> None:
    told = drive(stack, "status", "dev")

    assert (told.code, told.err) == (0, "")
    assert "web        1/1 tasks, steady since " in told.out
    assert f"https://alice.{DOMAIN}" in told.out
    assert told.out.count("image sha256:") == 2


def test_the_status_is_there_for_programs_too(stack: Project) -> None:
    services = json.loads(drive(stack, "status", "dev", "--json").out)

    assert {name: one["steady"] for name, one in services.items()} == {"web": True, "web-alice": True}
    assert services["web"]["digest"] == services["web-alice"]["digest"]


def test_the_log_is_that_of_all_services_or_of_one(stack: Project) -> None:
    for host in (DOMAIN, f"alice.{DOMAIN}"):
        stack.get(host, "/?who")

    everything = drive(stack, "logs", "dev")
    one = drive(stack, "logs", "dev", "--service", "web", "--json")

    assert {line.split()[0] for line in everything.out.splitlines()} == {"web", "web-alice"}
    documents = [json.loads(line) for line in one.out.splitlines()]
    assert {document["service"] for document in documents} == {"web"}
    assert {"listening", "request"} <= {document["message"]["msg"] for document in documents}


def test_who_follows_the_log_sees_what_comes_and_ends_it_with_ctrl_c(stack: Project) -> None:
    process = begin(stack, "logs", "dev", "--since", "1s", "--follow")
    assert process.stdout is not None

    stack.get(DOMAIN, "/seen-by-who-follows")
    for line in process.stdout:
        if "seen-by-who-follows" in line:
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "Traceback" not in err


@pytest.mark.parametrize(("code", "ends_with"), [(0, 0), (3, 1)])
def test_a_command_runs_once_with_its_lines_and_its_exit_code(
    stack: Project, code: int, ends_with: int
) -> None:
    script = f"console.log(process.env.SERVICE_NAME, 'at work'); process.exit({code})"

    told = drive(stack, "run", "dev", "--service", "web-alice", "--", "node", "-e", script)

    assert told.code == ends_with, told.err
    assert told.out == "web-alice at work\n"
    assert (f"ended with exit code {code}" in told.err) is (code != 0)


def test_ctrl_c_stops_the_task_of_a_command(stack: Project) -> None:
    script = "console.log('began'); setInterval(() => {}, 1000)"
    process = begin(stack, "run", "dev", "--", "node", "-e", script)
    assert process.stdout is not None

    assert process.stdout.readline() == "began\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "stops the task" in err
    assert running_by(stack, "run/") == 0


def running_by(stack: Project, prefix: str) -> int:
    """How many tasks run that were started under a name."""
    ecs = Cloud(stack.endpoint).client("ecs")
    (cluster,) = ecs.list_clusters()["clusterArns"]
    arns = ecs.list_tasks(cluster=cluster, desiredStatus="RUNNING")["taskArns"]
    tasks = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"]
    return sum(task.get("startedBy", "").startswith(prefix) for task in tasks)


def test_a_command_runs_in_the_container_of_the_service(stack: Project) -> None:
    told = drive(
        stack, "exec", "dev", "--service", "web-alice", "--", "node", "-p", "process.env.SERVICE_NAME"
    )

    assert (told.code, told.out, told.err) == (0, "web-alice\n", "")


def test_a_command_that_fails_there_fails_here(stack: Project) -> None:
    assert drive(stack, "exec", "dev", "--", "node", "-e", "process.exit(5)").code == 1


@pytest.mark.parametrize("command", ["status", "logs"])
def test_a_stack_that_is_not_up_says_what_to_do(stack: Project, command: str) -> None:
    told = drive(stack, command, "staging")

    assert told.code == 1
    assert "`python -m automation up staging`" in told.err
    assert "Traceback" not in told.err


def test_without_an_emulator_it_says_so(tmp_path: Path) -> None:
    told = drive(Project.copy_to(tmp_path), "status", "dev")

    assert told.code == 1
    assert "`make up` starts it" in told.err
