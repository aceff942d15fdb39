"""Settings that a stack which is there can be given and lose again, without anything being replaced."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.resources.cloud import Cloud
from tests.integration.project import Project, taken_down

pytestmark = pytest.mark.docker

BOUNDARY = "arn:aws:iam::000000000000:policy/boundary"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A stack with two copies of its service."""
    with taken_down(Project.copy_to(tmp_path_factory.mktemp("project"))) as project:
        project.write_without_tasks("dev", multidev=["alice", "bob"])
        project.up()
        yield project


def boundaries(project: Project) -> set[str | None]:
    iam = Cloud(project.endpoint).client("iam")
    roles = [iam.get_role(RoleName=role["RoleName"])["Role"] for role in iam.list_roles()["Roles"]]
    return {
        role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        for role in roles
        if role["RoleName"].startswith("web")
    }


def test_roles_get_the_boundary_in_place_and_lose_it_again(stack: Project) -> None:
    """A new role would be a new task definition, and new tasks for everybody."""
    roles = {
        f"Role {name}-{kind}" for name in ("web", "web-alice", "web-bob") for kind in ("execution", "task")
    }
    stack.write_without_tasks("dev", multidev=["alice", "bob"], permissions_boundary=BOUNDARY)

    given, bound, again = stack.up(), boundaries(stack), stack.up()
    stack.write_without_tasks("dev", multidev=["alice", "bob"])
    taken = stack.up()

    assert (given.changed, again.changed, taken.changed) == (roles, set(), roles)
    assert (bound, boundaries(stack)) == ({BOUNDARY}, {None})


def test_ecs_exec_is_turned_on_and_off_for_one_copy_alone(stack: Project) -> None:
    ecs = Cloud(stack.endpoint).client("ecs")

    def those_with_it() -> list[str]:
        (cluster,) = (arn for arn in ecs.list_clusters()["clusterArns"] if "/cluster-" in arn)
        arns = ecs.list_services(cluster=cluster)["serviceArns"]
        services = ecs.describe_services(cluster=cluster, services=arns)["services"]
        return [service["serviceName"][:8] for service in services if service["enableExecuteCommand"]]

    changed = {"Service web-bob", "TaskDefinition web-bob", "RolePolicy web-bob-task"}
    copies = ["alice", {"name": "bob", "execute-command": True}]
    stack.write_without_tasks("dev", multidev=copies)

    on, with_it, again = stack.up(), those_with_it(), stack.up()
    stack.write_without_tasks("dev", multidev=["alice", "bob"])
    off = stack.up()

    assert (on.changed, again.changed, off.changed) == (changed, set(), changed)
    assert (with_it, those_with_it()) == (["web-bob-"], [])
