"""What a run stands on goes away under it: the emulator, Docker, a port."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local import ports
from local.docker import connect
from tests.integration import inventory
from tests.integration.project import DOMAIN, Project

pytestmark = pytest.mark.docker

NOTHING = (Counter[str](), Counter[str]())


def test_a_killed_update_with_containers_runs_each_task_once_and_down_leaves_nothing(
    project: Project,
) -> None:
    project.configure(multidev=["alice"])

    run = project.run_with("driver", 16, "up", "dev")

    assert run.code == 0, run.text
    assert run.kills >= 2
    assert inventory.orphans(project.endpoint, project.folder) == NOTHING
    assert [project.get(f"{name}{DOMAIN}").status for name in ("", "alice.")] == [200, 200]
    assert len(containers(project)) == 2

    project.done("down")

    assert (containers(project), images(project)) == ([], [])
    assert not (project.folder / ".local").exists()
    processes = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(project.folder) not in processes


def containers(project: Project) -> list[str]:
    """Return the names of the containers that the emulator started."""
    client = connect()
    try:
        return [
            str(one.name)
            for one in client.containers.list(all=True, ignore_removed=True)
            if str(one.attrs["Config"]["Image"]).startswith(f"localhost:{project.emulator_port}/")
        ]
    finally:
        client.close()


def images(project: Project) -> list[str]:
    """Return the tags of the images that the stack built."""
    client = connect()
    try:
        tags = [tag for image in client.images.list() for tag in image.tags]
        return [tag for tag in tags if tag.startswith(f"localhost:{project.emulator_port}/")]
    finally:
        client.close()


def test_an_emulator_that_dies_during_an_update_is_named_and_the_next_up_starts_over(
    project: Project,
) -> None:
    project.write_without_tasks("dev")

    run = project.run_with("emulator", 15, "up", "dev")
    status = project.run("status", "dev")
    again = project.up()

    assert run.code == 1
    assert "the emulator does not answer; start it again with `make up`" in run.text
    assert "the emulator does not run" in status.err
    for each in (run, status):
        assert "Traceback" not in each.text
    assert "The emulator was restarted and is empty. The earlier state of dev is in" in again.err
    assert again.changed >= {"Vpc network", "Service web"}
    assert inventory.orphans(project.endpoint, project.folder) == NOTHING


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


def test_docker_stopping_during_an_update_is_named_and_the_next_up_continues(project: Project) -> None:
    project.configure(multidev=[])
    with way_to_docker(project):
        run = project.run_with("docker", 5, "up", "dev")
        refused = project.run("up", "dev")
        kept = project.run("down")

    for each in (run, refused, kept):
        assert each.code == 1
        assert f"no Docker daemon answers at DOCKER_HOST=unix://{project.folder}/docker.sock" in each.text
        assert "Traceback" not in each.text
    assert project.state_file().exists()

    with way_to_docker(project):
        project.up()

        assert project.get(DOMAIN).status == 200
        assert inventory.orphans(project.endpoint, project.folder) == NOTHING
        project.done("down")


@pytest.mark.parametrize(
    ("what", "variable"), [("emulator", "EMULATOR_PORT"), ("front door", "FRONT_DOOR_PORT")]
)
def test_a_configured_port_in_use_is_named_in_one_sentence(
    project: Project, what: str, variable: str
) -> None:
    project.write_without_tasks("dev")
    with socket.create_server((ports.LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        project.environment[variable] = str(port)
        run = project.run("up", "dev")

    assert run.code == 1
    assert run.err == (
        f"error: port {port} for the {what} is in use: stop what listens there, or change {variable}\n"
    )
