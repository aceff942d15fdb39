"""Stacks of pull requests: attached to dev, beside each other, and deleted without a trace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.integration import inventory
from tests.integration.project import DOMAIN, Project

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("dev")]


@pytest.fixture
def base(dev: Project) -> Iterator[Project]:
    """Dev, and no stack of a pull request before and after."""
    yield dev
    dev.done("previews", "clean-up", "--open", "")


def host(number: int) -> str:
    return f"pr-{number}.{DOMAIN}"


def instance(project: Project, name: str) -> str:
    return project.get(name).json["instance"]


def test_two_previews_run_beside_dev_and_one_is_deleted_without_affecting_the_rest(base: Project) -> None:
    before, of_dev = inventory.emulated(base.endpoint), instance(base, DOMAIN)
    base.done("up", "pr-1")
    base.done("up", "pr-2", "--lifetime-hours", "1")
    answers = [base.get(host(number)).json for number in (1, 2)]
    of_second, states = instance(base, host(2)), [base.state_file(s).read_text() for s in ("dev", "pr-2")]

    listed = base.done("previews", "list", "--json").json
    removed = base.done("previews", "clean-up", "--open", "2")

    assert [(one["environment"], one["service"]) for one in answers] == [
        ("pr-1", "web-pr-1"),
        ("pr-2", "web-pr-2"),
    ]
    assert [(one["stack"], one["base"], one["address"]) for one in listed] == [
        (f"pr-{number}", "dev", f"http://{host(number)}.localhost:{base.front_door_port}")
        for number in (1, 2)
    ]
    assert listed[0]["expires"] > listed[0]["last_update"]
    assert removed.out == "removed: pr-1\n"
    assert base.get(host(1)).status == 404
    assert (instance(base, host(2)), instance(base, DOMAIN)) == (of_second, of_dev)
    assert [base.state_file(stack).read_text() for stack in ("dev", "pr-2")] == states
    assert not (base.folder / "Pulumi.pr-1.yaml").exists()

    base.done("destroy", "pr-2")

    kept = Counter({inventory.KEPT_FOR_A_ROLLBACK: 2})
    assert inventory.emulated(base.endpoint) - before == kept


def test_commands_work_on_previews_and_leave_their_base_unchanged(base: Project) -> None:
    base.done("up", "pr-1")

    status = base.done("status", "pr-1")
    command = base.done("run", "pr-1", "--", "node", "-p", "process.env.ENVIRONMENT")
    logs = base.done("logs", "pr-1")
    again = base.try_up("pr-1")
    refused = base.run("destroy", "dev", "--yes")

    assert "web-pr-1  1/1 task, steady" in status.out
    assert command.out == "pr-1\n"
    assert {line.split()[0] for line in logs.out.splitlines()} == {"web-pr-1"}
    assert (again.code, again.changed) == (0, set()), again.text
    assert refused.code == 1
    assert "pr-1" in refused.err
    assert base.get(DOMAIN).status == 200


def test_a_preview_that_failed_to_deploy_can_be_deleted(base: Project) -> None:
    # Broken in dev's file alone: dev itself is not brought up with it.
    base.configure(multidev=[], command=["node", "-e", "process.exit(4)"])
    failed = base.run("up", "pr-1")
    base.configure(multidev=[])
    (base.folder / "Pulumi.pr-1.yaml").unlink()

    removed = base.done("destroy", "pr-1")

    assert failed.code == 1
    assert "exited with code 4" in failed.err
    assert "removed pr-1" in removed.err
    assert base.done("previews", "list", "--json").json == []


def test_a_preview_over_the_limit_is_refused_before_anything_is_created(base: Project) -> None:
    base.configure(multidev=[], preview_stacks={"maximum": 0})

    refused = base.run("up", "pr-1")
    base.configure(multidev=[])

    assert refused.code == 1
    assert "dev allows 0 stacks of pull requests" in refused.err
    assert base.done("previews", "list", "--json").json == []
