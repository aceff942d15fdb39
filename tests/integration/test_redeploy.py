"""A version that ECS has rolled back, whose cause is removed outside of the stack: what deploys it, and what not."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from local.resources.cloud import Cloud
from tests.integration.project import DOMAIN, Project

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("dev")]

PARAMETER = "/redeploy/ready"
COMMAND = (
    "if (process.env.READY === 'yes') import('/app/server.js');"
    "else { console.error('Error: READY is ' + process.env.READY); process.exit(3) }"
)


def say_ready(project: Project, value: str) -> None:
    ssm = Cloud(project.endpoint).client("ssm")
    ssm.put_parameter(Name=PARAMETER, Value=value, Type="String", Overwrite=True)


@pytest.fixture
def rolled_back(dev: Project) -> Iterator[Project]:
    """Dev, whose new version does not start because of a parameter that is not part of the stack."""
    say_ready(dev, "no")
    dev.configure(
        multidev=[],
        secrets={"READY": f"arn:aws:ssm:us-east-1:000000000000:parameter{PARAMETER}"},
        command=["node", "-e", COMMAND],
    )
    assert dev.try_up().code == 1
    yield dev
    Cloud(dev.endpoint).client("ssm").delete_parameter(Name=PARAMETER)


def test_redeploy_deploys_the_version_that_failed_and_reports_the_earlier_reason(
    rolled_back: Project,
) -> None:
    in_vain = rolled_back.run("redeploy", "dev")

    assert (in_vain.code, in_vain.out) == (1, "")
    assert "web: ECS rolled it back" in in_vain.err
    assert "| Error: READY is no" in in_vain.err

    say_ready(rolled_back, "yes")
    done = rolled_back.done("redeploy", "dev", "--service", "web")

    asked_for = rolled_back.resource("aws:ecs/taskDefinition:TaskDefinition", "web")["outputs"]["arn"]
    assert done.out == f"web runs {asked_for.rpartition('/')[2]} (1/1 task)\n"
    assert rolled_back.get(DOMAIN).status == 200


def as_by_hand(project: Project) -> None:
    """Let the next `up` be as `pulumi up`, which does not know how the one before has ended."""
    (project.folder / ".local" / "notes" / "dev.failed").unlink()


def test_up_fails_after_a_rollback_until_it_refreshes(rolled_back: Project) -> None:
    """The state says that the service runs the requested version, as with the official provider."""
    say_ready(rolled_back, "yes")
    as_by_hand(rolled_back)

    again = rolled_back.try_up()
    done = rolled_back.done("up", "dev", "--refresh")

    assert again.code == 1
    assert re.search(r"web: ECS runs \S+:\d+ instead of \S+:\d+: it rolled the deployment back", again.err)
    assert "`pulumi up --refresh` tries the same version once more" in again.err
    assert "Service web updated" in done.err
    assert rolled_back.get(DOMAIN).status == 200


def test_a_new_version_after_a_rollback_is_deployed_without_a_refresh(rolled_back: Project) -> None:
    as_by_hand(rolled_back)
    rolled_back.configure(multidev=[])

    run = rolled_back.up()

    assert "Service web" in run.changed
    assert rolled_back.get(DOMAIN).status == 200
