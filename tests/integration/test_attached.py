"""Two pull requests' stacks behind dev's load balancer, with real containers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration import inventory
from tests.integration.project import DOMAIN, Project, taken_down

pytestmark = pytest.mark.docker

PREVIEWS = ("pr-1", "pr-2")


def attach(project: Project, stack: str) -> None:
    """Write what makes a stack one of dev's."""
    project.write(stack, attach_to="dev", domain=DOMAIN, zone="example.com", expires="2026-11-24T12:00:00Z")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Dev without copies, and two stacks that attach to it."""
    project = Project.copy_to(tmp_path_factory.mktemp("project"))
    project.configure("dev", multidev=[])
    for stack in PREVIEWS:
        attach(project, stack)
    with taken_down(project):
        for stack in ("dev", *PREVIEWS):
            project.up(stack)
        yield project
    assert not (project.folder / ".local").exists()


def test_each_answers_at_a_host_of_its_own_below_dev_s(project: Project) -> None:
    told = {stack: project.get(f"{stack}.{DOMAIN}").json for stack in PREVIEWS}

    assert {stack: (one["environment"], one["service"]) for stack, one in told.items()} == {
        stack: (stack, f"web-{stack}") for stack in PREVIEWS
    }
    assert project.get(DOMAIN).json["environment"] == "dev"


@pytest.mark.parametrize("stack", ["dev", *PREVIEWS])
def test_a_second_up_changes_nothing(project: Project, stack: str) -> None:
    assert project.up(stack).changed == set()


def test_one_that_goes_takes_nothing_of_dev_or_of_the_other(project: Project) -> None:
    others = [project.state_file(stack) for stack in ("dev", "pr-2")]
    states = [path.read_text() for path in others]
    instances = [project.get(host).json["instance"] for host in (DOMAIN, f"pr-2.{DOMAIN}")]

    down = project.run("down", "pr-1")

    assert down.code == 0, down.text
    assert project.get(f"pr-1.{DOMAIN}").status == 404
    assert [project.get(host).json["instance"] for host in (DOMAIN, f"pr-2.{DOMAIN}")] == instances
    assert [path.read_text() for path in others] == states
    assert inventory.orphans(project.endpoint, project.folder) == (Counter(), Counter())
    project.up("pr-1")


def test_all_that_goes_at_once_goes_before_what_it_stands_on(tmp_path: Path) -> None:
    """By name dev comes first, and on AWS its cluster could not go while a service is in it."""
    project = Project.copy_to(tmp_path)
    project.write_without_tasks("dev")
    image = f"registry.example.com/app@sha256:{'0' * 64}"
    project.write("pr-1", attach_to="dev", domain=DOMAIN, desired_count=0, image=image)
    project.up("dev")
    project.up("pr-1")

    down = project.run("down")

    assert down.code == 0, down.text
    deleted = re.findall(r"^ - (\S+ \S+) deleted \(", down.text, re.MULTILINE)
    assert deleted.index("aws:ecs:Service web-pr-1") < deleted.index("aws:ecs:Cluster cluster")
    assert not (project.folder / ".local").exists()
