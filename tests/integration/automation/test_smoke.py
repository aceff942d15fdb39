"""`aws-smoke` on this machine, where it costs nothing: the same steps, with real containers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.automation.driver import Told, drive
from tests.integration.inventory import emulated
from tests.integration.project import Project, taken_down

pytestmark = pytest.mark.docker


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with taken_down(Project.copy_to(tmp_path)) as project:
        yield project


def steps(told: Told) -> list[str]:
    return re.findall(r"(?m)^    (done|failed|interrupted)\b", told.out)


def test_it_goes_through_a_stacks_whole_life_and_leaves_nothing(project: Project) -> None:
    told = drive(project, "aws-smoke")

    assert told.code == 0, told.out + told.err
    assert steps(told) == ["done"] * 7
    assert re.search(r"it failed, said why, and the old version answered \d+ requests", told.out)
    assert "ended with exit code 3" in told.err
    assert not (project.folder / "Pulumi.smoke.yaml").exists()
    assert left_in(project) == Counter()


def test_a_stack_that_does_not_come_up_is_destroyed_all_the_same(project: Project) -> None:
    project.configure(command=["node", "-e", "process.exit(4)"])

    told = drive(project, "aws-smoke")

    assert told.code == 1
    assert steps(told) == ["done", "failed", "done", "done"]
    assert "ended with exit code 4" in told.err
    assert left_in(project) == Counter()


def left_in(project: Project) -> Counter[str]:
    return +emulated(project.endpoint)
