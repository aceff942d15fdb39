"""The project's own commands with the Pulumi CLI: what is left of a run that was broken off, and of a person's."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration import inventory
from tests.integration.project import Project, taken_down

pytestmark = [pytest.mark.docker, pytest.mark.pulumi]

# The first and the last few are made alone; in between many are under way at once.
MADE = 20


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The project, run by the CLI; each test has a stack of its own."""
    project = Project.copy_to(tmp_path_factory.mktemp("project"))
    project.engine = "cli"
    # Nothing of the local run may be written into it.
    home = project.folder / "person"
    (home / ".pulumi").mkdir(parents=True)
    (home / ".pulumi" / "credentials.json").write_text('{"current": "https://api.pulumi.com"}')
    project.environment["HOME"] = str(home)
    with taken_down(project):
        yield project


def begin(project: Project, stack: str) -> subprocess.Popen[str]:
    """Begin an `up`, and return when it has made a good part of the stack."""
    project.write_without_tasks(stack)
    runner = project.start("up", stack)
    assert runner.stdout is not None
    made = 0
    for line in runner.stdout:
        made += " created (" in line
        if made == MADE:
            return runner
    raise AssertionError("it ended before it could be broken off")


def child(pid: int, *words: str) -> int:
    """The child of a process whose command has these words."""
    # Each thread has those that it has started.
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for name in (thread / "children").read_text().split():
            if {*words} <= {*Path("/proc", name, "cmdline").read_text().split("\0")}:
                return int(name)
    raise AssertionError(f"process {pid} has no child {words}")


def cli_of(runner: subprocess.Popen[str]) -> int:
    """The process of the CLI."""
    return child(runner.pid, "--skip-preview")


def holds_together(project: Project, stack: str) -> None:
    """Hold that the next `up` completes the stack, and that nothing was made twice or forgotten."""
    project.up(stack)

    assert inventory.orphans(project.endpoint, project.folder) == (Counter(), Counter())
    assert "created" not in project.up(stack).text


def test_a_cli_that_is_killed_is_told_and_the_next_up_completes_what_it_began(project: Project) -> None:
    runner = begin(project, "killed")
    os.kill(cli_of(runner), signal.SIGKILL)
    text, _ = runner.communicate()

    assert runner.returncode == 1
    assert "the next run goes on from there" in text
    assert "Traceback" not in text
    holds_together(project, "killed")


def test_an_interrupted_run_is_ended_by_the_cli_and_the_next_up_completes_it(project: Project) -> None:
    runner = begin(project, "interrupted")
    os.kill(runner.pid, signal.SIGINT)
    text, _ = runner.communicate()

    assert runner.returncode == 130
    assert "interrupted: what was made is in the state" in text
    holds_together(project, "interrupted")


def test_a_cli_that_outlives_its_runner_keeps_the_next_run_out_until_it_ends(project: Project) -> None:
    runner = begin(project, "outlived")
    plugin = child(cli_of(runner), "local.plugin", "aws")
    os.kill(plugin, signal.SIGSTOP)
    try:
        runner.kill()
        runner.wait()
        refused = project.run("up", "outlived")
    finally:
        os.kill(plugin, signal.SIGCONT)
    # The last of its processes closes the pipe.
    runner.communicate()

    assert refused.code == 1
    assert refused.text.startswith("error: another run is under way (`up outlived`, process ")
    holds_together(project, "outlived")


def test_a_persons_own_files_stay_as_they_are(project: Project) -> None:
    def files() -> dict[str, bytes]:
        places = [*project.folder.glob("Pulumi*.yaml"), *(project.folder / "person").rglob("*")]
        return {str(path): path.read_bytes() for path in places if path.is_file()}

    project.write_without_tasks("own")
    before = files()
    for command in ("up", "preview", "down"):
        run = project.run(command, "own")
        assert run.code == 0, run.text

    assert files() == before
