"""One image on its way from stack to stack, by the digests of the containers and not by what any state says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.docker import connect
from tests.integration.project import DOMAIN, Project

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("dev")]

REPOSITORY = "apps/web"


@pytest.fixture
def project(dev: Project) -> Iterator[Project]:
    """Dev and a staging that runs what dev runs, in one repository, which is made when it is looked up."""
    dev.configure(multidev=[], repository=REPOSITORY)
    dev.up()
    dev.configure("staging", repository=REPOSITORY, image_from="dev", desired_count=1)
    dev.up("staging")
    yield dev
    dev.done("down", "staging")


def digests(project: Project, stack: str) -> set[str]:
    """Return what the stack's containers run, as Docker tells."""
    prefix = f"localhost:{project.emulator_port}/{REPOSITORY}@"
    client = connect()
    try:
        configurations = [
            container.attrs["Config"] for container in client.containers.list(ignore_removed=True)
        ]
    finally:
        client.close()
    return {
        configuration["Image"].removeprefix(prefix)
        for configuration in configurations
        if configuration["Image"].startswith(prefix) and f"ENVIRONMENT={stack}" in configuration["Env"]
    }


def test_promotion_deploys_the_tested_image_to_the_next_stack(project: Project) -> None:
    built = project.outputs()["image"].rpartition("@")[2]
    assert (digests(project, "dev"), digests(project, "staging")) == ({built}, {built})
    project.change_app("another shade")

    project.up()

    new = project.outputs()["image"].rpartition("@")[2]
    assert new != built
    assert new in digests(project, "dev")
    assert digests(project, "staging") == {built}
    project.up("staging")
    assert new in digests(project, "staging")
    assert [project.get(host).status for host in (DOMAIN, "staging.example.com")] == [200, 200]
