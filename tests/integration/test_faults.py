"""What people and machines do to a run, and what the next one makes of it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local import ports
from local.lock import locked
from tests.integration import inventory
from tests.integration.project import Project, taken_down

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """One emulator for all tests that leave it running; each has a stack of its own."""
    project = Project.copy_to(tmp_path_factory.mktemp("project"))
    with taken_down(project):
        yield project


@pytest.fixture(scope="module")
def standing(shared: Project) -> Project:
    """The same, with a stack `standing` in it, which no test may change."""
    shared.write_without_tasks("standing")
    shared.up("standing")
    return shared


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A project for a test that needs one to itself."""
    with taken_down(Project.copy_to(tmp_path)) as project:
        yield project


def pid_of(project: Project, process: str) -> int:
    return int(json.loads((project.folder / ".local" / f"{process}.json").read_text())["pid"])


@pytest.mark.parametrize(("accident", "every", "stack"), [("runner", 7, "dev"), ("unrecorded", 9, "staging")])
def test_an_up_that_is_killed_again_and_again_makes_everything_once(
    shared: Project, accident: str, every: int, stack: str
) -> None:
    shared.write_without_tasks(stack)

    run = shared.run_with(accident, every, "up", stack)

    assert run.code == 0, run.text
    assert run.kills >= 4
    assert inventory.orphans(shared.endpoint, shared.folder) == (Counter(), Counter())
    assert shared.up(stack).changed == set()


def test_a_down_that_is_killed_again_and_again_leaves_nothing(standing: Project) -> None:
    before = inventory.emulated(standing.endpoint)
    standing.write_without_tasks("going")
    standing.up("going")

    run = standing.run_with("unrecorded", 9, "down", "going")

    assert run.code == 0, run.text
    assert run.kills >= 4
    assert inventory.emulated(standing.endpoint) - before == Counter({inventory.KEPT_FOR_A_ROLLBACK: 1})
    assert not standing.state_file("going").exists()


def test_an_up_with_containers_that_is_killed_runs_each_task_once(project: Project) -> None:
    project.configure(multidev=["alice"])

    run = project.run_with("runner", 16, "up")

    assert run.code == 0, run.text
    assert run.kills >= 3
    assert inventory.orphans(project.endpoint, project.folder) == (Counter(), Counter())
    assert [project.get(f"{name}dev.example.com").status for name in ("", "alice.")] == [200, 200]
    assert containers(project) == 2


def containers(project: Project) -> int:
    mine = f"ancestor=localhost:{project.emulator_port}/"
    lines = subprocess.run(
        ["docker", "ps", "--format", "{{.Image}}"], capture_output=True, text=True, check=True
    )
    return sum(line.startswith(mine.partition("=")[2]) for line in lines.stdout.splitlines())


def test_an_emulator_that_dies_in_the_middle_is_told_and_replaced(project: Project) -> None:
    project.write_without_tasks("dev")

    run = project.run_with("emulator", 15, "up")

    assert run.code == 1
    assert "the emulator does not answer; start it again with `make up`" in run.text
    assert "Traceback" not in run.text

    assert "emulator    does not run" in project.run("status").text

    preview = project.run("preview")
    again = project.up()

    assert "the state of the one before is set aside" in preview.text
    assert (preview.code, again.changed & {"Vpc network", "Service web"}) == (
        0,
        {"Vpc network", "Service web"},
    )
    assert inventory.orphans(project.endpoint, project.folder) == (Counter(), Counter())


@contextmanager
def way_to_docker(project: Project) -> Iterator[subprocess.Popen[str]]:
    """A socket that leads to Docker for as long as the process lives."""
    path = project.folder / "docker.sock"
    script = str(Path(__file__).with_name("docker_proxy.py"))
    proxy = subprocess.Popen([sys.executable, script, str(path)], stdout=subprocess.PIPE, text=True)
    assert proxy.stdout is not None
    try:
        assert proxy.stdout.readline() == "ready\n"
        project.environment |= {"DOCKER_HOST": f"unix://{path}", "DOCKER_PROXY": str(proxy.pid)}
        yield proxy
    finally:
        proxy.kill()
        proxy.wait()
        proxy.stdout.close()
        project.environment.clear()


def test_docker_that_stops_in_the_middle_is_told_and_the_next_up_goes_on(project: Project) -> None:
    project.configure(multidev=[])
    with way_to_docker(project):
        run = project.run_with("docker", 5, "up")
        refused = project.run("up")
        kept = project.run("down")

    for each in (run, refused, kept):
        assert each.code == 1
        assert f"no Docker daemon answers at DOCKER_HOST=unix://{project.folder}/docker.sock" in each.text
        assert "Traceback" not in each.text
    assert project.state_file().exists()

    with way_to_docker(project):
        project.up()

        assert project.get("dev.example.com").status == 200
        assert inventory.orphans(project.endpoint, project.folder) == (Counter(), Counter())
        assert project.run("down").code == 0


@pytest.mark.parametrize("command", [("up",), ("preview",), ("down",)])
def test_a_second_run_is_refused_and_told_of_the_first(shared: Project, command: tuple[str, ...]) -> None:
    with locked(shared.folder / ".local", "up staging"):
        run = shared.run(*command)

    assert run.code == 1
    assert run.text.startswith(f"error: another run is under way (`up staging`, process {os.getpid()})")


def cut_off(text: str) -> str:
    return text[: len(text) // 2]


def rubbish(_: str) -> str:
    return '{"version": 3, "checkpoint": {"latest": {"resources": ["\N{PILE OF POO}"]}}}'


@pytest.mark.parametrize("spoil", [cut_off, rubbish])
def test_a_spoilt_state_is_refused_and_the_way_out_leads_out(
    standing: Project, spoil: Callable[[str], str]
) -> None:
    state = standing.state_file("standing")
    copy = state.with_suffix(".json.bak")
    state.write_text(spoil(state.read_text()))
    try:
        refused = [standing.run(command, "standing") for command in ("up", "preview", "status")]
    finally:
        shutil.copy(copy, state)

    for run in refused:
        assert run.code == 1
        assert f"`cp {copy} {state}`" in run.text
        assert "Traceback" not in run.text
    assert standing.up("standing").changed == set()


def test_down_of_one_stack_among_others_needs_its_state(standing: Project) -> None:
    state = standing.state_file("spoilt")
    state.write_text("")
    try:
        run = standing.run("down", "spoilt")
    finally:
        state.unlink()

    assert run.code == 1
    assert "let `make down` take everything away" in run.text


def test_a_full_disk_stops_the_run_and_the_next_one_finds_what_it_made(standing: Project) -> None:
    standing.write_without_tasks("full")

    runs = [standing.run_with("disk", most, "up", "full") for most in (20_000, 10)]

    for run in runs:
        assert run.code == 1
        assert "written" in run.text
        assert "Traceback" not in run.text
    again = standing.up("full")
    assert "set aside" not in again.text
    assert inventory.orphans(standing.endpoint, standing.folder) == (Counter(), Counter())


@pytest.mark.parametrize(
    ("what", "variable"), [("emulator", "EMULATOR_PORT"), ("front door", "FRONT_DOOR_PORT")]
)
def test_a_fixed_port_that_is_taken_is_told_in_one_sentence(
    project: Project, what: str, variable: str
) -> None:
    project.write_without_tasks("dev")
    with socket.create_server((ports.LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        project.environment[variable] = str(port)
        run = project.run("up")

    assert run.code == 1
    assert run.text == (
        f"error: port {port} for the {what} is taken: stop what listens there or change {variable}\n"
    )
