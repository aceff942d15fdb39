"""dev, staging and prod on one machine, and one image on its way through them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

import pytest

from local.docker import connect
from tests.integration import inventory
from tests.integration.project import Project, taken_down

pytestmark = pytest.mark.docker

HOSTS = {"dev": "dev.example.com", "staging": "staging.example.com", "prod": "www.example.com"}
SCALED = {"enabled": True, "min-count": 2, "max-count": 12}
TASKS = {"dev": 1, "staging": 1, "prod": 2}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The three stacks with fewer tasks, in one repository, from which staging and prod promote."""
    project = Project.copy_to(tmp_path_factory.mktemp("project"))
    project.configure("dev", multidev=[], repository="apps/web")
    project.configure("staging", repository="apps/web", image_from="dev", desired_count=1)
    project.configure(
        "prod", repository="apps/web", image_from="staging", desired_count=2, autoscaling=SCALED
    )
    with taken_down(project):
        for stack in HOSTS:
            project.up(stack)
        yield project
    assert not (project.folder / ".local").exists()


def digests(project: Project, stack: str) -> Counter[str]:
    """What the stack's containers run, as Docker tells."""
    client = connect()
    try:
        containers = client.containers.list()
        environments = [dict(v.partition("=")[::2] for v in c.attrs["Config"]["Env"]) for c in containers]
        prefix = f"localhost:{project.emulator_port}/apps/web@"
        return Counter(
            container.attrs["Config"]["Image"].removeprefix(prefix)
            for container, environment in zip(containers, environments, strict=True)
            if container.attrs["Config"]["Image"].startswith(prefix) and environment["ENVIRONMENT"] == stack
        )
    finally:
        client.close()


def outputs(project: Project, stack: str) -> dict[str, str]:
    resources = json.loads(project.state_file(stack).read_text())["checkpoint"]["latest"]["resources"]
    return next(item["outputs"] for item in resources if item["type"] == "pulumi:pulumi:Stack")


def test_each_stack_answers_at_its_own_host(project: Project) -> None:
    told = {stack: project.get(host).json["environment"] for stack, host in HOSTS.items()}

    assert told == {stack: stack for stack in HOSTS}


@pytest.mark.parametrize("output", ["cluster_arn", "load_balancer_arn", "log_group_name", "vpc_id"])
def test_no_stack_shares_what_is_its_own(project: Project, output: str) -> None:
    assert len({outputs(project, stack)[output] for stack in HOSTS}) == len(HOSTS)


def test_what_was_promoted_is_what_runs(project: Project) -> None:
    """By the digests of the containers, not by what any state says."""
    built = outputs(project, "dev")["image"].rpartition("@")[2]

    assert {stack: digests(project, stack) for stack in HOSTS} == {
        stack: Counter({built: tasks}) for stack, tasks in TASKS.items()
    }


def test_a_stack_that_goes_takes_nothing_of_the_others(project: Project) -> None:
    before = inventory.emulated(project.endpoint)

    down = project.run("down", "staging")

    assert down.code == 0, down.text
    assert "Still there: dev, prod." in down.text
    assert project.get(HOSTS["staging"]).status == 404
    assert [project.get(HOSTS[stack]).status for stack in ("dev", "prod")] == [200, 200]
    project.up("staging")
    again = inventory.emulated(project.endpoint)
    kept_for_a_rollback = {"aws:ecs/taskDefinition:TaskDefinition": 1}
    assert (again - before, before - again) == (Counter(kept_for_a_rollback), Counter())


def test_a_change_waits_until_it_is_promoted(project: Project) -> None:
    page = project.folder / "app" / "src" / "page.css"
    page.write_text(page.read_text() + "/* another shade */\n")
    (before,) = digests(project, "dev")

    project.up("dev")
    project.up("staging")

    new = outputs(project, "dev")["image"].rpartition("@")[2]
    assert new != before
    assert digests(project, "staging").keys() >= {new}
    assert digests(project, "prod").keys() == {before}
    project.up("prod")
    assert digests(project, "prod").keys() >= {new}


def test_a_protected_stack_goes_with_all_the_rest(project: Project) -> None:
    """Taken down by the fixture; here is held that it is protected, so that its going proves something."""
    resources = json.loads(project.state_file("prod").read_text())["checkpoint"]["latest"]["resources"]

    assert "aws:lb/loadBalancer:LoadBalancer" in {item["type"] for item in resources if item.get("protect")}
