"""Releases that go well and releases that do not, with real containers: what `up` says, and who is served."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException

import pytest

from local.resources.cloud import Cloud
from tests.integration.project import DOMAIN, Project, Run

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("dev")]

ENDS_AT_ONCE = "console.log('no database'); process.exit(3);\n"
MIGRATION = {"command": ["node", "migrate.js"], "timeout-minutes": 2}
MIGRATE = "console.log('table is gone'); process.exit(Number(process.argv[2] ?? 7));\n"


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


def version_of(project: Project) -> str:
    answer = project.get(DOMAIN)
    assert answer.status == 200, answer.text
    return answer.json["version"]


def says_why(run: Run) -> None:
    """Assert that a failed update shows the tasks' exit codes and last log lines."""
    assert run.code == 1, run.text
    assert re.search(r"task \w+: Essential container exited; web exited with code 3", run.err)
    assert "| no database" in run.err
    assert "Traceback" not in run.err
    assert run.out == "", "no address"


def test_a_crashing_version_fails_every_update_with_its_reason_until_it_is_fixed(dev: Project) -> None:
    """Of the second `up` only ECS knows that it has something to do: the state has the version that failed."""
    before = version_of(dev)
    dev.write_app("server.js", ENDS_AT_ONCE)

    with Client(dev).asking() as answers:
        first = dev.try_up()
        second = dev.try_up()
    still = version_of(dev)
    dev.change_app("after a rollback")
    dev.up()

    for run in (first, second):
        says_why(run)
        assert "web does not run what this update asked for:" in run.err
        assert re.search(r"Rolled back to \S+web:\d+\.", run.err)
    assert set(answers) == {before}, answers
    assert still == before
    assert version_of(dev) != before


def test_a_version_is_deployed_only_after_its_migration_succeeded_once(dev: Project) -> None:
    before = version_of(dev)
    dev.write_app("migrate.js", MIGRATE)
    dev.configure(multidev=[], migration=MIGRATION)

    with Client(dev).asking() as answers:
        failed = dev.try_up()
    still = version_of(dev)
    another = {**MIGRATION, "command": ["node", "migrate.js", "0"]}
    dev.configure(multidev=[], migration=another)
    good = dev.up()
    dev.configure(multidev=[], migration=another, desired_count=2)
    scaled = dev.up()

    assert failed.code == 1, failed.text
    assert "web was not changed: its migration `node migrate.js` failed: " in failed.err
    assert "web exited with code 7" in failed.err
    assert "| table is gone" in failed.err
    assert "Service web" not in failed.changed
    assert set(answers) == {before}, answers
    assert still == before
    assert "its migration `node migrate.js 0` succeeded" in good.err
    assert version_of(dev) != before
    assert "Service web" in scaled.changed
    assert "its migration" not in scaled.err


@pytest.fixture
def first(dev: Project) -> Iterator[Project]:
    """Dev's project with another stack, which is not there yet."""
    dev.configure("first", like="dev", domain="first.example.com", multidev=[])
    yield dev
    dev.done("down", "first")


def test_a_failed_first_deployment_fails_every_update_until_redeployed(first: Project) -> None:
    """Nothing of what the program asks for has changed, but what a secret holds."""
    ssm = Cloud(first.endpoint).client("ssm")
    ssm.put_parameter(Name="/first/token", Value="bad", Type="String")
    arn = "arn:aws:ssm:us-east-1:000000000000:parameter/first/token"
    first.configure("first", like="dev", domain="first.example.com", multidev=[], secrets={"TOKEN": arn})
    server = (first.folder / "app" / "server.js").read_text()
    first.write_app("server.js", f"if (process.env.TOKEN !== 'good') {{ {ENDS_AT_ONCE} }}\n{server}")

    says_why(first.try_up("first"))
    says_why(first.try_up("first"))
    ssm.put_parameter(Name="/first/token", Value="good", Overwrite=True)
    first.done("redeploy", "first")

    assert first.get("first.example.com").status == 200
    assert first.up("first").changed == set()


def test_a_failed_first_migration_creates_no_service(first: Project) -> None:
    first.configure("first", like="dev", domain="first.example.com", multidev=[], migration=MIGRATION)
    first.write_app("migrate.js", "process.exit(1);\n")

    failed = first.try_up("first")
    first.write_app("migrate.js", "process.exit(0);\n")
    first.up("first")

    assert failed.code == 1, failed.text
    assert "Service web" not in failed.changed
    assert "web was not changed: its migration `node migrate.js` failed: " in failed.err
    assert first.get("first.example.com").status == 200
