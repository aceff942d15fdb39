"""Releases that go well and releases that do not, with real containers: what `up` says, and who is served."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path

import pytest

from local.provider import values as wire
from local.engine.state import Checkpoint, ResourceState, encode, load
from local.engine.state import write as write_state
from local.home import passphrase
from tests.integration.project import DOMAIN, Project, taken_down

pytestmark = pytest.mark.docker

ENDS_AT_ONCE = "console.log('no database'); process.exit(3);\n"
MIGRATION = {"command": ["node", "migrate.js"], "timeout-minutes": 2}


class Client:
    """Keeps asking for a page, and counts what it gets."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self.answers: Counter[str] = Counter()
        """How often each version answered, and what came instead."""

    def _ask(self) -> None:
        while not self._stop.wait(0.05):
            try:
                answer = self._project.get(DOMAIN)
                self.answers[answer.json["version"] if answer.status == 200 else f"{answer.status}"] += 1
            except (OSError, HTTPException, ValueError) as error:
                self.answers[repr(error)] += 1

    @contextmanager
    def asking(self) -> Iterator[Counter[str]]:
        self._thread.start()
        try:
            yield self.answers
        finally:
            self._stop.set()
            self._thread.join(timeout=30)


def write(project: Project, name: str, text: str) -> None:
    (project.folder / "app" / name).write_text(text)


def version_of(project: Project) -> str:
    answer = project.get(DOMAIN)
    assert answer.status == 200, answer.text
    return answer.json["version"]


def another_good_version(project: Project, mark: str) -> None:
    project.restore_app()
    page = project.folder / "app" / "src" / "page.css"
    page.write_text(f"{page.read_text()}/* {mark} */\n")


def image_of(checkpoint: Checkpoint) -> ResourceState:
    (image,) = (one for one in checkpoint.resources if one.type == "docker-build:index:Image")
    return image


def registry_token(project: Project) -> str:
    image = image_of(load(project.state_file(), "node-on-ecs", "dev", passphrase()))
    return wire.reveal(image.inputs)["registries"][0]["password"]


def set_registry_token(project: Project, token: str) -> None:
    """Put another token into the state, as time does."""
    checkpoint = load(project.state_file(), "node-on-ecs", "dev", passphrase())
    image = image_of(checkpoint)
    for properties in (image.inputs, image.outputs):
        plain = wire.reveal(properties)["registries"]
        properties["registries"] = [{**login, "password": wire.secret(token)} for login in plain]
    write_state(project.state_file(), encode(checkpoint))
    assert registry_token(project) == token


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with taken_down(Project.copy_to(tmp_path_factory.mktemp("project"))) as project:
        project.configure(multidev=[])
        project.up()
        yield project


@pytest.fixture
def stack(running: Project) -> Project:
    """One service that answers, whatever the test before has made of it."""
    running.configure(multidev=[])
    running.restore_app()
    running.up()
    return running


def test_a_good_version_takes_over(stack: Project) -> None:
    before = version_of(stack)
    another_good_version(stack, "takes over")

    with Client(stack).asking() as answers:
        run = stack.up()

    assert version_of(stack) != before
    assert answers[before] > 0
    assert "1 tasks run the new version" in run.text


def test_a_version_that_ends_at_once_fails_with_its_reason_while_the_old_one_serves(stack: Project) -> None:
    before = version_of(stack)
    write(stack, "server.js", ENDS_AT_ONCE)

    with Client(stack).asking() as answers:
        run = stack.run("up", "dev")

    assert run.code == 1, run.text
    assert "web: ECS went back to the version before: " in run.text
    assert re.search(r"stopped: task \w+: Essential container exited; web ended with exit code 3", run.text)
    assert "| no database" in run.text
    assert set(answers) == {before}, answers
    assert version_of(stack) == before


def test_after_a_rollback_the_same_fails_again_and_a_good_version_goes_through(stack: Project) -> None:
    """Of the second `up` only ECS knows that it has something to do: the program is the same."""
    before = version_of(stack)
    write(stack, "server.js", ENDS_AT_ONCE)
    stack.run("up", "dev")

    again = stack.run("up", "dev")
    another_good_version(stack, "after a rollback")
    stack.up()

    assert again.code == 1, again.text
    assert again.changed == {"Service web"}
    assert "web: ECS went back to the version before: " in again.text
    assert version_of(stack) != before


def test_a_migration_holds_its_version_back_until_it_has_succeeded_once(stack: Project) -> None:
    before = version_of(stack)
    write(stack, "migrate.js", "console.log('table is gone'); process.exit(Number(process.argv[2] ?? 7));\n")
    stack.configure(multidev=[], migration=MIGRATION)

    with Client(stack).asking() as answers:
        failed = stack.run("up", "dev")

    assert failed.code == 1, failed.text
    assert "web was not changed: its migration `node migrate.js` failed: " in failed.text
    assert "exit code 7" in failed.text
    assert "| table is gone" in failed.text
    assert "Service web" not in failed.changed
    assert set(answers) == {before}, answers
    assert version_of(stack) == before

    another = {**MIGRATION, "command": ["node", "migrate.js", "0"]}
    stack.configure(multidev=[], migration=another)
    good = stack.up()
    stack.configure(multidev=[], migration=another, desired_count=2)
    scaled = stack.up()

    assert "its migration `node migrate.js 0` succeeded" in good.text
    assert version_of(stack) != before
    assert "Service web" in scaled.changed
    assert "migration" not in scaled.text


def test_a_registry_token_that_has_expired_is_no_obstacle(stack: Project) -> None:
    """The program brings a fresh one, which is no change; the emulator itself takes any."""
    set_registry_token(stack, "expired")

    run = stack.up()

    assert run.changed == set()
    assert registry_token(stack) not in ("", "expired")


def test_a_first_deployment_with_a_broken_image_fails_again_and_again_until_a_good_one(
    tmp_path: Path,
) -> None:
    project = Project.copy_to(tmp_path)
    project.configure(multidev=[])
    write(project, "server.js", ENDS_AT_ONCE)
    try:
        first, second = project.run("up", "dev"), project.run("up", "dev")
        project.restore_app()
        third = project.run("up", "dev")

        for run in (first, second):
            assert run.code == 1, run.text
            assert "web: its tasks keep restarting: " in run.text
            assert "| no database" in run.text
            assert "answers at" not in run.text
        assert second.changed == set(), "the service is as it was asked for, and fails nevertheless"
        assert third.code == 0, third.text
        assert project.get(DOMAIN).status == 200
    finally:
        project.run("down")


def test_a_first_deployment_whose_migration_fails_makes_no_service(tmp_path: Path) -> None:
    project = Project.copy_to(tmp_path)
    project.configure(multidev=[], migration=MIGRATION)
    write(project, "migrate.js", "process.exit(1);\n")
    try:
        first = project.run("up", "dev")
        write(project, "migrate.js", "process.exit(0);\n")
        second = project.run("up", "dev")

        assert first.code == 1, first.text
        assert "Service web" not in first.changed
        assert "web was not changed: its migration `node migrate.js` failed: " in first.text
        assert second.code == 0, second.text
        assert project.get(DOMAIN).status == 200
    finally:
        project.run("down")
