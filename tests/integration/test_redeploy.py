"""`redeploy`: a version that ECS has rolled back is deployed once its cause is removed outside of the stack."""

from __future__ import annotations

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


def test_it_deploys_the_version_of_the_last_update_and_says_why_it_could_not_before(
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
