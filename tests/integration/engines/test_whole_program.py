"""The program of every stack comes to the same end through both engines, with real containers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.engines.same_state import differences, misplaced, read
from tests.integration.project import Project, Run

pytestmark = [pytest.mark.docker, pytest.mark.pulumi]

STACKS = ("dev", "staging", "prod")


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Project]]:
    """The project twice, each with an emulator of its own that all stacks share."""
    projects = {
        engine: Project.copy_to(tmp_path_factory.mktemp(engine.replace("-", "_")))
        for engine in ("in-process", "cli")
    }
    try:
        yield projects
    finally:
        for project in projects.values():
            project.run("down")


def run(project: Project, engine: str, *arguments: str) -> Run:
    """Run a command by an engine; it has to work."""
    project.engine = engine
    outcome = project.run(*arguments)
    assert outcome.code == 0, outcome.text
    return outcome


def state(project: Project, stack: str) -> dict[str, Any]:
    """The state that either engine keeps."""
    return read(project.state_file(stack))


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_is_the_same_whoever_made_it(projects: dict[str, Project], stack: str) -> None:
    ours, theirs = projects["in-process"], projects["cli"]
    run(ours, "in-process", "up", stack)
    run(theirs, "cli", "up", stack)

    assert differences(state(theirs, stack), state(ours, stack)) == []
    assert misplaced(state(ours, stack)) == []

    # Each finds nothing to do where the other has been, previews that, and takes away what it made.
    for project, engine in ((ours, "cli"), (theirs, "in-process")):
        before = state(project, stack)
        assert "unchanged" in run(project, engine, "preview", stack).text
        assert run(project, engine, "up", stack).changed == set()
        assert differences(before, state(project, stack)) == []
        run(project, engine, "down", stack)
        assert not project.state_file(stack).exists()
