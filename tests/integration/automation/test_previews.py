"""Stacks of pull requests on this machine: attached to dev, beside each other, and gone without a trace."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.integration.automation.driver import Told, drive
from tests.integration.inventory import emulated
from tests.integration.project import DOMAIN, Project, taken_down

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Dev, up, without copies; it is what no test here may change."""
    with taken_down(Project.copy_to(tmp_path_factory.mktemp("project"))) as project:
        project.configure(multidev=[])
        project.up()
        yield project


@pytest.fixture
def base(dev: Project) -> Iterator[Project]:
    """Dev, and no stack of a pull request before and after."""
    yield dev
    well(drive(dev, "previews", "reap", "--open", ""))


def well(told: Told) -> Told:
    assert told.code == 0, told.out + told.err
    return told


def host(number: int) -> str:
    return f"pr-{number}.{DOMAIN}"


def instance(project: Project, name: str) -> str:
    return project.get(name).json["instance"]


def test_two_come_up_beside_dev_and_one_goes(base: Project) -> None:
    before, dev_instance = emulated(base.endpoint), instance(base, DOMAIN)
    well(drive(base, "up", "pr-1"))
    well(drive(base, "up", "pr-2", "--lifetime-hours", "1"))
    assert [base.get(host(number)).json["service"] for number in (1, 2)] == ["web-pr-1", "web-pr-2"]
    second = instance(base, host(2))

    told = well(drive(base, "previews", "reap", "--open", "2"))

    assert told.out == "removed: pr-1\n"
    assert base.get(host(1)).status == 404
    assert instance(base, host(2)) == second, "what stays is not touched"
    assert instance(base, DOMAIN) == dev_instance
    assert not (base.folder / "Pulumi.pr-1.yaml").exists()

    well(drive(base, "destroy", "pr-2"))
    assert emulated(base.endpoint) - before == kept()


def kept() -> Counter[str]:
    """The revisions of both, which ECS keeps."""
    return Counter({"aws:ecs/taskDefinition:TaskDefinition": 2})


def test_they_are_listed_with_address_and_time(base: Project) -> None:
    well(drive(base, "up", "pr-1"))

    (listed,) = json.loads(well(drive(base, "previews", "list", "--json")).out)

    assert (listed["stack"], listed["base"]) == ("pr-1", "dev")
    assert listed["address"] == f"https://{host(1)}"
    assert listed["expires"] > listed["last_update"]


def test_one_that_never_came_up_goes_too(base: Project) -> None:
    # Broken in dev's file alone: dev itself is not brought up with it.
    base.configure(multidev=[], command=["node", "-e", "process.exit(4)"])
    failed = drive(base, "up", "pr-1")
    base.configure(multidev=[])
    (base.folder / "Pulumi.pr-1.yaml").unlink()

    told = well(drive(base, "destroy", "pr-1"))

    assert failed.code == 1
    assert "ended with exit code 4" in failed.err
    assert "removed pr-1" in told.err
    assert well(drive(base, "previews", "list")).out == ""


def test_the_largest_number_at_once_is_refused_before_anything_is_made(base: Project) -> None:
    base.configure(multidev=[], preview_stacks={"maximum": 0})

    told = drive(base, "up", "pr-1")
    base.configure(multidev=[])

    assert told.code == 1
    assert "dev allows 0 stacks of pull requests" in told.err
    assert well(drive(base, "previews", "list")).out == ""


def test_dev_stays_as_long_as_somebody_uses_it(base: Project) -> None:
    well(drive(base, "up", "pr-1"))

    told = drive(base, "destroy", "dev", "--yes")

    assert told.code == 1
    assert "pr-1 use what dev holds" in told.err
    assert base.get(DOMAIN).status == 200


def test_what_is_asked_of_services_is_asked_of_it_too(base: Project) -> None:
    well(drive(base, "up", "pr-1"))

    status = well(drive(base, "status", "pr-1"))
    run = well(drive(base, "run", "pr-1", "--", "node", "-p", "process.env.ENVIRONMENT"))
    logs = well(drive(base, "logs", "pr-1"))

    assert "web-pr-1  1/1 tasks, steady" in status.out
    assert run.out == "pr-1\n"
    assert {line.split()[0] for line in logs.out.splitlines()} == {"web-pr-1"}
