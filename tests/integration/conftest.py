"""What integration tests share: the emulator, the Pulumi CLI and three projects.

The tests of a shared project are one group for pytest-xdist (`pytestmark = pytest.mark.xdist_group(...)`), so that
one worker runs them all and starts the project once. A test finds the project as its fixture says, and leaves the
next one the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from local import pulumi
from local.docker_daemon import DockerDaemon
from local.emulator import Emulator
from tests.conftest import stop_servers
from tests.integration.project import SHIPPED, Project, taken_down


@pytest.fixture(scope="session", autouse=True)
def _docker_goes_on() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction] -- pytest uses it
    """A test that takes its project down would stop the daemon under the next one."""
    with DockerDaemon().kept_running():
        yield


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One MiniStack for the whole session, on a port of its own; names in it must be the test's own."""
    emulator = Emulator.start_or_join(port=0, state_dir=tmp_path_factory.mktemp("emulator"))
    try:
        emulator.wait_until_ready()
        yield emulator
    finally:
        emulator.stop()


@pytest.fixture(scope="session")
def pulumi_cli() -> Path:
    """The Pulumi CLI, which is installed or built where it is missing: no test is skipped for it."""
    return pulumi.ensure(say=print).path


@pytest.fixture(scope="session")
def copy_project(
    pulumi_cli: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Project]]:
    """Copies the project; what runs of it at the end of the session is taken down."""
    del pulumi_cli
    with ExitStack() as stack:

        def copy() -> Project:
            project = stack.enter_context(taken_down(Project.copy_to(tmp_path_factory.mktemp("project"))))
            # Without the emulator `down` has no stacks to delete one by one, but images and files.
            stack.callback(stop_servers, project.folder)
            return project

        yield copy


@pytest.fixture
def project(pulumi_cli: Path, tmp_path: Path) -> Iterator[Project]:
    """A project for a test that needs one to itself: one that kills its emulator, or counts all that is there."""
    del pulumi_cli
    with taken_down(Project.copy_to(tmp_path)) as project:
        yield project


@pytest.fixture(scope="session")
def without_tasks(pulumi_cli: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Shared: an emulator without any containers, in which each test has stacks of its own.

    They go with the emulator: it has made nothing outside of itself.
    """
    del pulumi_cli
    project = Project.copy_to(tmp_path_factory.mktemp("project"))
    try:
        yield project
    finally:
        stop_servers(project.folder)


@pytest.fixture(scope="session")
def shared_dev(copy_project: Callable[[], Project]) -> Project:
    return copy_project()


@pytest.fixture
def dev(shared_dev: Project) -> Project:
    """Shared: the stack dev with one service that answers, whatever the test before has made of it."""
    shared_dev.configure(multidev=[])
    shared_dev.restore_app()
    shared_dev.settle()
    return shared_dev


@pytest.fixture(scope="session")
def shipped(copy_project: Callable[[], Project]) -> Project:
    """Shared: dev, staging and prod as they ship, started at once. No test changes them for good."""
    project = copy_project()
    starting = {stack: project.begin("up", stack) for stack in SHIPPED}
    for stack, process in starting.items():
        _, err = process.communicate(timeout=300)
        assert process.returncode == 0, f"{stack}: {err}"
    return project
